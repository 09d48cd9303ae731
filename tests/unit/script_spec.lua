-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Scripts of one's own: where they are found, what their return means, and what holds for all they start.
local fake_machine = require "tests.fakes.machine"
local files = require "moonflash.engine.model_files"
local flash = require "moonflash"
local job = require "moonflash.engine.job"
local lfs = require "lfs"
local modems = require "tests.fakes.modems"
local packages = require "tests.images.packages"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local bundled = files.folders

local function write(path, text)
  assert(sys.write_file(path, text))
  return path
end

local function run(text, request)
  request = request or {}
  request.path = write(support.folder() .. "/my.lua", text)
  return flash.run_script(request)
end

local function heard(events)
  return function(event) events[#events + 1] = ("%s: %s"):format(event.event, event.message) end
end

describe("a script's name", function()
  after_each(function()
    files.folders = bundled
    support.finish()
  end)

  local function etc(texts)
    local folder = support.folder()
    assert(sys.make_folder(folder .. "/models"))
    for name, text in pairs(texts) do write(folder .. "/" .. name, text) end
    files.folders = { folder, bundled[2] }
    return folder
  end

  it("is looked for in /etc before the bundled ones, with or without .lua", function()
    assert.equal("/etc/moonflash/scripts", bundled[1])
    local folder = etc { ["mine.lua"] = "return" }
    for _, name in ipairs { "mine", "mine.lua", "MINE" } do
      assert.equal(folder .. "/mine.lua", files.find(name))
    end
    for _, path in ipairs { "./mine.lua", "../mine", "/mine", "no/such/folder.lua" } do
      assert.equal(path, files.find(path))
    end
    assert.truthy(files.find("examples/inventory"):find "scripts/examples/inventory%.lua$")
    assert.equal("script.not_found", support.code_of(files.find "yours"))
  end)

  it("may be that of a link", function()
    local folder = support.folder()
    write(folder .. "/far.lua", "return nil, 'far'")
    assert(sys.symlink(folder .. "/far.lua", folder .. "/near.lua"))
    local here = lfs.currentdir()
    assert(lfs.chdir(folder))
    local ran = flash.run_script { path = "near.lua" }
    assert(lfs.chdir(here))
    assert.equal("far", ran.failure.message)
  end)

  it("runs the script there", function()
    etc { ["mine.lua"] = "error 'seen'" }
    local result = flash.run_script { path = "mine" }
    assert.equal(10, result.exit)
    assert.truthy(result.failure.message:find("seen", 1, true))
    assert.equal("script.not_found", flash.run_script { path = "yours" }.failure.code)
  end)

  it("of a bundled one means that one within a script that takes its place", function()
    local patient = [[local flash = require "moonflash"
      return flash.change(flash.try(flash.script "mc7455"), "confirm", { retry = RETRY })]]
    local folder = etc { ["models/mc7455.lua"] = patient:gsub("RETRY", "60") }
    local function retries(one) return flash.try(one)[#one].retry end
    assert.equal(60, retries(flash.script "mc7455"))
    assert.equal(60, retries(flash.script(folder .. "/models/./mc7455.lua")))
    local models = flash.try(flash.models())
    assert.equal(4, #models)
    assert.same({ "MC7455", 60 }, { models[1].name, retries(models[1]) })
    write(folder .. "/mine.lua", 'return require("moonflash").script "mine"')
    assert.equal("script.not_found", support.code_of(flash.script "mine"))
    assert.equal("script.invalid", support.code_of(flash.script(write(folder .. "/own.lua",
      ("return require('moonflash').script(%q)"):format(folder .. "/own.lua")))))
  end)

  it("that does not load is left out with a warning, but no update begins without it", function()
    local folder = etc { ["models/mc7455.lua"] = "return = flash.model",
      ["models/mine.lua"] = "flash.model()" }
    local events = {}
    local models, broken = flash.models(heard(events))
    assert.equal(4, #models)
    assert.equal("script.invalid", broken.code)
    assert.equal(2, #events)
    assert.truthy(events[1]:find("warning: " .. folder .. "/models/mc7455.lua:1: ", 1, true), events[1])
    assert.truthy(events[1]:find("; it is left out", 1, true), events[1])
    local root = support.folder()
    assert.same({}, flash.devices { root = root, emit = heard(events) })
    assert.equal("device.none", flash.recover({ root = root, emit = heard(events) }).failure.code)
    assert.equal(2, #events) -- no warning is repeated
    local images = { packages.write(packages.package { size = 60000 }, folder) }
    for _, name in ipairs { "update", "plan" } do
      local result = flash[name] { files = images, root = root }
      assert.equal(10, result.exit)
      assert.truthy(result.failure.message:find(folder .. "/models/mc7455.lua:1: ", 1, true))
    end
    assert.equal("device.none", flash.recover({ files = images, root = root }).failure.code)
  end)

  it("of a model is that of a script which sees no modem while it is loaded", function()
    etc { ["models/mine.lua"] = [[local found, none = require("moonflash").devices()
      error(#found == 0 and require("moonflash.base.run").current().root or none, 0)]] }
    local _, broken = flash.models()
    assert.matches("/dev/null$", broken.message)
  end)

  it("comes before the bundled ones in the list of models", function()
    local renamed = [[local flash = require "moonflash"
      return flash.rename(flash.try(flash.script "mc7455"), { name = "NAME" })]]
    etc { ["models/mc7455.lua"] = renamed:gsub("NAME", "Instead"),
      ["models/zz.lua"] = renamed:gsub("NAME", "Mine") }
    local names = {}
    for index, each in ipairs(assert(flash.models())) do names[index] = each.name end
    assert.same({ "Instead", "Mine", "EM7305", "EM7565", "MC7354" }, names)
  end)
end)

describe("what a script returns", function()
  after_each(support.finish)

  it("is its result: one of its own, a failure, or nothing", function()
    local own = run "return { ok = true, exit = 2 }"
    assert.same({ ok = true, exit = 2 }, own)
    local refused = run [[local flash = require "moonflash"
      return nil, flash.failure.new("script.refused", "not today")]]
    assert.equal(3, refused.exit)
    assert.equal("not today", refused.failure.message)
    assert.equal(0, run("return").exit)
    assert.equal(10, run("return nil + 1").exit)
    assert.equal(10, run("return return").exit)
  end)

  it("may be a text behind nil, which says why not", function()
    local refused = run 'return nil, "the battery is low"'
    assert.equal("script.refused", refused.failure.code)
    assert.equal("the battery is low", refused.failure.message)
    assert.equal(3, run('local flash = require "moonflash" flash.try(io.open "/nowhere/x")').exit)
    assert.equal(0, run("return true").exit)
  end)

  it("is no number, no word, no list of steps", function()
    for _, text in ipairs { "return 42", "return 'done'", "return false",
      'return { (require "moonflash").steps.confirm {} }', "return { usb = {}, family = 'F' }" } do
      local result = run(text)
      assert.equal(10, result.exit, text)
      assert.truthy(result.failure.message:find("my.lua returned ", 1, true))
    end
  end)

  it("says in which script something was wrong", function()
    local result = run [[local flash = require "moonflash"
      local made = flash.remove(flash.script "mc7455", "nothing")
      return made]]
    assert.equal("script.raised", result.failure.code)
    assert.truthy(result.failure.message:find "/my%.lua:2: MC7455 has no step \"nothing\"")
    assert.truthy(run("error 'oh'").failure.message:find "/my%.lua:1: oh$")
    local none = run [[local flash = require "moonflash"
      return flash.remove(flash.script "nokia", "nothing")]]
    assert.truthy(none.failure.message:find("no script of that name", 1, true))
  end)

  it("ends early with the failure that flash.try raises", function()
    local result = run([[local flash = require "moonflash"
      flash.try(flash.open())]], { root = support.folder() })
    assert.equal("device.none", result.failure.code)
    assert.equal(5, result.exit)
  end)
end)

describe("a modem that a job uses", function()
  after_each(support.finish)

  it("is the script's own until it says job:finalize()", function()
    local lock, device, root = require "moonflash.host.lock", { place = "1-1" }, support.folder()
    local held = assert(lock.take(root, device))
    local again, problem = lock.take(root, device)
    assert.is_nil(again)
    assert.equal("device.busy", problem.code)
    assert.truthy(flash.failure.hint(problem):find("job:finalize()", 1, true))
    held:release()
    assert(lock.take(root, device)):release()
  end)

  it("may be asked by the script that works with it, and is let go when that ends", function()
    local root = support.folder()
    local function work() return job.new { root = root, device = { place = "1-1" } } end
    local one, other = work(), work()
    assert.is_true(one:lock())
    local held, problem = other:lock()
    assert.equal("device.busy", support.code_of(held, problem))
    assert.is_true(other:lock(true))
    one:finalize()
    assert.is_true(other:lock())
    other:finalize()
  end)

  -- A program that holds the lock of 1-1 for a while.
  local function other_program(root, to_ask, ms)
    local other = support.start(support.lua([[
      local root, to_ask, ms = ...
      local held = assert(require("moonflash.host.lock").take(root, { place = "1-1" }, to_ask == "true"))
      print "held" io.stdout:flush()
      require("moonflash.core.sys").sleep_ms(tonumber(ms))]], root, tostring(to_ask), tostring(ms)))
    assert.equal("held", other:line(10000))
    return other
  end

  local function busy(root, to_ask)
    local held, problem = require("moonflash.host.lock").take(root, { place = "1-1" }, to_ask)
    assert.equal("device.busy", support.code_of(held, problem))
    return problem
  end

  it("is another program's otherwise", function()
    local root = support.folder()
    local other = other_program(root, false, 60000)
    for _, to_ask in ipairs { false, true } do
      assert.truthy(flash.failure.hint(busy(root, to_ask)):find("wait until", 1, true))
    end
    other:stop()
  end)

  it("is waited for when the other one only asks it something", function()
    local root = support.folder()
    other_program(root, true, 300)
    assert(require("moonflash.host.lock").take(root, { place = "1-1" })):release()
  end)

  -- Takes the lock while somebody asks who is done after so many ms of a clock that only sleeping moves.
  local function take_from_slow(ms)
    local lock, root, device, now = require "moonflash.host.lock", support.folder(), { place = "1-1" }, 0
    local held, clock, sleep = assert(lock.take(root, device, true)), sys.clock_ms, sys.sleep_ms
    sys.clock_ms = function() return now end
    sys.sleep_ms = function(for_ms)
      now = now + for_ms
      if now > ms then held:release() end
      return true
    end
    local taken, problem = lock.take(root, device)
    sys.clock_ms, sys.sleep_ms = clock, sleep
    held:release()
    if taken then taken:release() end
    return problem
  end

  it("is waited for as long as a slow modem may take to answer, not for ever", function()
    assert.is_nil(take_from_slow(15000))
    local problem = take_from_slow(60000)
    assert.equal("device.busy", problem.code)
    assert.is_true(problem.final)
  end)

  it("goes on after a signal that was acknowledged", function()
    local root = support.folder()
    assert.equal("device.none", flash.recover({ root = root }).failure.code)
    local function interrupted()
      return job.new { root = root, device = {} }:interrupted()
    end
    assert.is_false(interrupted())
    assert(sys.kill(sys.process_id(), "TERM"))
    assert.is_true(interrupted())
    sys.clear_interrupt()
    assert.is_false(interrupted())
  end)

  it("is waited for until a signal comes", function()
    local root = support.folder()
    other_program(root, true, 60000)
    assert(sys.kill(sys.process_id(), "TERM"))
    local held, problem = job.new { root = root, device = { place = "1-1" } }:lock(true)
    local other, same = require("moonflash.host.lock").take(root, { place = "1-1" })
    sys.clear_interrupt()
    assert.equal("sys.interrupted", support.code_of(held, problem))
    assert.equal("sys.interrupted", support.code_of(other, same))
  end)
end)

describe("flash.try", function()
  it("hands on values, false too, and raises failures", function()
    assert.same({ 1, 2, 3 }, { flash.try(1, 2, 3) })
    assert.is_false(flash.try(false))
    assert.is_nil((flash.try(nil)))
    local problem = flash.failure.new("port.timeout", "late")
    local ok, raised = pcall(flash.try, nil, problem)
    assert.is_false(ok)
    assert.equal(problem, raised)
  end)

  it("takes a text, as of io.open, for a failure", function()
    local _, raised = pcall(flash.try, nil, "x: No such file or directory", 2)
    assert.equal("script.refused", raised.code)
    assert.equal(raised, flash.failure.meant(raised))
    assert.is_nil(flash.failure.meant(2))
  end)
end)

describe("the defaults of a run", function()
  after_each(support.finish)

  it("reach the script's own words through flash.log", function()
    local events = {}
    run([[local flash = require "moonflash"
      flash.log.say("%s!", "hello")
      flash.log.note("%.0f", 4294967295)
      flash.log.warn "careful" ]], { emit = heard(events) })
    assert.same({ "say: hello!", "note: 4294967295", "warning: careful" }, events)
    flash.log.say "to nobody"
  end)
end)

describe("parts that scripts use", function()
  it("versions: out of a revision, out of a preference list", function()
    assert.equal("02.08.02.00", flash.versions.of_revision "SWI9X30C_02.08.02.00 r8209 CARMD")
    assert.is_nil(flash.versions.of_revision(nil))
    assert.same({ firmware = "02.08.02.00", carrier = "ATT", config = "002.009_001" },
      flash.versions.of_preference { { type = "modem", build_id = "02.08.02.00_?", unique_id = "?_?" },
        { type = "pri", build_id = "02.08.02.00_ATT", unique_id = "002.009_001" } })
  end)

  it("at: what is a command", function()
    assert.is_true(flash.at.is_command "AT!RESET")
    assert.is_false(flash.at.is_command "AT\rATZ")
    assert.is_false(flash.at.is_command "!RESET")
  end)

  it("device: all that may be meant", function()
    local two = { { place = "1-1", interfaces = {}, ids = {} }, { place = "1-2", interfaces = {}, ids = {} } }
    assert.equal(2, #flash.device.matching(two))
    assert.same({ two[2] }, flash.device.matching(two, { place = "1-2" }))
  end)

  it("job: the words of its command line", function()
    assert.same({ "--root=/r", "update", "--", "a.cwe" },
      require("moonflash.base.request").words { command = "update", files = { "a.cwe" }, root = "/r" })
  end)

  it("job: looks for its modem where it stands now", function()
    local asked, work = nil, job.new { device = { place = "1-1" }, options = { timeout_scale = 2 } }
    assert.error_matches(function() work:wait_for_device({ download = true }, 1) end, "after job:follow")
    work.follower = { arm = function() end, wait = function(_, options)
      asked = options
      return { place = "1-2" }
    end }
    assert.equal("1-2", work:relocate().place)
    assert.equal("1-2", work.device.place)
    assert.is_false(asked.gone)
    assert.equal(120000, asked.within_ms)
    assert.is_nil(work:check_interrupt())
    local closed = 0
    work.loader = { close = function() closed = closed + 1 end }
    work:close_download()
    work:close_download()
    assert.equal(1, closed)
  end)

  it("job: names the driver that has gone, not a path", function()
    local machine = fake_machine.new(modems.copy(modems.waiting, { place = "1-1.4", peer = false }))
    local work, folder = machine:job { timeout_scale = 0.01 }, machine.root .. "/sys/bus/usb/devices/1-1.4:1.0/"
    work:settle()
    local interface = assert(sys.real_path(folder))
    assert(sys.remove(interface .. "/driver"))
    assert(sys.remove_tree(interface .. "/ttyUSB4"))
    assert(sys.remove(machine.root .. "/dev/ttyUSB4"))
    assert.is_true(flash.device.has_lost_port(work.device))
    local opened, problem = work:download()
    assert.equal("device.not_seen", support.code_of(opened, problem))
    assert.truthy(problem.evidence:find("driver missing: qcserial", 1, true), tostring(problem))
    work:finalize()
    machine:remove()
  end)
end)

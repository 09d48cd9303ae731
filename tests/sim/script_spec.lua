-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Scripts of one's own on a simulated modem: what they return, and what is put back when they fail.
local stage = require "tests.sim.stage"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local function write(text)
  local path = support.folder() .. "/my.lua"
  assert(sys.write_file(path, 'local flash = require "moonflash"\n' .. text))
  return path
end

local function run(modem, text, ...)
  return stage.moonflash(modem, "run", write(text), ...)
end

local function code_of(ran)
  return ran.result.failure and ran.result.failure.code
end

describe("a script that returns a function", function()
  after_each(support.finish)

  it("fails when the result that the function returns has", function()
    local modem = stage.modem "mc7455"
    local busy = run(modem, 'return function() return flash.switch { pair = "GENERIC" } end')
    assert.equal(3, busy.status, busy.stderr)
    assert.equal("device.busy", code_of(busy))
    local seen = run(modem, "return function() return flash.status() end")
    assert.equal(0, seen.status, seen.stderr)
    local nonsense = run(modem, "return function() return nil, {} end")
    assert.equal(10, nonsense.status, nonsense.stderr)
    assert.equal("script.invalid", code_of(nonsense))
    assert.truthy(nonsense.result.failure.message:find "my.lua:2 returned a value of type table$")
    for _, text in ipairs { "job:at():command(5)", "job:request('x')", "job:defer()", "x = nil + 1" } do
      local wrong = run(modem, "return function(job)\n" .. text .. "\nend")
      assert.equal(10, wrong.status, wrong.stderr)
      local where = "my.lua:3: "
      assert.truthy(wrong.result.failure.message:find(where, 1, true), wrong.stderr)
    end
  end)

  it("has changed nothing when it refuses a modem that waits for an image", function()
    local modem = stage.modem("mc7455", { faults = { "start=download" } })
    local refused = run(modem, 'return function(job) return nil, "it is in " .. job.device.mode end')
    assert.equal(3, refused.status, refused.stderr)
    assert.equal("it is in download", refused.result.failure.message)
  end)
end)

describe("a script that sends images itself", function()
  after_each(support.finish)

  local SEND = [[
    local image = flash.try(flash.try(flash.image.inspect(file)):open())
    flash.try(loader:send(image))
    loader:reset()
    return nil, "that was it"]]

  local scripts = {
    ["a function"] = "return function(job, file)\nlocal loader = flash.try(job:download())\n" .. SEND
      .. "\nend",
    ["straight lines"] = "local file = ...\nlocal job = flash.try(flash.open())\n"
      .. "local loader = flash.try(flash.download.open(job.device.nodes.qdl))\n" .. SEND,
    ["straight lines without a job"] = "local file = ...\nlocal device = flash.try(flash.devices())[1]\n"
      .. "local loader = flash.try(flash.download.open(device.nodes.qdl))\n" .. SEND,
  }

  for words, text in pairs(scripts) do
    it("tells by its exit status what it left: " .. words, function()
      local image = stage.images("mc7455")[1]
      local torn = stage.modem("mc7455", { faults = { "start=download", "error=qdl.write#1" } })
      local ran = run(torn, text, image)
      assert.equal(7, ran.status, ran.stderr)
      local whole = stage.modem("mc7455", { faults = { "start=download" } })
      ran = run(whole, text, image)
      assert.equal(words == "a function" and 8 or 3, ran.status, ran.stderr) -- of others the job knows no reset
      assert.equal("that was it", ran.result.failure.message)
    end)
  end

  it("has undone what it says when no image was opened", function()
    local faults = { "start=download" }
    for number = 2, 9 do faults[#faults + 1] = "silence=qdl.hello#" .. number end
    local silent = stage.modem("mc7455", { faults = faults })
    local ran = stage.moonflash(silent, "--timeout-scale", "0.05", "run", write [[
      return function(job, file)
        job:undo("what I changed", function() return true end)
        local loader = flash.try(job:download())
        flash.try(loader:send(flash.try(flash.try(flash.image.inspect(file)):open())))
      end]], stage.images("mc7455")[1])
    assert.equal(6, ran.status, ran.stderr)
    assert.truthy(ran.stderr:find("what I changed", 1, true))
  end)

  it("tells what the last update left that it ran, if that failed", function()
    local files = stage.images "mc7455"
    local UPDATE = "flash.update { files = { ... }, options = { timeout_scale = 0.05 } }\n"
      .. "return nil, 'enough'"
    local torn = stage.modem("mc7455", { faults = { "start=download", "error=qdl.write#*" } })
    local ran = run(torn, UPDATE, files[1], files[2])
    assert.equal(7, ran.status, ran.stderr)
    assert.equal("enough", ran.result.failure.message)
    local good = stage.modem("mc7455", { faults = { "start=download" } })
    ran = run(good, UPDATE, files[1], files[2])
    assert.equal(3, ran.status, ran.stderr)
  end)

  it("may lead the modem there by the steps of models", function()
    local modem = stage.modem "mc7455"
    local files = stage.images "mc7455"
    local ran = run(modem, [[
      local job = flash.try(flash.open())
      job.set = flash.image.set { flash.try(flash.image.inspect(...)) }
      return flash.engine.run(job, { flash.steps.enter_download {
        mode = "application",
        routes = { flash.routes.preference, flash.routes.impref, flash.routes.boothold },
      } })]], files[1])
    assert.equal(0, ran.status, ran.stderr)
  end)

  local opens = {
    ["its job opens"] = "flash.try(job:download())",
    ["it opens itself"] = "job:close_download() or flash.try(flash.download.open(job.device.nodes.qdl))",
  }

  for words, open in pairs(opens) do
    it("may do so in a step, through a port that " .. words .. ", which leaves a torn image alone", function()
      local modem = stage.modem("mc7455", { faults = { "error=qdl.write#1" } })
      local files = stage.images "mc7455"
      local ran = run(modem, [[
        local mc7455 = flash.try(flash.script "mc7455")
        return flash.change(mc7455, "send images", { retry = 0, run = function(job)
          local loader = ]] .. open .. "\n" .. [[
          for _, image in ipairs(job.set.images) do flash.try(loader:send(flash.try(image:open()))) end
          return true
        end })]], files[1], files[2])
      assert.equal(7, ran.status, ran.stderr)
      assert.falsy(ran.stderr:find("leave download mode", 1, true))
    end)
  end

  it("may fail with a result of another process, whose failure has no code", function()
    local modem = stage.modem "mc7455"
    local trace = support.folder() .. "/own.trace"
    local script = write 'return { ok = false, exit = 5, failure = { message = "no" } }'
    assert.equal(5, stage.moonflash(modem, "--trace", trace, "run", script).status)
    local again = support.run { support.program, "replay", trace, script }
    assert.equal(0, again.status, again.stderr)
  end)
end)

describe("what a script says is to be undone", function()
  after_each(support.finish)

  local CHANGE = [[
    flash.try(job:request(flash.dms.set_operating_mode, { mode = "low_power" }))
    job:undo("back online", function()
      return job:request(flash.dms.set_operating_mode, { mode = "online" })
    end)
  ]]

  local function power(modem)
    return stage.moonflash(modem, "status").lines[1].power.mode
  end

  local kinds = {
    ["in a function"] = { "return function(job) " .. CHANGE, " end" },
    ["in straight lines"] = { "local job = flash.try(flash.open())" .. CHANGE, "" },
  }
  for words, text in pairs(kinds) do
    it(words .. " is undone when it fails, not when it ends well", function()
      local modem = stage.modem "mc7455"
      local failed = run(modem, text[1] .. ' do return nil, "not today" end' .. text[2])
      assert.equal(6, failed.status, failed.stderr)
      assert.equal("online", power(modem))
      local raised = run(modem, text[1] .. " error 'no'" .. text[2])
      assert.equal(10, raised.status, raised.stderr)
      assert.equal("online", power(modem))
      assert.equal(0, run(modem, text[1] .. text[2]).status)
      assert.equal("low_power", power(modem))
    end)
  end

  it("is named by the failure when it could not be undone", function()
    local modem = stage.modem "mc7455"
    for _, undo in ipairs { "error 'oops'", "return nil, 'no'" } do
      local failed = run(modem, ("return function(job) job:undo('back', function() %s end) "
        .. "return nil, 'not today' end"):format(undo))
      assert.equal(6, failed.status, failed.stderr)
      assert.equal("not today", failed.result.failure.message)
      assert.equal("not undone: back", failed.result.failure.evidence)
    end
  end)

  it("is undone when the script returns a result that is none of success", function()
    local modem = stage.modem "mc7455"
    local failed = run(modem, kinds["in straight lines"][1]
      .. 'job:close_qmi() return flash.plan { files = { "/nowhere/x.cwe" } }')
    assert.equal(4, failed.status, failed.stderr)
    assert.equal("online", power(modem))
  end)
end)

describe("a port of a job", function()
  after_each(support.finish)

  it("is another one after a restart", function()
    local modem = stage.modem "mc7455"
    local ran = run(modem, [[return function(job)
      local session = flash.try(job:at())
      flash.try(session:command "AT")
      job:follow()
      session:command("AT!RESET", 1000)
      job:close_qmi()
      flash.try(job:wait_for_device({ application = true }, 60000))
      local answer, problem = session:command "AT"
      if answer or problem.code ~= "at.closed" then return nil, "the old one is not closed" end
      flash.try(flash.try(job:at()):command "AT")
    end]])
    assert.equal(0, ran.status, ran.stderr)
  end)
end)

describe("a script that makes a model", function()
  after_each(support.finish)

  it("may ask before, and a hole in its steps is a failure before anything is done", function()
    local files = stage.images "mc7455"
    local modem = stage.modem "mc7455"
    local holey = run(modem, [[local mc7455 = flash.try(flash.script "mc7455")
      mc7455[3] = nil
      return mc7455]], files[1], files[2])
    assert.equal(10, holey.status, holey.stderr)
    assert.equal("MC7455: step 3 is no step: it needs a name and a run function",
      holey.result.failure.message)
    local ran = run(modem, [[if not flash.status().ok then return nil, "no modem" end
      return flash.try(flash.script "mc7455")]], files[1], files[2])
    assert.equal(0, ran.status, ran.stderr)
  end)

  it("may give it any name, when it names the ids of the modem and is of its family", function()
    local modem, images = stage.modem "mc7455", stage.images "mc7455"
    local own = [[return flash.model { name = "MC7430-own", family = FAMILY, product = "9X30",
      usb = { application = { "1199:9071" }, download = { "1199:9070" } }, flash.update_steps {} }]]
    local ran = run(modem, own:gsub("FAMILY", '"SWI9X15C"'), unpack(images))
    assert.equal(3, ran.status, ran.stderr)
    assert.equal("device.unknown_model", code_of(ran))
    ran = run(modem, own:gsub("FAMILY", '"SWI9X30C"'), unpack(images))
    assert.equal(0, ran.status, ran.stderr)
    ran = run(modem, 'return flash.rename(flash.script "mc7455", { name = "MC7455-own" })', unpack(images))
    assert.equal(2, ran.status, ran.stderr)
    ran = run(modem, 'return flash.rename(flash.script "mc7354", { name = "MC7455-own" })', unpack(images))
    assert.equal(3, ran.status, ran.stderr)
  end)

  it("of steps that stand one by one is as safe as that of flash.update_steps", function()
    local modem = stage.modem("mc7455", { faults = { "skips-download" } })
    local ran = stage.moonflash(modem, "--timeout-scale", "0.05", "run", write [[
      local step = flash.steps
      return flash.model { name = "MC7455", family = "SWI9X30C", product = "9X30",
        usb = { application = { "1199:9071" }, download = { "1199:9070" } },
        step.read_versions { mode = "application" }, step.set_preference { mode = "application" },
        step.enter_download { mode = "application" }, step.send_images {}, step.leave_download {},
        step.wait {}, step.confirm {} }]], unpack(stage.images "mc7455"))
    assert.equal(6, ran.status, ran.stderr)
    assert.is_nil(ran.result.failure.evidence:find("not undone", 1, true))
    assert.same(stage.old.mc7455, stage.last(modem, "preference").preferred)
  end)

  it("and returns half of it, or no model, is a failure", function()
    local modem = stage.modem "mc7455"
    local images = stage.images "mc7455"
    for _, text in ipairs {
      'return flash.insert_before(flash.script "mc7455", "send images", nil)',
      'return flash.model { name = "MC7455", family = "F", product = "P", usb = { application = {}, '
        .. 'download = {} } }',
      'return { name = "MC7455", family = "F", product = "P", usb = {} }',
    } do
      local ran = run(modem, text, unpack(images))
      assert.equal(10, ran.status, ran.stderr)
      assert.truthy(ran.result.failure.message:find("my.lua", 1, true))
    end
    assert.same({}, stage.log(modem, "image"))
  end)
end)

-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- flash.job: moonflash as a child of a program that has a poll loop of its own.
local flash = require "moonflash"
local stage = require "tests.sim.stage"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local PATIENCE_MS = 240000 * support.slowness

local jobs

local function images()
  return stage.images("mc7455", { size = 1500000 })
end

local function start(request)
  local job = assert(flash.job(request))
  jobs[#jobs + 1] = job
  return job
end

-- A plain poll loop: gives each event to a function until the job has ended.
local function follow(job, take)
  local deadline = sys.clock_ms() + PATIENCE_MS
  while true do
    local events = job:read()
    if not events then return end
    for _, event in ipairs(events) do take(event) end
    if job:descriptor() then
      assert(sys.poll({ { fd = job:descriptor(), read = true } }, deadline - sys.clock_ms())[1], "too late")
    end
  end
end

before_each(function()
  support.watch()
  jobs = {}
end)

after_each(function()
  for _, job in ipairs(jobs) do
    if not job:wait(0) then sys.kill(-job.pid, "KILL") end
    job:wait(PATIENCE_MS)
    job:close()
  end
  support.finish()
end)

describe("flash.job", function()
  it("means the modem that flash.update would mean, or none", function()
    local modem = stage.mc7455()
    local device = flash.devices({ root = modem.root })[1]
    for _, selection in ipairs { { bus = device.bus, number = device.number }, { vid = "1199", pid = "9071" }, {} } do
      local result = assert(start({ command = "status", root = modem.root, selection = selection })
        :wait(PATIENCE_MS))
      assert.equal(0, result.exit)
    end
    for _, selection in ipairs { { model = "MC7455" }, { bus = 1 }, { pid = "9071" } } do
      local _, problem = pcall(function() flash.job { command = "status", selection = selection } end)
      assert.matches("^tests/sim/job_spec%.lua:%d+: a job selects its modem by place, serial,", problem)
    end
    assert.has_error(function() flash.job { command = "status", emit = print } end)
    local switched = start { command = "switch", pair = "NOBODY", root = modem.root }
    assert.equal("stored.none", assert(switched:wait(PATIENCE_MS)).failure.code)
  end)

  it("updates a modem and tells each step while the caller does other things", function()
    local modem = stage.mc7455()
    local job = start { command = "update", files = images(), root = modem.root,
      options = { timeout_scale = 2, skip = { memory = true } }, selection = { vid = "1199", pid = "9071" } }
    local steps, sent, last = {}, 0, nil
    follow(job, function(event)
      if event.event == "step" and event.state == "done" then steps[#steps + 1] = event.step end
      if event.event == "progress" then sent = math.max(sent, event.sent) end
      last = event
    end)
    local result = job:wait(1000)
    assert.is_true(result.ok)
    assert.equal(0, result.exit)
    assert.equal("02.33.03.00", result.after.firmware)
    assert.is_nil(result.failure)
    assert.same(last, result)
    assert.equal("read versions", steps[1])
    assert.is_true(sent > 1000000)
    assert.is_nil(job:read())
    assert.is_nil(job:descriptor())
    assert.is_true(job:cancel())
  end)

  it("gives the objects of commands that only ask", function()
    local modem = stage.mc7455()
    local job = start { command = "devices", root = modem.root }
    assert.is_true(job:wait(PATIENCE_MS).ok)
    local events = job:read()
    assert.equal("MC7455", events[1].devices[1].model)
    assert.same({}, events[1].devices[1].missing)
    assert.equal("result", events[2].event)
    assert.is_nil(job:read())
  end)

  it("gives the lines as they came to who passes them on", function()
    local job = start { command = "devices", root = support.folder() }
    job:wait(PATIENCE_MS)
    local lines = job:read_lines()
    assert.equal('{"v":1,"devices":[]}', lines[1])
    assert.equal(2, #lines)
  end)

  it("has the failure of the program as its own", function()
    local result = start({ command = "update", files = { "/nowhere/-x.cwe" } }):wait(PATIENCE_MS)
    assert.is_false(result.ok)
    assert.equal(4, result.exit)
    assert.is_true(flash.failure.is(result.failure))
    assert.equal("source.not_found", result.failure.code)
    assert.truthy(flash.failure.hint(result.failure))
  end)

  it("passes options, files that look like options, and refuses what is no option", function()
    local result = start({ command = "inspect", files = { "--help" } }):wait(PATIENCE_MS)
    assert.equal(4, result.exit)
    for _, request in ipairs {
      { options = { no_such_option = true } }, { options = { route = "none" } },
      { selection = { place = "" } }, { selection = { bus = 1, number = 400 } },
      { options = { mbim = false, chunk_size = 0 } },
    } do
      request.command = "devices"
      result = start(request):wait(PATIENCE_MS)
      assert.equal(1, result.exit)
      assert.equal("usage", result.failure.code)
    end
    local all = {
       command = "devices", root = support.folder(), options = { mbim = false, force = true },
      selection = { bus = 1, number = 4, place = "1-1.4" } }
    assert.equal(0, start(all):wait(PATIENCE_MS).exit)
  end)

  it("that is cancelled before the reset of the modem is a clean stop", function()
    local modem = stage.modem("mc7455", { time_scale = 0.03 })
    local job = start { command = "update", files = images(), root = modem.root }
    local cancelled
    follow(job, function() cancelled = cancelled or assert(job:cancel()) end)
    local result = job:wait(1000)
    assert.equal(9, result.exit)
    assert.truthy(result.failure.code:find "%.interrupted$")
  end)

  it("does not wait longer than asked, and keeps the events meanwhile", function()
    local modem = stage.modem("mc7455", { time_scale = 1 })
    local job = start { command = "update", files = images(), root = modem.root }
    local result, problem = job:wait(1)
    assert.equal("sys.timeout", support.code_of(result, problem))
    assert(sys.poll({ { fd = job:descriptor(), read = true } }, PATIENCE_MS)[1])
    assert(job:cancel())
    assert.equal(9, job:wait(PATIENCE_MS).exit)
    assert.truthy(#job:read() > 0)
  end)

  it("may be cancelled at once", function()
    local job = start { command = "simulate", arguments = { "mc7455" } }
    assert(job:cancel())
    local result = job:wait(PATIENCE_MS)
    assert.is_true(result.exit == 9 or result.exit == 0)
  end)

  it("tells a second job on the same modem who holds it", function()
    local files, modem = images(), stage.modem("mc7455", { time_scale = 0.03 })
    local job, second = start { command = "update", files = files, root = modem.root }, nil
    follow(job, function(event)
      if event.step ~= "enter download mode" or second then return end
      second = start({ command = "update", files = files, root = modem.root }):wait(PATIENCE_MS)
      job:cancel()
    end)
    assert.equal(3, second.exit)
    assert.equal("device.busy", second.failure.code)
    assert.truthy(second.failure.evidence:find(("pid %d"):format(job.pid), 1, true))
  end)

  it("has the modem for itself: no other command can ask it something", function()
    local files, modem = images(), stage.modem("mc7455", { time_scale = 0.2 })
    local job, asking = start { command = "update", files = files, root = modem.root }, {}
    follow(job, function(event)
      if event.step ~= "set preference" or asking[1] then return end
      for index, question in ipairs {
        { command = "status" }, { command = "plan", files = files },
        { command = "at", arguments = { "ATI" } }, { command = "qmi", arguments = { "dms", "get_revision" } },
      } do
        question.root = modem.root
        asking[index] = start(question)
      end
      for _, question in ipairs(asking) do
        local refused = question:wait(PATIENCE_MS)
        assert.equal(3, refused.exit, tostring(refused.failure))
        assert.equal("device.busy", refused.failure.code)
        assert.truthy(refused.failure.evidence:find(("pid %d: "):format(job.pid), 1, true))
      end
      job:cancel()
      job:cancel()
    end)
    assert.equal(4, #asking)
  end)

  it("is not hindered by who asks the modem again and again", function()
    local files, modem = images(), stage.mc7455()
    local asking = support.start(support.lua([[
      local flash, root = require "moonflash", ...
      print "begun" io.stdout:flush()
      while true do flash.status { root = root } end]], modem.root))
    asking:line()
    assert.equal(0, start({ command = "update", files = files, root = modem.root }):wait(PATIENCE_MS).exit)
    asking:stop()
  end)

  it("has a result when a loop has reaped it, too", function()
    local job = start { command = "devices", root = support.folder() }
    assert.equal(0, sys.wait(job.pid, PATIENCE_MS))
    assert.is_true(job:wait(PATIENCE_MS).ok)
    assert.is_true(job:cancel())
  end)

  it("tells how it ended to who did not listen", function()
    local job = start { command = "devices", root = support.folder() }
    job:close()
    local result = job:wait(PATIENCE_MS)
    assert.same({ ok = true, exit = 0 }, result)
    job = start { command = "inspect", files = { "/nowhere.cwe" } }
    job:close()
    result = job:wait(PATIENCE_MS)
    assert.equal("internal", result.failure.code)
    assert.equal(4, result.exit)
  end)

  it("that was cancelled tells how it really ended", function()
    for script, exit in pairs { ["local ms = 300"] = 0, ["local ms = 0"] = 9 } do
      local path = support.folder() .. "/slow.lua"
      assert(sys.write_file(path, script .. [[
        local flash = require "moonflash"
        flash.sys.catch_signals()
        print "ready"
        for _ = 1, 100 do
          if not flash.sys.sleep_ms(20) then break end
        end
        if ms > 0 then os.exit(0) end]]))
      local job = start { command = "run", files = { path } }
      assert(sys.poll({ { fd = job:descriptor(), read = true } }, PATIENCE_MS)[1])
      assert(job:cancel())
      job:close()
      assert.equal(exit, assert(job:wait(PATIENCE_MS)).exit)
    end
  end)

  it("that is killed has a result, too", function()
    local modem = stage.modem("mc7455", { time_scale = 1 })
    local job = start { command = "update", files = images(), root = modem.root }
    sys.kill(job.pid, "KILL")
    local result = job:wait(PATIENCE_MS)
    assert.is_false(result.ok)
    assert.equal(128 + 9, result.exit)
    assert.equal("internal", result.failure.code)
    assert.equal("status 137", result.failure.evidence)
  end)

  it("goes on when its caller is killed", function()
    local files, modem = images(), stage.modem("mc7455", { time_scale = 0.02 })
    local log = support.folder() .. "/log"
    local caller = support.start(support.lua([[
      local root, log, one, two = ...
      local flash, sys = require "moonflash", require "moonflash.core.sys"
      local job = assert(flash.job {
        command = "update", root = root, files = { one, two }, options = { log = log } })
      sys.poll({ { fd = job:descriptor(), read = true } }, 60000)
      print "started"
      io.stdout:flush()
      sys.sleep_ms(60000)
    ]], modem.root, log, files[1], files[2]))
    assert.equal("started", caller:line())
    caller:stop()
    local deadline = sys.clock_ms() + PATIENCE_MS
    while not sys.read_file(log):find("] done\n", 1, true) do
      assert.is_true(sys.clock_ms() < deadline)
      sys.sleep_ms(20)
    end
    assert.equal(2, start({ command = "update", files = files, root = modem.root }):wait(PATIENCE_MS).exit)
  end)

  it("is a failure when there is no such program, and wrong without a command", function()
    local request = { command = "devices", program = "/nowhere/moonflash" }
    assert.equal("sys.not_found", support.code_of(flash.job(request)))
    assert.has_error(function() flash.job { files = {} } end)
  end)
end)

describe("flash.job", function()
  it("refuses what can be no command line", function()
    for _, request in ipairs { {}, { command = "inspect", files = { 1 } },
      { command = "inspect", files = { "a", nil, "b" } }, { command = "run", arguments = { "a\0b" } } } do
      assert.has_error(function() flash.job(request) end)
    end
    assert.has_error(function() flash.job() end, "a job needs a command")
  end)
end)

describe("flash.job of a script", function()
  it("has the script's arguments behind its file", function()
    local script = support.folder() .. "/words.lua"
    assert(sys.write_file(script, "print(...)"))
    local job = flash.try(flash.job { command = "run", files = { script, "one" }, arguments = { "two" } })
    assert.is_true(job:wait(10000).ok)
    assert.equal("one\ttwo", job:read()[1].message)
    job:close()
  end)

  it("waits for so many ms, and takes another program's codes for what they are", function()
    local program = support.folder() .. "/program"
    assert(sys.write_file(program, [[#!/bin/sh
echo '{"v":1,"t":0,"event":"result","ok":false,"exit":3,"failure":{"code":"of.later","message":"new"}}'
exit 3]]))
    assert.equal(0, support.run({ "chmod", "755", program }).status)
    local job = flash.try(flash.job { command = "status", program = program })
    assert.error_matches(function() job:wait() end, "job:wait takes milliseconds")
    local result = job:wait(10000)
    assert.same({ "internal", "new", 3 }, { result.failure.code, result.failure.message, result.exit })
    job:close()
  end)

  it("tells what the script prints among its events", function()
    local script = support.folder() .. "/my.lua"
    assert(sys.write_file(script, 'print "hello"\nprint(42)\nio.write "no end of line"'))
    local job, events = start { command = "run", arguments = { script } }, {}
    follow(job, function(event) events[#events + 1] = event end)
    assert.same({ event = "output", message = "hello" }, events[1])
    assert.same({ event = "output", message = "42" }, events[2])
    assert.is_true(job:wait(1000).ok)
  end)
end)

describe("flash.job of a script that leaves something running", function()
  it("has ended when its process has, and gives all that it wrote", function()
    local script = support.folder() .. "/my.lua"
    assert(sys.write_file(script, 'os.execute "sleep 600 & echo $!" print(("x"):rep(50000))'))
    local job, began = start { command = "run", arguments = { script } }, os.clock()
    local result = assert(job:wait(PATIENCE_MS))
    local events = job:read()
    assert(sys.kill(tonumber(events[1].message), "KILL"))
    assert.is_true(os.clock() - began < 2 * support.slowness) -- a long line is not searched from each byte on
    assert.is_true(result.ok)
    assert.equal(50000, #events[2].message)
    assert.equal("result", events[#events].event)
    assert.is_nil(job:read())
    assert.is_nil(job:descriptor())
  end)

  it("ends a loop that polls and reads, too", function()
    local script = support.folder() .. "/my.lua"
    assert(sys.write_file(script, 'os.execute "sleep 600 & echo $!"'))
    local job, events, deadline = start { command = "run", arguments = { script } }, {}, support.deadline()
    while job:descriptor() and sys.clock_ms() < deadline do
      sys.poll({ { fd = job:descriptor(), read = true } }, 1000)
      for _, event in ipairs(job:read() or {}) do events[#events + 1] = event end
    end
    assert(sys.kill(tonumber(events[1].message), "KILL"))
    assert.is_nil(job:descriptor())
    assert.equal("result", events[2].event)
    assert.is_true(assert(job:wait(PATIENCE_MS)).ok)
  end)

  it("goes on after the result of a moonflash that the script runs", function()
    local script = support.folder() .. "/my.lua"
    assert(sys.write_file(script, ('os.execute [["%s" --json --root %s status]] print "after"'):format(
      support.program, support.folder())))
    local job, seen = start { command = "run", arguments = { script } }, {}
    follow(job, function(event) seen[#seen + 1] = event.event == "output" and event.message or event.exit end)
    assert.same({ 5, "after", 0 }, seen)
    assert.is_true(assert(job:wait(PATIENCE_MS)).ok)
  end)

  it("waits no longer than asked for one that writes without end", function()
    local script = support.folder() .. "/my.lua"
    assert(sys.write_file(script, 'while true do print "on and on" end'))
    local job = start { command = "run", arguments = { script } }
    assert.equal("sys.timeout", support.code_of(job:wait(300)))
    assert(sys.kill(-job.pid, "KILL"))
    assert.is_false(assert(job:wait(PATIENCE_MS)).ok)
  end)
end)

describe("flash.job within a script", function()
  it("is for the modem that the script's command line chose", function()
    local modem, script = stage.mc7455(), support.folder() .. "/my.lua"
    assert(sys.write_file(script, ([[
      local flash = require "moonflash"
      local job = flash.try(flash.job { command = "status", program = %q })
      local result = flash.try(job:wait(%d))
      for _, event in ipairs(job:read() or {}) do
        if event.running then flash.log.say("it runs %%s", event.running.firmware) end
      end
      return result]]):format(support.program, PATIENCE_MS)))
    local path = support.folder() .. "/trace"
    local run = support.run { support.program, "--root", modem.root, "--place", "2-3", "--trace", path,
      "--timeout-scale", "2", "run", script }
    assert.equal(0, run.status, run.stderr)
    assert.truthy(run.stdout:find("it runs 02.08.02.00", 1, true))
    local other = support.run { support.program, "--root", modem.root, "--place", "9-9", "run", script }
    assert.equal(5, other.status, other.stdout)
  end)
end)

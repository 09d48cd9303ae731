-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The engine: when a step runs, how often, and what happens when it fails.
local engine = require "moonflash.engine"
local failure = require "moonflash.base.failure"
local jobs = require "moonflash.engine.job"
local step = require "moonflash.engine.step"
local sys = require "moonflash.core.sys"
local update_steps = require("moonflash.procedure.update_steps").steps

local function fake_job(mode)
  local job = { device = { mode = mode or "application" }, events = {}, done = {}, phase = "untouched" }
  function job.emit(event) job.events[#job.events + 1] = event end
  function job.ms(_, seconds) return seconds end
  job.scaled = job.ms
  function job.note() end
  function job.pause(self, ms) self.paused = (self.paused or 0) + ms; return true end
  function job.warn(_, code) job.warned = code end
  function job.interrupted(self) return self.stop == true end
  function job.check_interrupt(self)
    if self.stop then return failure.new("job.interrupted", "stopped") end
  end
  function job.rollback(self) self.done[#self.done + 1] = "put back" end
  function job.finalize(self) self.done[#self.done + 1] = "finalized" end
  return job
end

local function recorder(name, outcomes, fields)
  local calls = 0
  local made = { name = name, run = function(job)
    calls = calls + 1
    job.done[#job.done + 1] = name
    local outcome = outcomes and outcomes[math.min(calls, #outcomes)]
    if failure.is(outcome) then return nil, outcome end
    return outcome == nil and true or outcome
  end }
  for key, value in pairs(fields or {}) do made[key] = value end
  return made
end

local function states(job, name)
  local seen = {}
  for _, event in ipairs(job.events) do
    if event.step == name then seen[#seen + 1] = event.state end
  end
  return seen
end

local broken = failure.new("qmi.timeout", "no answer")

describe("engine.run", function()
  it("runs the steps in order and finalizes", function()
    local job = fake_job()
    assert.is_true(engine.run(job, { recorder "one", recorder "two" }))
    assert.same({ "one", "two", "finalized" }, job.done)
    assert.same({ "started", "done" }, states(job, "one"))
  end)

  it("skips a step whose mode the modem left by itself", function()
    local job = fake_job()
    local lost = failure.new("device.no_port", "the modem has no QMI port")
    local function leave(work)
      work.device.mode = "download"
      return nil, lost
    end
    assert.is_true(engine.run(job, { { name = "ask", mode = "application", run = leave, retry = 2 }, recorder "send" }))
    assert.same({ "started", "skipped" }, states(job, "ask"))
    assert.same({ "send", "finalized" }, job.done)
    local function fail() return nil, lost end
    assert.is_nil(engine.run(fake_job(), { { name = "ask", mode = "application", run = fail } }))
  end)

  it("raises for what is no step before anything runs", function()
    for _, wrong in ipairs { { name = "two" }, false, 5, { run = function() end } } do
      local job = fake_job()
      local _, problem = pcall(function() engine.run(job, { recorder "one", wrong }) end)
      assert.truthy(problem:find("engine_spec.lua:%d+: step 2 is no step"), problem)
      assert.same({}, job.done)
    end
    local job = fake_job()
    assert.error(function() engine.run(job, { [1] = recorder "one", [3] = recorder "three" }) end)
    assert.same({}, job.done)
  end)

  it("skips a step that is for another mode, and says so", function()
    local job = fake_job "download"
    assert.is_true(engine.run(job, { recorder("one", nil, { mode = "application" }), recorder "two" }))
    assert.same({ "two", "finalized" }, job.done)
    assert.same({ "skipped" }, states(job, "one"))
  end)

  it("tries a failing step again as often as it says", function()
    local job = fake_job()
    assert.is_true(engine.run(job, { recorder("one", { broken, broken, true }, { retry = 2, pause = 5 }) }))
    assert.same({ "one", "one", "one", "finalized" }, job.done)
    assert.equal(10, job.paused)
  end)

  it("stops at the first failure, puts back and finalizes", function()
    local job = fake_job()
    local done, problem = engine.run(job, { recorder("one", { broken }), recorder "two" })
    assert.is_nil(done)
    assert.equal("qmi.timeout", problem.code)
    assert.equal("one", problem.step)
    assert.same({ "one", "put back", "finalized" }, job.done)
  end)

  it("runs all steps once more for a step that has something left", function()
    local job = fake_job()
    local steps = { recorder "one", recorder("two", { engine.RESTART, engine.RESTART, true }), recorder "three" }
    assert.is_true(engine.run(job, steps))
    assert.same({ "one", "two", "one", "two", "one", "two", "three", "finalized" }, job.done)
    assert.is_nil(job.warned)
  end)

  it("does not retry after a failure that a retry cannot fix", function()
    local job = fake_job()
    local final = failure.new("image.wrong_model", "no", { final = true })
    engine.run(job, { recorder("one", { final }, { retry = 5 }) })
    assert.same({ "one", "put back", "finalized" }, job.done)
  end)

  it("ends early when a step says the goal is reached", function()
    local job = fake_job()
    assert.is_true(engine.run(job, { recorder("one", { engine.FINISH }), recorder "two" }))
    assert.same({ "one", "finalized" }, job.done)
  end)

  it("makes one more pass when a failure asks for it and the step allows it", function()
    local job = fake_job()
    local again = failure.new("job.not_confirmed", "differs", { restart_procedure = true })
    assert.is_true(engine.run(job, { recorder "one", recorder("two", { again, true }, { again = 1 }) }))
    assert.same({ "one", "two", "one", "two", "finalized" }, job.done)
    assert.equal("job.not_confirmed", job.warned)
  end)

  it("fails when the passes are used up", function()
    local job = fake_job()
    local again = failure.new("job.not_confirmed", "differs", { restart_procedure = true })
    local done, problem = engine.run(job, { recorder("two", { again }, { again = 1 }) })
    assert.is_nil(done)
    assert.equal(again, problem)
    assert.same({ "two", "two", "put back", "finalized" }, job.done)
  end)

  it("turns an error raised in a step into a failure without a traceback", function()
    local job = fake_job()
    local done, problem = engine.run(job, { { name = "one", run = function() error "oops" end } })
    assert.is_nil(done)
    assert.equal("script.raised", problem.code)
    assert.truthy(problem.message:find("oops", 1, true))
    assert.falsy(problem.message:find("traceback", 1, true))
  end)

  it("takes a text behind nil for the reason, and words for words only when they are a text", function()
    local job = fake_job()
    local done, problem = engine.run(job, { { name = "one", run = function() return nil, "no battery" end } })
    assert.is_nil(done)
    assert.equal("script.refused", problem.code)
    assert.equal("one: no battery", tostring(problem))
    assert.is_true(engine.run(job, { { name = "two", run = function() return {}, {} end } }))
    assert.is_nil(job.events[#job.events].message)
  end)

  it("fails for a step that returns neither success nor a reason, and names the step", function()
    for words, value in pairs { ["a value of type boolean"] = { false }, nothing = {},
      ["a value of type number"] = { 5 }, ["a value of type string"] = { "too weak" } } do
      local _, problem = engine.run(fake_job(), { { name = "one", run = function() return unpack(value) end } })
      assert.equal("script.invalid", problem.code)
      local said = ("engine_spec%%.lua:%%d+: the step \"one\" returned %s$"):format(words)
      assert.truthy(problem.message:find(said), problem.message)
    end
  end)

  it("tries again what a script refuses, too, but not what is wrong with it", function()
    local function tries(outcome)
      local count = 0
      engine.run(fake_job(), { { name = "one", retry = 2, pause = 0, run = function()
        count = count + 1
        return outcome()
      end } })
      return count
    end
    assert.equal(3, tries(function() return nil, "too weak" end))
    assert.equal(1, tries(function() return false end))
    assert.equal(1, tries(function() error "oops" end))
  end)

  it("stops before the next step when asked to", function()
    local job = fake_job()
    local stopping = { name = "one", run = function(self) self.stop = true return true end }
    local done, problem = engine.run(job, { stopping, recorder "two" })
    assert.is_nil(done)
    assert.equal("job.interrupted", problem.code)
    assert.same({ "put back", "finalized" }, job.done)
  end)
end)

describe("engine.plan", function()
  it("runs what changes nothing up to the first change, and lists the rest", function()
    local job = fake_job()
    local listed = engine.plan(job, {
      recorder("ask", nil, { changes = false, seconds = 1 }),
      recorder("enter", nil, { changes = true, seconds = 45, leads_to = "download", mode = "application" }),
      recorder("send", nil, { changes = true, seconds = 90, mode = "download" }),
      recorder("check", nil, { changes = false, seconds = 2, mode = "application" }),
    })
    assert.same({ "ask", "finalized" }, job.done)
    assert.same({
      { step = "ask", changes = false, seconds = 1 }, { step = "enter", changes = true, seconds = 45 },
      { step = "send", changes = true, seconds = 90 } }, listed)
  end)

  it("ends where the goal is reached", function()
    local job = fake_job()
    local listed = engine.plan(job,
      { recorder("ask", { engine.FINISH }), recorder("send", nil, { changes = true }) })
    assert.equal(1, #listed)
  end)
end)

describe("step constructors", function()
  local send = step.define {
    name = "send", fields = { final_ack = "seconds" }, mode = "download",
    run = function() return true end,
  }

  it("refuse unknown fields, wrong types and unknown modes", function()
    assert.error_matches(function() send { final_akk = 1 } end, "no field \"final_akk\"")
    assert.error_matches(function() send { final_ack = "1" } end, "final_ack must be a number")
    assert.error_matches(function() send { mode = "sleeping" } end, "mode must be")
  end)

  it("refuse numbers that mean nothing", function()
    local bad = {
      retry = { -1, 1.5, 0 / 0, math.huge }, again = { -1, 0.5 }, pause = { -1, 1e9 },
      within = { 0, -1, math.huge }, final_ack = { 0, -1 },
    }
    for name, values in pairs(bad) do
      for _, value in ipairs(values) do
        assert.error_matches(function() send { [name] = value } end, name .. " must be ")
      end
    end
    assert.equal(0, send({ pause = 0, retry = 0, within = 0.5 }).pause)
  end)

  it("give defaults, which the script's fields override", function()
    assert.equal("download", send().mode)
    assert.equal("application", send { mode = "application" }.mode)
  end)

  it("are copied: one table may serve for several", function()
    local fields = { retry = 3 }
    local one = send(fields)
    local other = step.define { name = "other", run = function() end } (fields)
    assert.same({ "send", 3, "other", 3 }, { one.name, one.retry, other.name, other.retry })
  end)

  it("make actions of one's own", function()
    for _, given in ipairs { false, { name = "x" } } do
      assert.error_matches(function() step.action(given or nil) end, "needs a name and a run")
    end
    assert.is_true(step.action { name = "x", run = function() end }.changes)
  end)
end)

describe("the time of a step", function()
  local LONG = 1000

  -- The ms that a wait of many seconds has within a step, when the modem was restarted some ms ago.
  local function wait_in(fields, restarted_ms, scale)
    local seen
    local job = jobs.new { device = { mode = "application" }, root = "/nowhere", options = { timeout_scale = scale } }
    job.restarted_at = restarted_ms and sys.clock_ms() - restarted_ms
    fields.name, fields.run = "only", function(one)
      seen = one:ms(LONG)
      return true
    end
    assert.is_true(engine.run(job, { fields }))
    assert.same({ LONG * 1000 * (scale or 1), job:ms(LONG) }, { job:ms(LONG), job:scaled(LONG) })
    return seen
  end

  local function between(least, most, ms)
    assert.is_true(ms >= least and ms <= most, ("%.0f ms"):format(ms))
  end

  it("limits each wait in it", function()
    assert.equal(LONG * 1000, wait_in {})
    between(9000, 10000, wait_in { most = 10 })
    between(4000, 5000, wait_in({ most = 10 }, nil, 0.5))
  end)

  it("may be counted from the last restart of the modem", function()
    assert.equal(LONG * 1000, wait_in { after_restart = 20 })
    between(4000, 5000, wait_in({ after_restart = 20 }, 15000))
    between(9000, 10000, wait_in({ after_restart = 20, most = 10 }, 5000))
    between(4000, 5000, wait_in({ after_restart = 20, most = 10 }, 15000))
    assert.equal(1, wait_in({ after_restart = 20 }, 30000))
  end)

  it("ends its tries", function()
    local job, tries = jobs.new { device = { mode = "application" }, root = "/nowhere" }, 0
    assert.is_nil(engine.run(job, { { name = "only", most = 0.05, retry = 100000, run = function()
      tries = tries + 1
      sys.sleep_ms(1)
      return nil, "no"
    end } }))
    assert.is_true(tries < 1000)
  end)

  it("ends when it is undone, too", function()
    local seen
    local job = jobs.new { device = { mode = "application", root = "/nowhere", place = "1-1" }, root = "/nowhere" }
    engine.run(job, { { name = "only", run = function(one)
      one:undo("back", function(same) seen = same:ms(LONG) return true end)
      return nil, "no"
    end } })
    between(280000, 290000, seen)
  end)
end)

describe("what is deferred", function()

  local function run(defer)
    local told = {}
    local job = jobs.new { device = { mode = "application" }, root = "/nowhere", options = {},
      emit = function(event) told[#told + 1] = event.code end }
    local done, problem = engine.run(job, { { name = "only", run = function(one)
      defer(one)
      return true
    end } })
    return done, problem, told[1]
  end

  it("makes the run fail when it fails, and what is given back does not", function()
    local function fail() return nil, failure.new("qmi.refused", "no") end
    local done, problem, warned = run(function(job) job:defer("back", fail) end)
    assert.is_nil(done)
    assert.same({ "qmi.refused", "qmi.refused" }, { problem.code, warned })
    done, problem = run(function(job) job:defer("back", function() return nil, "in words" end) end)
    assert.is_nil(done)
    assert.equal("in words", problem.message)
    done, problem = run(function(job) job:defer("back", function() error "oh" end) end)
    assert.is_nil(done)
    assert.equal("script.raised", problem.code)
    done, problem, warned = run(function(job) job:restore("back", fail) end)
    assert.is_true(done)
    assert.is_nil(problem)
    assert.equal("qmi.refused", warned)
    assert.is_true((run(function(job) job:defer("back", function() end) end)))
  end)

  it("may register more", function()
    local order = {}
    assert.is_true((run(function(job)
      job:defer("outer", function(same)
        order[#order + 1] = "outer"
        same:defer("inner", function() order[#order + 1] = "inner" end)
      end)
    end)))
    assert.same({ "outer", "inner" }, order)
    local function again(job) job:defer("again", again) end
    assert.is_true((run(again))) -- ends
  end)

  it("has words and a function", function()
    for _, method in ipairs { "defer", "undo" } do
      for _, given in ipairs { { function() end }, { "words" }, { "words", true } } do
        local _, problem = run(function(job) job[method](job, given[1], given[2]) end)
        assert.truthy(problem.message:find("job:" .. method .. " takes words and a function", 1, true))
        assert.truthy(problem.message:find("engine_spec.lua:", 1, true))
      end
    end
  end)
end)

describe("a job that was finalized", function()
  it("does nothing any more", function()
    local job = require("moonflash.engine.job").new { device = { mode = "application", nodes = { at = "/x" } },
      root = "/nowhere" }
    job:finalize()
    job:finalize()
    for _, method in ipairs { "qmi", "at", "download" } do
      assert.error_matches(function() local _ = job[method](job) end, "this job was finalized")
    end
    assert.error_matches(function() job:defer("x", function() end) end, "this job was finalized")
  end)
end)

describe("a plan", function()
  it("gives everything back, also when a step fails", function()
    local job, given_back = fake_job(), 0
    function job.finalize() given_back = given_back + 1 end
    local function fail() return nil, failure.new("usage", "x") end
    assert.is_nil((engine.plan(job, { { name = "a", run = fail } })))
    assert(engine.plan(job, { { name = "a", run = function() return true end } }))
    assert.equal(2, given_back)
  end)
end)

describe("a route that is forced", function()
  local enter = require("moonflash.procedure.steps").enter_download

  it("has to exist", function()
    local job = fake_job()
    job.options = { route = "boothod" }
    local one = enter {}
    local done, problem = one.run(job, one)
    assert.is_nil(done)
    assert.equal("usage", problem.code)
  end)
end)

describe("the routes of a step", function()
  local routes = require "moonflash.procedure.routes"
  local enter = require("moonflash.procedure.steps").enter_download

  it("are routes that there are", function()
    assert.error_matches(function() return routes.bothold end, "there is no route bothold")
    for _, bad in ipairs { {}, routes.boothold, { "boothold" }, { routes.boothold, 5 }, "boothold" } do
      assert.error_matches(function() enter { routes = bad } end, "routes must be a list of flash%.routes")
    end
    assert.equal(2, #enter({ routes = { routes.boothold, routes.preference } }).routes)
    assert.error_matches(function() update_steps { send_imags = {} } end, "it has: read_versions stop_if")
  end)
end)

describe("the steps of an update", function()
  local function named(list, name)
    for _, one in ipairs(list) do
      if one.name == name then return one end
    end
  end

  it("are as a script says, where it says nothing as usual, and no other script's", function()
    local own = update_steps { send_images = { retry = 9 } }
    local other = update_steps {}
    assert.same({ 9, 1, 140, "download" }, { named(own, "send images").retry, named(own, "send images").again,
      named(own, "send images").final_ack, named(own, "send images").mode })
    assert.equal(2, named(other, "send images").retry)
    named(own, "confirm").retry = 0
    assert.equal(36, named(other, "confirm").retry)
    assert.equal(8, #other)
  end)

  it("refuse what no update has", function()
    assert.error_matches(function() update_steps { send_image = {} } end, "no step send_image")
    assert.error_matches(function() update_steps { confirm = 1 } end, "must be a table")
    assert.error_matches(function() update_steps { confirm = { believes = 1 } } end, 'no field "believes"')
  end)
end)

describe("a pause of a job", function()
  it("says how long it lasts already", function()
    local events = {}
    local job = jobs.new { device = { mode = "application" }, emit = function(event) events[#events + 1] = event end }
    assert.is_true(job:pause(30, "tries again"))
    assert.same({ event = "wait", step = "moonflash", seconds = 0, within = 0.03, message = "tries again" }, {
      event = events[1].event, step = events[1].step, seconds = math.floor(events[1].seconds),
      within = events[1].within, message = events[1].message })
    assert.is_true(job:pause(1, "tries again", sys.clock_ms() - 5000, 145000))
    assert.same({ 5, 145 }, { math.floor(events[#events].seconds), events[#events].within })
  end)
end)

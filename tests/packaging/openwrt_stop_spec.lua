-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Jobs of the OpenWrt package that are stopped before they have a process.
local stage = require "tests.packaging.router"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local call = stage.call
local router

local only = sys.access(stage.SHELL, "x") and describe or pending

only("on OpenWrt", function()
  before_each(function() router = stage.begin() end)
  after_each(stage.finish)

  -- A job that procd has not begun yet.
  local function new_waiting_job(name)
    local folder = stage.new_job_folder(name, "devices\n")
    assert(sys.remove(folder .. "/begun"))
    return folder
  end

  local function run_job(folder)
    return support.run({ router.folder .. "/moonflash-job", folder }, { environment = router.environment })
  end

  local function assert_never_began(name)
    local folder = router.jobs .. "/" .. name
    assert.equal(0, run_job(folder).status)
    assert.equal("", sys.read_file(folder .. "/events") or "")
    local seen = call("progress", { job = name })
    assert.same({ "ended", "job.interrupted", 9 },
      { seen.state, seen.result.failure.code, seen.result.exit })
    assert.equal("stopped before it began", seen.result.failure.message)
  end

  it("a job that is cancelled while it waits never begins", function()
    new_waiting_job "10001-x"
    assert.equal("waiting", call("progress").state)
    assert.is_true(call("cancel").asked)
    assert_never_began "10001-x"
    assert.is_false(call("cancel").asked)
  end)

  it("a job is cancelled that has begun, but whose process is not known yet", function()
    local folder = new_waiting_job "10001-x"
    local script = 'cd "$0"; exec >>events; ln -s $$ begun; while :; do sleep 0.1; done'
    local wrapper = support.start { stage.SHELL, "sh", "-c", script, folder }
    stage.wait_for(function() return sys.link(folder .. "/begun") end)
    assert.is_true(call("cancel").asked)
    assert.equal(143, wrapper:wait())
    assert.equal("died", call("progress").state)
    assert.is_false(call("cancel").asked)
  end)

  it("jobs that have not begun when the service stops never begin", function()
    for _, name in ipairs { "10001-x", "10002-x" } do new_waiting_job(name) end
    assert.equal(0, stage.service("stop", "10002-x").status)
    assert.equal("waiting", call("progress", { job = "10001-x" }).state)
    assert_never_began "10002-x"
    assert.equal(0, stage.service("stop").status)
    assert.equal(0, stage.service("start").status)
    assert_never_began "10001-x"
    assert.is_nil(sys.list(router.folder .. "/instances"))
  end)

  it("a job that procd does not take is none, and the service says so", function()
    assert(sys.write_file(router.folder .. "/deaf", ""))
    local run = stage.service("job", "devices")
    assert.equal(1, run.status)
    assert.equal("", run.stdout)
    assert.matches("not started", run.stderr)
    assert.equal("job.not_started", call("update", { files = { "/tmp/x" } }).failure.code)
    assert.same({}, sys.list(router.jobs))
  end)

  it("what runs is asked to stop when the service stops", function()
    local job = stage.service("job", "simulate", "mc7455").stdout:gsub("\n", "")
    stage.wait_for(function() return sys.link(router.jobs .. "/" .. job .. "/pid") end)
    assert.equal(0, stage.service("stop").status)
    assert.equal("ended", stage.await_end(job).state)
    assert.are_not.equal("0", sys.link(router.jobs .. "/" .. job .. "/begun"))
  end)
end)

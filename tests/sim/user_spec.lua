-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- A user of the group dialout updates a modem without root, in the folders of packaging/moonflash.conf.
local flash = require "moonflash"
local lock = require "moonflash.host.lock"
local stage = require "tests.sim.stage"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local USER, DIALOUT = "54320", "54321" -- ids that no user and no group has

-- The arguments that run a program as the user, in the group dialout or not.
local function as_user(argv, is_outside)
  local groups = is_outside and "--clear-groups" or "--groups=" .. DIALOUT
  return { "setpriv", "--reuid=" .. USER, "--regid=" .. USER, groups, unpack(argv) }
end

local function why_not()
  if sys.user_id() ~= 0 then return "only root can run programs as another user" end
  local run = support.run(as_user { support.program, "--version" })
  return run.status ~= 0 and "another user cannot run the program under test: " .. run.stderr or nil
end

local missing = why_not()
local only = missing and pending or describe

local function install(...)
  assert.equal(0, support.run({ "install", "-d", ... }).status)
end

only("a user of the group dialout" .. (missing and ": " .. missing or ""), function()
  local root, files
  after_each(support.finish)

  -- A simulated modem of the user, in a root where the folders are as packaging/moonflash.conf says.
  before_each(function()
    local folder = support.folder()
    install("-m", "711", folder)
    root = folder .. "/root"
    install("-o", USER, root)
    install(root .. "/run")
    local conf = support.contents "packaging/moonflash.conf"
    for path, mode, user, group in conf:gmatch "\nd (%S+) +(%d+) (%l+) (%l+) +%-" do
      install("-m", mode, "-o", user, "-g", group == "dialout" and DIALOUT or group, root .. path)
    end
    files = stage.images "mc7455"
    install("-m", "711", (files[1]:match "^(.*)/"))
    local simulator = support.start(as_user { support.program, "simulate", "mc7455", "--dir", root,
      "--time-scale", "0.005", "--fault", "window=600" })
    assert.equal(root, simulator:line())
  end)

  local function update(is_outside)
    return support.run(as_user({ support.program, "--root", root, "--json", "update", files[1], files[2] },
      is_outside), { deadline_ms = 60000 })
  end

  it("updates a modem, and shares its lock with root", function()
    local run = update()
    assert.equal(0, run.status, run.stderr)
    local modem = flash.devices({ root = root })[1]
    local held = assert(lock.take(root, modem))
    run = update()
    held:release()
    assert.equal(3, run.status)
    assert.truthy(run.stderr:find("another job uses the modem", 1, true), run.stderr)
    assert.equal(2, update().status)
  end)

  it("finds root's lock of a modem that root was first to use", function()
    assert(lock.take(root, (flash.devices { root = root })[1])):release()
    assert.equal(0, update().status)
  end)

  it("cannot tell root which services to resume", function()
    local path = root .. "/run/moonflash/1-6.paused"
    assert.not_equal(0, support.run(as_user { "sh", "-c", 'echo "systemd x" >"$1"', "sh", path }).status)
    assert.is_nil(sys.stat(path))
  end)

  it("is told to join the group when outside", function()
    local run = update(true)
    assert.equal(3, run.status)
    assert.truthy(run.stderr:find("join the group dialout", 1, true), run.stderr)
  end)
end)

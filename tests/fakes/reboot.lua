-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- For tests of a modem that resets: a fake /sys, a clock that moves only while the follower waits, and changes
-- of the tree at given times. Nothing sleeps.
--
--     local stage = reboot.new()
--     stage.tree:plug(modems.running)
--     local follower = stage:follow "2-3"
--     stage:unplug(19, "2-3")
--     stage:plug(20, modems.waiting)
--     local found = stage:wait(follower, "download")

local device = require "moonflash.device"
local failure = require "moonflash.base.failure"
local fake = require "tests.fakes.sysfs"
local modems = require "tests.fakes.modems"

local reboot = {}
reboot.__index = reboot

function reboot.new()
  local self = setmetatable({ tree = fake.new(), changes = {}, time = 0, waits = {} }, reboot)
  self.clock = { now = function() return self.time end }
  self.watch = { wait = function(_, ms) return self:pass(ms) end, close = function() end }
  return self
end

function reboot:remove()
  self.tree:remove()
end

--- Lets time pass until the next change, at most ms.
function reboot:pass(ms)
  local ends, change = self.time + ms, self.changes[1]
  self.waits[#self.waits + 1] = ms
  self.time = ends
  if not change or change.at > ends then return true end
  table.remove(self.changes, 1)
  self.time = change.at
  return change.run()
end

--- Runs a function so many seconds after the follower was armed.
function reboot:at(seconds, run)
  self.changes[#self.changes + 1] = { at = seconds * 1000, run = function()
    run()
    return true
  end }
end

function reboot:unplug(seconds, place)
  self:at(seconds, function() self.tree:unplug(place) end)
end

function reboot:plug(seconds, description)
  self:at(seconds, function() self.tree:plug(description) end)
end

function reboot:interrupt(seconds)
  self.changes[#self.changes + 1] = { at = seconds * 1000, run = function()
    return nil, failure.new("sys.interrupted", "signal")
  end }
end

function reboot:node(name)
  return self.tree.root .. "/dev/" .. name
end

function reboot:list()
  return device.list(self.tree.root, modems.models)
end

--- An armed follower of the modem at a place. `scale` is a factor for what comes after the modem.
function reboot:follow(place, scale)
  local dev = assert(device.select(self:list(), { place = place }))
  local follower = device.follow(dev, modems.models, { watch = self.watch, clock = self.clock, scale = scale })
  self:arm(follower)
  return follower
end

--- Arms a follower; time starts at 0.
function reboot:arm(follower)
  self.time, self.changes = 0, {}
  follower:arm()
end

--- Waits for at most a minute.
function reboot.wait(_, follower, mode, fields)
  return follower:wait(modems.copy({ mode = mode, within_ms = 60000 }, fields))
end

return reboot

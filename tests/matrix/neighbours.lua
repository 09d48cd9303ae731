-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Who else is on the computer of a simulated modem: a ModemManager that runs as a service of systemd and
-- answers on a message bus. Where the inhibition of one modem lasts (USB 2) it is asked for that; a modem on
-- SuperSpeed needs the service stopped.
-- @module tests.matrix.neighbours

local fake_dbus = require "tests.fakes.dbus"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local neighbours = {}
neighbours.__index = neighbours

local PROCESS = "/proc/812"
local PATIENCE_MS = 5000

-- The service is there while its process is.
local SYSTEMCTL = [[#!/bin/sh
echo "$1" >>%s/systemctl
case $1 in
  stop) rm -rf %s ;;
  start) mkdir -p %s && echo ModemManager >%s/comm ;;
esac
]]

local function write(root, path, text)
  assert(sys.make_folder((root .. path):match "^(.*)/"))
  assert(sys.write_file(root .. path, text))
end

local function make_systemd(root)
  local process = root .. PROCESS
  write(root, "/usr/bin/systemctl", SYSTEMCTL:format(root, process, process, process))
  support.run { "chmod", "755", root .. "/usr/bin/systemctl" }
  assert(sys.make_folder(root .. "/run/systemd/system"))
  write(root, PROCESS .. "/comm", "ModemManager\n")
end

--- Moves in below a root.
function neighbours.new(root)
  make_systemd(root)
  local self = setmetatable({ root = root, told = "" }, neighbours)
  if fake_dbus.program then
    assert(sys.make_folder(root .. "/var/run/dbus"))
    self.bus = fake_dbus.start(root .. "/var/run/dbus/system_bus_socket", "accept")
  end
  return self
end

-- An inhibition ends with its caller.
local function holds_in(told)
  local holds = 0
  for word in told:gmatch "[^\n]+" do
    holds = holds + (word:find " true$" and 1 or word == "gone" and -1 or 0)
  end
  return holds
end

-- The bus sees a caller leave a moment after it has ended.
local function holds(self)
  local entry, deadline = { fd = self.bus.output, read = true }, sys.clock_ms() + PATIENCE_MS
  repeat
    local ready = assert(sys.poll({ entry }, holds_in(self.told) > 0 and 10 or 0))
    self.told = self.told .. (ready[1] and sys.read(self.bus.output, 4096) or "")
  until not ready[1] and (holds_in(self.told) == 0 or sys.clock_ms() > deadline)
  return holds_in(self.told)
end

--- How they are.
-- @treturn table runs = whether ModemManager does; paused = how often it was stopped, or told to leave the
-- modem alone; holds = how many inhibitions were not ended
function neighbours:look()
  local left = self.bus and holds(self) or 0
  local _, stops = (sys.read_file(self.root .. "/systemctl") or ""):gsub("stop\n", "")
  local _, asked = self.told:gsub(" true\n", "")
  return { runs = sys.stat(self.root .. PROCESS .. "/comm") ~= nil, paused = stops + asked, holds = left }
end

return neighbours

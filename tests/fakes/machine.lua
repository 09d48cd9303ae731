-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- A computer below a folder: a modem in /sys (tests/fakes/sysfs), ports that are devices, /proc with processes,
-- programs that log how they were called. Nothing of the real system is used.
--
--     local machine = fake_machine.new(modems.running, { ["proc/meminfo"] = "MemAvailable: 64000 kB\n" })
--     machine:process(812, "ModemManager", { "/dev/cdc-wdm0" })
--     machine:program("usr/bin/systemctl")
--     local job = machine:job { skip = { memory = true } }
--     machine:calls()                       --> "systemctl stop ModemManager.service", ...
--     machine:remove()

local device = require "moonflash.device"
local fake_sysfs = require "tests.fakes.sysfs"
local jobs = require "moonflash.engine.job"
local modems = require "tests.fakes.modems"
local sys = require "moonflash.core.sys"

local machine = {}
machine.__index = machine

-- The ports are links to /dev/null, a harmless character device.
local function make_ports(self)
  for _, name in ipairs(sys.list(self.root .. "/dev")) do
    local path = self.root .. "/dev/" .. name
    assert(sys.remove(path))
    assert(sys.symlink("/dev/null", path))
  end
end

--- A new computer.
-- @tparam ?table modem of tests/fakes/modems.lua
-- @tparam[opt] table files text by path below the root
function machine.new(modem, files)
  local tree = fake_sysfs.new()
  local self = setmetatable({ tree = tree, root = tree.root,
    notes = {}, warnings = {}, steps = {}, says = {} }, machine)
  if modem then tree:plug(modem) end
  make_ports(self)
  for path, text in pairs(files or {}) do tree:write(path, text) end
  return self
end

function machine:remove()
  self.tree:remove()
end

--- Adds a process.
-- @tparam[opt] table open paths below the root that it has open
-- @tparam[opt] table more environ, status: text of those files
function machine:process(pid, name, open, more)
  local folder = ("proc/%s/"):format(tostring(pid))
  self.tree:write(folder .. "comm", name .. "\n")
  for number, path in ipairs(open or {}) do
    self.tree:link(folder .. "fd/" .. number + 2, self.root .. path)
  end
  for file, text in pairs(more or {}) do self.tree:write(folder .. file, text) end
end

--- Removes a process.
function machine:end_process(pid)
  assert(sys.remove_tree(("%s/proc/%d"):format(self.root, pid)))
end

--- Adds a program that logs its name and arguments, then runs a shell script.
function machine:program(path, body)
  self.tree:write(path, ("#!/bin/sh\necho \"${0##*/} $*\" >>%s/calls\n%s\n"):format(self.root, body or ""))
  local pid = assert(sys.spawn { "chmod", "755", self.root .. "/" .. path })
  assert(sys.wait(pid, 5000) == 0)
end

--- The calls of programs, in order.
-- @treturn table array of lines
function machine:calls()
  local lines = {}
  for line in (sys.read_file(self.root .. "/calls") or ""):gmatch "[^\n]+" do lines[#lines + 1] = line end
  return lines
end

--- The text of a file; nil when it is not there.
function machine:read(path)
  return sys.read_file(self.root .. "/" .. path)
end

--- A job on its modem; its events are in notes, warnings, steps and says.
function machine:job(options)
  local found = assert(device.select(device.list(self.root, modems.models)))
  local chosen
  for _, model in ipairs(modems.models) do
    if model.name == found.model then chosen = model end
  end
  return jobs.new { model = chosen, models = modems.models, device = found, root = self.root,
    options = options or {}, emit = function(event)
      local list = self[event.event .. "s"]
      if list then list[#list + 1] = event end
    end }
end

return machine

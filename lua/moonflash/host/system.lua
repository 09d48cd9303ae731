-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The system below a root: its files, programs and processes. With another root than "/", nothing of the real system
-- is read or run.

local paths = require "moonflash.base.paths"
local sys = require "moonflash.core.sys"

local system = {}

local FOLDERS = { "/usr/sbin", "/usr/bin", "/sbin", "/bin" }

--- The folder of a USB device in /sys with all links resolved, without the root.
function system.device_path(root, dev)
  local folder = sys.real_path(paths.below(root, "/sys/bus/usb/devices/" .. dev.place))
  return folder and paths.without(sys.real_path(root) or root, folder)
end

--- The text of a small file, without blanks around it; nil when it cannot be read.
function system.text(root, path)
  local text = sys.read_file(paths.below(root, path))
  return text and text:match "^%s*(.-)%s*$"
end

--- The path of an installed program, by its name without folders or its path below the root; nil when there is none.
function system.program(root, name)
  if name:find "/" then
    local path = paths.below(root, name)
    return sys.access(path, "x") and path or nil
  end
  for _, folder in ipairs(FOLDERS) do
    local path = paths.below(root, folder .. "/" .. name)
    if sys.access(path, "x") then return path end
  end
end

--- The ids of all processes, ascending.
function system.processes(root)
  local found = {}
  for _, name in ipairs(sys.list(paths.below(root, "/proc")) or {}) do
    if name:match "^%d+$" then found[#found + 1] = tonumber(name) end
  end
  table.sort(found)
  return found
end

--- The name of a process, at most 15 characters.
function system.process_name(root, pid)
  return system.text(root, ("/proc/%d/comm"):format(pid))
end

--- The id of the first process with a name, or nil.
function system.find_process(root, name)
  for _, pid in ipairs(system.processes(root)) do
    if system.process_name(root, pid) == name then return pid end
  end
end

-- The id of the process that was started last, as text; nil where the system does not tell.
local function newest_process(root)
  return (system.text(root, "/proc/loadavg") or ""):match "%d+$"
end

-- Between fork and exec a process has the name of its parent, on a busy machine for longer than a look. One that had
-- another name in so many looks keeps it.
local LOOKS = 4

-- One look for a process with a name: its id or nil; how often each other process has been seen by now; and whether all
-- of them are known.
local function look_for(root, name, times)
  local found, others, all_known = nil, {}, true
  for _, pid in ipairs(system.processes(root)) do
    local before = times[pid] or 0
    if before < LOOKS and system.process_name(root, pid) == name then
      found = found or pid
    else
      others[pid], all_known = before + 1, all_known and before + 1 >= LOOKS
    end
  end
  return found, others, all_known
end

--- A function that looks for a process with a name whenever it is called, and returns the id of the first one, or nil.
-- While no process is started it reads little.
function system.lookout(root, name)
  local times, found, all_known, newest = {}, nil, false, nil
  return function()
    local now = newest_process(root)
    if all_known and now and now == newest then
      return found and system.process_name(root, found) == name and found or nil
    end
    found, times, all_known = look_for(root, name, times)
    newest = now
    return found
  end
end

return system

--- The running system below a root: its files, its programs, its processes. Tests have a root of
-- their own, so nothing of the real system is ever looked at or run from there.
-- @module moonflash.host.system

local paths = require "moonflash.base.paths"
local sys = require "moonflash.core.sys"

local system = {}

local FOLDERS = { "/usr/sbin", "/usr/bin", "/sbin", "/bin" }

--- The folder of a USB device in /sys, all links resolved, as programs of that system say it.
-- @tparam string root
-- @tparam table dev
-- @treturn ?string
function system.device_path(root, dev)
  local folder = sys.real_path(paths.below(root, "/sys/bus/usb/devices/" .. dev.place))
  return folder and paths.without(sys.real_path(root) or root, folder)
end

--- A small file's text without blanks around it.
-- @tparam string root
-- @tparam string path below it, begins with a slash
-- @treturn ?string nil when it cannot be read
function system.text(root, path)
  local text = sys.read_file(paths.below(root, path))
  return text and text:match "^%s*(.-)%s*$"
end

--- Whether there is a folder.
-- @tparam string root
-- @tparam string path below it, begins with a slash
-- @treturn boolean
function system.is_folder(root, path)
  local seen = sys.stat(paths.below(root, path))
  return seen ~= nil and seen.kind == "folder"
end

--- Where a program is, if it is installed.
-- @tparam string root
-- @tparam string name without folders, or a path below the root
-- @treturn ?string path
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

--- The processes there are.
-- @tparam string root
-- @treturn table array of process ids, ascending
function system.processes(root)
  local found = {}
  for _, name in ipairs(sys.list(paths.below(root, "/proc")) or {}) do
    if name:match "^%d+$" then found[#found + 1] = tonumber(name) end
  end
  table.sort(found)
  return found
end

--- The name of a process, as the kernel keeps it (15 characters).
-- @tparam string root
-- @tparam number pid
-- @treturn ?string
function system.process_name(root, pid)
  return system.text(root, ("/proc/%d/comm"):format(pid))
end

--- Whether a process of this name runs.
-- @tparam string root
-- @tparam string name
-- @treturn boolean
function system.runs(root, name)
  for _, pid in ipairs(system.processes(root)) do
    if system.process_name(root, pid) == name then return true end
  end
  return false
end

return system

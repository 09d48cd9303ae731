--- The running system below a root: its files, its programs, its processes. Tests have a root of
-- their own, so nothing of the real system is ever looked at or run from there.
-- @module moonflash.host.system

local failure = require "moonflash.base.failure"
local interrupt = require "moonflash.base.interrupt"
local paths = require "moonflash.base.paths"
local sys = require "moonflash.core.sys"

local system = {}

local MOST_OUTPUT = 65536
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

-- A signal does not end the wait: what the program does is not left half done. The signal stays pending.
local function wait_for(pid, deadline)
  return interrupt.defer(sys.wait, pid, math.max(0, deadline - sys.clock_ms()))
end

local function ended_well(argv, pid, deadline)
  local status, problem = wait_for(pid, deadline)
  if status == 0 then return true end
  if problem and problem.code == "sys.timeout" then
    sys.kill(-pid, "KILL")
    sys.wait(pid, 1000)
  end
  return nil, problem or failure.new("sys.program", table.concat(argv, " ") .. " failed",
    { evidence = ("exit status %d"):format(status) })
end

--- Runs a program to its end: exec, no shell, no terminal.
-- @tparam table argv
-- @tparam number ms
-- @treturn boolean true when its exit status is 0, or nil and a failure
function system.run(argv, ms)
  local deadline = sys.clock_ms() + ms
  local pid, problem = sys.spawn(argv, { stdin = false, stdout = false, stderr = false, group = true })
  if not pid then return nil, problem end
  return ended_well(argv, pid, deadline)
end

-- All that comes through a pipe until it is closed, or the time or our patience with it is over.
local function collect(descriptor, deadline)
  local text = ""
  repeat
    local ready = sys.poll({ { fd = descriptor, read = true } }, math.max(0, deadline - sys.clock_ms()))
    local bytes = ready and ready[1] and sys.read(descriptor, MOST_OUTPUT)
    text = text .. (bytes or "")
  until not bytes or #text > MOST_OUTPUT
  return text
end

--- What a program writes to its standard output.
-- @tparam table argv
-- @tparam number ms
-- @treturn string text, or nil and a failure
function system.output(argv, ms)
  local deadline = sys.clock_ms() + ms
  local from, to = sys.pipe()
  if not from then return nil, to end
  local pid, problem = sys.spawn(argv, { stdin = false, stdout = to, stderr = false, group = true })
  sys.close(to)
  local text = pid and collect(from, deadline)
  sys.close(from)
  if not pid then return nil, problem end
  local ended
  ended, problem = ended_well(argv, pid, deadline)
  if not ended then return nil, problem end
  return text
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

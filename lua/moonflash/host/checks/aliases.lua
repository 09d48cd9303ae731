-- Whether the kernel's serial drivers know the ids of a modem in download mode, before it is there.
-- depmod writes /lib/modules/RELEASE/modules.alias: alias usb:v1199p9070d*dc*... qcserial

local sys = require "moonflash.core.sys"
local system = require "moonflash.host.system"

local aliases = {}

local SERIAL = "/sys/bus/usb-serial/drivers/"

-- In the order of preference: qcserial knows a modem that waits for an image by its one interface.
local drivers = { "qcserial", "option1" }

--- The file through which a driver that is loaded takes further ids.
-- @tparam string root
-- @treturn ?string path
function aliases.new_id(root)
  for _, driver in ipairs(drivers) do
    local path = system.path(root, SERIAL .. driver .. "/new_id")
    if sys.stat(path) then return path end
  end
end

local function was_given(root, vid, pid)
  for _, driver in ipairs(drivers) do
    local given = system.text(root, SERIAL .. driver .. "/new_id") or ""
    if given:lower():find(vid .. " " .. pid, 1, true) then return true end
  end
  return false
end

local function alias_file(root)
  local release = system.text(root, "/proc/sys/kernel/osrelease")
  local path = release and system.path(root, "/lib/modules/" .. release .. "/modules.alias")
  return path, path and sys.read_file(path)
end

-- A driver that is built in has no aliases.
local function is_module(list)
  return list:find(" qcserial\n", 1, true) ~= nil
end

--- Whether a driver will take a device with these ids.
-- @tparam string root
-- @tparam string ids "1199:9070"
-- @treturn ?boolean nil when there is no telling
-- @treturn ?string the file that tells
function aliases.knows(root, ids)
  local vid, pid = ids:lower():match "^(%x+):(%x+)$"
  if was_given(root, vid, pid) then return true end
  local path, list = alias_file(root)
  if not list or not is_module(list) then return nil end
  return list:find(("alias usb:v%sp%sd"):format(vid:upper(), pid:upper()), 1, true) ~= nil, path
end

return aliases

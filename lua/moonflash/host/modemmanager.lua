-- ModemManager's own way to leave one modem alone: InhibitDevice over D-Bus. The inhibition is the
-- connection's: when we end, however that is, it ends.
-- https://www.freedesktop.org/software/ModemManager/api/latest/gdbus-org.freedesktop.ModemManager1.html

local paths = require "moonflash.base.paths"
local sys = require "moonflash.core.sys"
local system = require "moonflash.host.system"

local inhibition = {}

local OPEN_MS, CALL_MS = 2000, 15000
local SOCKETS = { "/run/dbus/system_bus_socket", "/var/run/dbus/system_bus_socket" }

local function socket(root)
  for _, path in ipairs(SOCKETS) do
    local seen = sys.stat(paths.below(root, path))
    if seen and seen.kind == "socket" then return paths.below(root, path) end
  end
end

local function connect(root)
  local path = socket(root)
  if not path then return nil end
  local loaded, bus = pcall(require, "moonflash.core.dbus")
  if not loaded then return nil end
  return bus.open("unix:path=" .. path, OPEN_MS)
end

local function ask(connection, uid, hold)
  return connection:call({
    name = "org.freedesktop.ModemManager1", object = "/org/freedesktop/ModemManager1",
    interface = "org.freedesktop.ModemManager1", method = "InhibitDevice", uid, hold,
  }, CALL_MS)
end

--- Asks ModemManager to leave a device alone. Its name for it is the folder in /sys.
-- @tparam string root
-- @tparam table dev
-- @treturn function gives it back: true, or nil and a failure; or nil and, when it was asked, a failure
function inhibition.take(root, dev)
  local uid = system.device_path(root, dev)
  local connection, problem
  if uid then connection, problem = connect(root) end
  if not connection then return nil, problem end
  local accepted, refused = ask(connection, uid, true)
  if not accepted then
    connection:close()
    return nil, refused
  end
  return function()
    if not system.runs(root, "ModemManager") then -- another run has stopped it, and with it the inhibition
      connection:close()
      return true
    end
    local given, kept = ask(connection, uid, false)
    connection:close()
    return given, kept
  end
end

--- Whether the inhibition of a device holds for the whole update: it is for one folder in /sys, and a
-- SuperSpeed modem's loader comes up in another.
function inhibition.lasts(dev)
  if dev.mode == "application" then return (dev.speed or 0) < 5000 end
  return dev.peer == nil
end

return inhibition

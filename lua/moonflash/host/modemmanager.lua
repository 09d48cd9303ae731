-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- ModemManager: InhibitDevice over D-Bus, which makes it release one modem. The inhibition belongs to the D-Bus
-- connection, so it ends with this process, also when that is killed. It belongs to one process of ModemManager, too:
-- when that crashes, the next one knows nothing of it.
-- https://www.freedesktop.org/software/ModemManager/api/latest/gdbus-org.freedesktop.ModemManager1.html

local paths = require "moonflash.base.paths"
local sys = require "moonflash.core.sys"
local system = require "moonflash.host.system"

local modemmanager = {}

local PROCESS = "ModemManager"
local OPEN_MS, CALL_MS = 2000, 15000
local SUPERSPEED_MBIT = 5000
local SOCKET = "/var/run/dbus/system_bus_socket"

--- Its process id, or nil.
function modemmanager.process(root)
  return system.find_process(root, PROCESS)
end

--- A function that returns the same as modemmanager.process, and costs less each time.
function modemmanager.lookout(root)
  return system.lookout(root, PROCESS)
end

--- Its service in the init system that runs, as an entry of the paused services file (moonflash.host.paused), or nil.
function modemmanager.service(root)
  if system.program(root, "/etc/init.d/modemmanager") and system.program(root, "/sbin/procd") then
    return { kind = "procd", name = "modemmanager" }
  end
  if system.program(root, "systemctl") and sys.stat(paths.below(root, "/run/systemd/system")) then
    return { kind = "systemd", name = "ModemManager.service" }
  end
end

local function connect(root)
  local loaded, dbus = pcall(require, "moonflash.core.dbus")
  local path = paths.below(root, SOCKET)
  if loaded and sys.stat(path) then return dbus.open("unix:path=" .. path, OPEN_MS) end
end

-- Calls InhibitDevice. Returns the connection; or nil and, if there is a bus, a failure.
local function call(root, uid, hold)
  local connection, problem = connect(root)
  if not connection then return nil, problem end
  local accepted, refused = connection:call({
    name = "org.freedesktop.ModemManager1", object = "/org/freedesktop/ModemManager1",
    interface = "org.freedesktop.ModemManager1", method = "InhibitDevice", uid, hold,
  }, CALL_MS)
  if accepted then return connection end
  connection:close()
  return nil, refused
end

--- Inhibits a device. ModemManager calls a device by its folder in /sys, and refuses while it probes the device.
-- Returns the connection, whose end is that of the inhibition; or nil and, if there is a bus, a failure.
function modemmanager.inhibit(root, dev)
  local uid = system.device_path(root, dev)
  if uid then return call(root, uid, true) end
end

local denials = {
  ["org.freedesktop.DBus.Error.AccessDenied"] = true,               -- by the bus: its rules allow only root to inhibit
  ["org.freedesktop.ModemManager1.Error.Core.Unauthorized"] = true, -- by polkit
}

--- Whether a failure of modemmanager.inhibit is final: the user may not inhibit.
function modemmanager.is_denied(problem)
  return denials[problem.error] == true
end

--- Whether the user may inhibit devices; else false and, if there is a bus, a failure. Nothing is inhibited: it asks
-- for the end of an inhibition that does not exist.
function modemmanager.may_inhibit(root)
  local connection, problem = call(root, "/sys/none", false)
  if connection then connection:close() end
  return connection ~= nil or problem ~= nil and not modemmanager.is_denied(problem), problem
end

--- Whether an inhibition lasts for a whole update. It is for one folder in /sys, and the loader of a SuperSpeed modem
-- appears in another.
function modemmanager.inhibition_lasts(dev)
  if dev.mode == "application" then return (dev.speed or 0) < SUPERSPEED_MBIT end
  return dev.peer == nil
end

return modemmanager

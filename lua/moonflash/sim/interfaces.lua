-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The USB device of a modem in each mode: its ids, its interfaces, and the protocol behind each.

local at = require "moonflash.sim.at"
local failure = require "moonflash.base.failure"
local mbim = require "moonflash.sim.mbim"
local other_ports = require "moonflash.sim.other_ports"
local qdl = require "moonflash.sim.qdl_port"
local qmi = require "moonflash.sim.qmi"
local sahara = require "moonflash.sim.sahara_port"

local interfaces = {}

local protocols = {
  at = at, qmi = qmi, mbim = mbim, qdl = qdl, sahara = sahara,
  diag = other_ports.diag, nmea = other_ports.silent, mbim_data = other_ports.silent,
}

local function protocol_of(modem, kind)
  local is_loader = modem.mode == "download"
  if is_loader and modem.faults:value "diag-instead" then return other_ports.diag end
  if is_loader and modem.crashed then return other_ports.sahara end
  return protocols[kind]
end

local function open_port(modem, interface)
  local port = failure.try(modem.usb:open_port(modem.loop, interface.kind))
  port.receive = protocol_of(modem, interface.kind)(modem, port)
  return port
end

-- A composition may have other ids, and settings may have changed them.
local function ids_of(modem, mode, composition)
  local row, ids = modem.model[mode], modem.usb_ids or composition and composition.ids or {}
  return ids.vid or row.vid, ids[mode] or row.pid
end

local is_mbim = { mbim = true, mbim_data = true }

--- The device of a modem in a mode, with open ports.
-- @tparam string mode "application" or "download"
-- @treturn table device for usb:attach
function interfaces.make(modem, mode, place)
  local row, other = modem.model[mode], modem.model.compositions[modem.faults:value "composition"]
  local vid, pid = ids_of(modem, mode, other)
  local device = {
    place = place, vid = vid, pid = pid, product = row.product,
    manufacturer = modem.model.identity.manufacturer,
    serial = modem.faults:value "serial" or modem.model.serial,
    speed = modem.usb:speed(place, modem.boot_place), number = modem.number, interfaces = {},
  }
  for index, interface in ipairs(mode == "application" and other or row.interfaces) do
    device.interfaces[index] = {
      number = interface.number, kind = interface.kind, port = open_port(modem, interface),
      driverless = other and other.ids and not is_mbim[interface.kind],
    }
  end
  return device
end

--- Lets another program have all ports open, for some seconds. They hang up when the device vanishes.
function interfaces.hold(modem, seconds)
  local release = modem.usb:hold(modem.device)
  modem.recorder:note("held", { held = true })
  modem:after(seconds, function()
    release()
    modem.recorder:note("held", { held = false })
  end)
end

--- Closes all ports: programs that have one open see it hang up.
function interfaces.hang_up(device)
  for _, interface in ipairs(device.interfaces) do interface.port:close() end
end

return interfaces

-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The state machine of a modem: its mode, when it is attached and detached, what it runs.

local image_store = require "moonflash.sim.image_store"
local interfaces = require "moonflash.sim.interfaces"
local power = require "moonflash.sim.power"
local tables = require "moonflash.base.table"

local modem = {}
modem.__index = modem

local unplugged_seconds = 2

local function seconds_of(model, faults)
  return tables.merge(model.seconds, { window = faults:value "window", reset = faults:value "reset",
    last_ack = faults:value "last-ack" or model.last_ack })
end

--- A modem that is not attached yet. The world has loop, usb and time_scale. The number tells several apart.
function modem.new(world, model, faults, recorder, number)
  local place, boot_place = faults:value "place", nil
  if not place then place, boot_place = world.usb:places(model, number) end
  return setmetatable({
    loop = world.loop, usb = world.usb, time_scale = world.time_scale,
    model = model, faults = faults, recorder = recorder, number = number,
    store = image_store.new(model, faults), seconds = seconds_of(model, faults),
    crashed = faults:value "memory-debug", user_off = faults:value "low-power",
    place = place, boot_place = faults:value "boot-place" or boot_place or place,
    epoch = 0,
  }, modem)
end

--- Calls a function later, unless the modem was detached meanwhile. The seconds are multiplied by the time scale.
function modem:after(seconds, action)
  local epoch = self.epoch
  self.loop:after(self:milliseconds(seconds), function()
    if self.epoch == epoch then action() end
  end)
end

--- The ms of some seconds of the modem's time.
function modem:milliseconds(seconds)
  return seconds * 1000 * self.time_scale
end

local function note_usb(self, action)
  local device = self.device
  self.recorder:note("usb", {
    action = action, place = device.place, vid = device.vid, pid = device.pid, mode = self.mode,
  })
end

local entered = {}

function entered.application(self)
  self.store:boot()
  self.entered_by = nil
  power.boot(self)
  self.ready_at = self.loop:now() + self:milliseconds(self.faults:value "not-ready" or 0)
  self.recorder:note("mode", {
    mode = "application", power = self.power, running = self.store.running, preferred = self.store.preferred,
  })
end

-- A loader that gets no request for the time of its window, from `active_at` on, leaves download mode, unless the flash
-- has a torn image.
local function watch_window(self)
  local window, idle = self:milliseconds(self.seconds.window), self.loop:now() - self.active_at
  if idle >= window and not self.torn then
    self.recorder:note("window", { idle = idle })
    return self:leave_download()
  end
  local part = idle < window and 1 - idle / window or 1
  self:after(self.seconds.window * part, function() watch_window(self) end)
end

-- A crashed modem stays, and one without a window.
function entered.download(self)
  self.active_at = self.loop:now()
  if self.crashed or not self.seconds.window then return end
  self:after(self.seconds.window, function() watch_window(self) end)
end

--- Attaches the modem in a mode, "application" or "download".
function modem:attach(mode)
  self.mode = mode
  entered[mode](self)
  self.device = interfaces.make(self, mode, mode == "download" and self.boot_place or self.place)
  if self.hold_seconds then interfaces.hold(self, self.hold_seconds) end
  self.hold_seconds = nil
  self.usb:attach(self.device)
  note_usb(self, "add")
  self.usb:when_ready(self.device, self, function()
    note_usb(self, "ready")
    if self.on_ready then self.on_ready() end
  end)
end

--- Detaches the modem: all its ports hang up, all its timers stop.
function modem:detach()
  if not self.device then return end
  self.epoch = self.epoch + 1
  interfaces.hang_up(self.device)
  self.usb:detach(self.device)
  note_usb(self, "remove")
  self.device, self.mode, self.restarting = nil, nil, nil
end

local function come_back(self, mode, seconds)
  self:detach()
  if mode == "application" then self.place = self.faults:value "come-back-place" or self.place end
  self:after(seconds, function() self:attach(mode) end)
end

local function make_places(self)
  for _, place in ipairs { self.place, self.boot_place } do
    self.usb:make_place(place, self.usb:speed(place, self.boot_place))
  end
  if self.place ~= self.boot_place then self.usb:make_peers(self.place, self.boot_place) end
end

--- Attaches the modem for the first time.
function modem:start()
  make_places(self)
  self:attach(self.faults:value "start" or "application")
end

--- Unplugs the modem for a moment.
function modem:unplug()
  come_back(self, self.torn and "download" or "application", unplugged_seconds)
end

--- Unplugs the modem for a moment and plugs it in at another place.
function modem:move()
  self.place, self.boot_place = self.usb:next_place(self.place), self.usb:next_place(self.boot_place)
  make_places(self)
  self:unplug()
end

local function begin_restart(self)
  self.restarting = true
  self.recorder:note("restart", { from = self.mode })
end

--- Disconnects after some seconds and returns in download mode.
function modem:restart_into_download(how, seconds)
  self.entered_by = how
  begin_restart(self)
  local mode = self.faults:value "skips-download" and "application" or "download"
  self:after(seconds, function() come_back(self, mode, self.seconds.boot) end)
end

--- Disconnects after some seconds and returns in the mode that the preference requires.
function modem:restart(seconds)
  if self.store.wanted[1] then return self:restart_into_download("preference", seconds) end
  if self.boot_download then return self:restart_into_download("boot download mode", seconds) end
  begin_restart(self)
  local firmware, settings = self.store:mismatch()
  local gone = (firmware or settings) and self.seconds.switch or self.seconds.application
  self:after(seconds, function() come_back(self, "application", gone) end)
end

--- Sets the preference; see moonflash.sim.image_store.
function modem:prefer(pair, override, slot)
  local wanted = self.store:prefer(pair, override, slot)
  self.recorder:note("preference", { preferred = self.store.preferred })
  return wanted
end

--- Family and firmware: SWI9X30C_02.08.02.00
function modem:version()
  return self.model.family .. "_" .. self.store.running.firmware
end

--- The revision as of DMS. Older families add builder and date.
function modem:revision()
  return self.faults:value "revision" or self:version() .. (self.model.tells_build and self.model.identity.build or "")
end

--- An image was written completely.
function modem:image_taken(contents)
  self.torn, self.boot_download = false, false
  self.active_at = self.loop:now()
  self.usb_ids = contents.usb_ids or self.usb_ids
  self.store:take(contents, self.entered_by ~= "boothold")
end

--- The loader resets: to the application, or to itself when the flash has a torn image.
function modem:leave_download()
  self.crashed = nil
  if self.torn then return come_back(self, "download", self.seconds.boot) end
  come_back(self, "application", self.seconds.application)
end

return modem

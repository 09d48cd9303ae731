-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The sessions of a job on the ports of its modem (QMI, AT, download), each opened when it is first used; and the
-- sources of its images. These are methods of every job.

local channel = require "moonflash.device.channel"
local describe = require "moonflash.device.describe"
local device = require "moonflash.device"
local failure = require "moonflash.base.failure"
local limits = require "moonflash.base.limits"
local model = require "moonflash.engine.model"
local port_users = require "moonflash.host.port_users"
local qmi = require "moonflash.protocol.qmi"
local sys = require "moonflash.core.sys"
local usb_ids = require "moonflash.device.usb_ids"

local ports = {}

-- After these failures the session is closed: a late answer may still come, or the modem was away.
local closes_session = { ["qmi.timeout"] = true, ["qmi.closed"] = true, ["qmi.malformed"] = true }

-- Locks the modem, for asking at least, and finds it again if it was replugged.
local function prepare(self)
  if self.finalized then error("this job was finalized: it has no ports any more", 3) end
  local locked, busy = self:lock(true)
  if not locked then return nil, busy end
  return self:refresh_device()
end

-- What to do about a device without a port for a running modem.
local function port_hint(dev, waits)
  if waits then return "run `moonflash recover` first, with the files if an update was cut off" end
  local lacks = dev.transport == "usb" and channel.lacks_usb(dev.root)
  if lacks then return ("leave out --transport usb: %s"):format(lacks) end
  if device.is_disc(dev) then return "install usb-modeswitch: it makes a modem of the disc" end
  if device.may_be_loader(dev) then
    return "a modem with one interface may wait for an image. If it is a supported one with other USB ids, say which: "
      .. "moonflash recover --model NAME FILE..."
  end
end

-- A modem in download mode has no other port, whatever the drivers.
local function no_port(self, kind)
  local waits = self.device.mode ~= "application" and kind ~= "download"
  return nil, failure.new("device.no_port",
    ("the modem has no %s port%s"):format(kind, waits and " while it waits for an image" or ""),
    { evidence = ("%s; drivers: %s"):format(device.describe(self.device), describe.drivers(self.device)),
      final = kind ~= "download",
      hint = port_hint(self.device, waits) })
end

-- Over USB no driver of the kernel names the port in its log.
local function note_usb(self, address)
  if channel.usb_interface(address) then self:note(address .. ": over USB, without a serial driver") end
end

-- A method that closes the session in a field of the job.
local function closes(field)
  return function(self)
    local session = self[field]
    self[field] = nil
    if session then session:close() end
  end
end

-- Two programs on one port take answers of each other. A query goes through the proxy that has the port, as those of
-- ModemManager do; a job that changes the modem has the port for itself.
local function goes_through_proxy(self)
  return self.options.proxy or not self.changing and port_users.has_proxy(self)
end

--- The QMI session of the modem. A job that changes the modem begins it with SYNC, which frees the clients that other
-- programs left.
-- @treturn table the session, or nil and a failure
-- @raise when the job was finalized
function ports:qmi()
  if self.session then return self.session end
  local ready, problem = prepare(self)
  if not ready then return nil, problem end
  local nodes, mbim = self.device.nodes, self.options.mbim
  if mbim == nil then mbim = #nodes.qmi == 0 end
  local path = nodes.qmi[1] or nodes.mbim[1]
  if not path then return no_port(self, "QMI") end
  self.session, problem = qmi.open(path, { mbim = mbim, proxy = goes_through_proxy(self), sync = self.changing,
    timeout_ms = self:ms(limits.qmi_open) })
  return self.session, problem
end

--- One QMI request: `job:request(dms.get_revision)`.
-- @tparam table message an entry of moonflash.protocol.qmi.dms or of your own table
-- @tparam[opt] table fields of the request
-- @tparam[opt] number seconds for the answer
-- @treturn table the fields of the answer, or nil and a failure
function ports:request(message, fields, seconds)
  local session, problem = self:qmi()
  if not session then return nil, problem end
  local answer, failed = session:request(message, fields, self:ms(seconds or limits.qmi_request))
  if not answer and closes_session[failed.code] then self:close_qmi() end
  self.port_lost = not answer and failed.code == "qmi.closed"
  return answer, failed
end

--- Closes the QMI session.
-- @tparam[opt] table options release: the client id is released; not for a modem that is about to reset
function ports:close_qmi(options)
  local session = self.session
  self.session = nil
  if session then session:close(self:scaled(limits.qmi_close), options) end
end

--- The AT session of the modem.
-- @treturn table the session (moonflash.protocol.at), or nil and a failure
-- @raise when the job was finalized
function ports:at()
  if self.at_session and self.at_of == self.device.number then return self.at_session end
  self:close_at() -- it belongs to the port of before a restart
  local ready, problem = prepare(self)
  if not ready then return nil, problem end
  local path = self.device.nodes.at
  if not path then return no_port(self, "AT") end
  note_usb(self, path)
  self.at_session, problem = device.open_node(path, require("moonflash.protocol.at").open,
    self:ms(limits.node))
  self.at_of = self.device.number
  return self.at_session, problem
end

--- Closes the AT session.
ports.close_at = closes "at_session"

-- Adds the port, and the time since the reset was requested.
local function add_evidence(self, problem)
  local where = "interface 0 of " .. self.device.place
  if self.reset_requested_at then
    where = ("%s, %.1f s after its restart was requested"):format(where,
      (sys.clock_ms() - self.reset_requested_at) / 1000)
  end
  failure.add_evidence(problem, where)
end

-- A modem that was in download mode when the job started may still write what an earlier run sent. That is so until
-- it has answered or timed out once.
local function busy_handler(self)
  if not self.started_in_download then return nil end
  self.started_in_download = nil
  return function(ms, code)
    self:warn(code, ("the modem does not answer; it may still write what an earlier run sent: "
      .. "waiting up to %.0f s"):format(ms / 1000))
  end
end

local function first(models, is_meant)
  for _, one in ipairs(models or {}) do
    if is_meant(one) then return one end
  end
end

-- A model that has the modem's ids, and the model that the job or the user names.
local function models_of(self)
  local name, ids = self.options.model, (self.device.vid or "") .. ":" .. (self.device.pid or "")
  return first(self.models, function(one) return usb_ids.modes(one, ids) end),
    self.model or name and first(self.models, function(one) return model.answers_to(one, name) end)
end

--- The download protocol of the modem, "qdl" or "firehose": by its ids, else by the model that the job or the user
-- names.
-- @treturn string
-- @treturn boolean whether the named model has another one
function ports:download_protocol()
  local by_ids, named = models_of(self)
  local protocol, other = (by_ids or named or {}).download or "qdl", (named or by_ids or {}).download or "qdl"
  return protocol, protocol ~= other
end

local function open_download(self, path, within_ms)
  local download = require("moonflash.protocol." .. self:download_protocol())
  local options = { chunk = self.options.chunk_size, scale = self.options.timeout_scale, within_ms = within_ms,
    fresh = self.reset_requested_at ~= nil and not self.image_begun, resumes = self.greeted == self.device.number,
    listened = self.listened == self.device.number, longest = self.set and self.set.bytes,
    on_busy = busy_handler(self), on_log = function(text) self:note("the loader says: " .. text) end,
    on_opened = function() self:begin_image() end,
    is_there = function() return device.is_there(self.device) end,
    on_reset = function() self.phase = self.phase == "transfer" and "booting" or self.phase end }
  return device.open_node(path, function() return download.open(path, options) end, self:ms(limits.node))
end

--- The download session: port open and greeted.
-- @tparam[opt] number within_ms how long a silent modem is greeted; some seconds when not given
-- @treturn table the session, or nil and a failure
-- @raise when the job was finalized
function ports:download(within_ms)
  if self.loader then return self.loader end
  local ready, problem = prepare(self)
  if not ready then return nil, problem end
  local path = self.device.mode == "download" and self.device.nodes.qdl
  if not path then return no_port(self, "download") end
  if select(2, self:download_protocol()) then
    return nil, failure.new("image.wrong_model", "a modem with these USB ids has another download protocol",
      { evidence = describe.device(self.device), final = true, phase = "untouched" })
  end
  note_usb(self, path)
  self.loader, problem = open_download(self, path, within_ms)
  self.greeted = self.loader and self.device.number or self.greeted
  if self.loader or not problem.code:match "^port%." then self.listened = self.device.number end
  if not self.loader and problem.code:match("^" .. self:download_protocol()) then add_evidence(self, problem) end
  return self.loader, problem
end

--- Closes the download port.
ports.close_download = closes "loader"

--- Opens the sources of all images that were not sent yet: a modem in download mode does not wait for a web server.
-- They stay open until they are sent.
-- @treturn boolean true, or nil and the first failure
function ports:prepare_images()
  for _, image in ipairs(self.set and self.set.images or {}) do
    if not self.sent[image] then
      local ready, problem = image:prepare()
      if not ready then return nil, problem end
    end
  end
  return true
end

return ports

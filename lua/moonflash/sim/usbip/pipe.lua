-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The port of a USB interface. A serial port sends by its bulk IN endpoint. A control port of QMI or MBIM sends each
-- message as the response to a GET_ENCAPSULATED_RESPONSE, after a notification by its interrupt endpoint (USB CDC 1.2).

local port = require "moonflash.sim.port"
local T = require("moonflash.sim.template").new

local response_available = T "a1 01 00 00 <interface:2> 00 00"

-- The next bytes for a transfer of this length; nil for none.
local function take(self, length)
  local chunk = self.chunks[1]
  if not chunk then return nil end
  if #chunk > length and not self.is_control then
    self.chunks[1] = chunk:sub(length + 1)
    return chunk:sub(1, length)
  end
  return table.remove(self.chunks, 1):sub(1, length)
end

local function take_notice(self)
  if self.unannounced == 0 then return nil end
  self.unannounced = self.unannounced - 1
  return response_available:fill { interface = self.interface.number }
end

-- Answers waiting transfers while there is something for them.
local function serve(self)
  local next_bytes = self.is_control and take_notice or take
  while self.waiting[1] do
    local data = next_bytes(self, self.waiting[1].length)
    if not data then return end
    self.answer(table.remove(self.waiting, 1), data)
  end
end

local function way_of(self)
  return {
    write = function(bytes)
      self.chunks[#self.chunks + 1] = bytes
      self.unannounced = self.unannounced + 1
      serve(self)
    end,
    stop_reading = function() self.deaf = true end,
    when_opened = function(action) self.on_opened = action end,
    close = function() end,
  }
end

local pipe = {}

--- Opens the port of an interface of a kind.
function pipe.open(loop, kind)
  local self = port.new(loop, kind)
  self.is_control = kind == "qmi" or kind == "mbim"
  self.way, self.chunks, self.unannounced, self.waiting = way_of(self), {}, 0, {}
  return self
end

--- Connects the port with an interface. answer(request, data) ends an IN transfer.
function pipe.connect(self, interface, answer)
  self.interface, self.answer, self.waiting = interface, answer, {}
end

--- Takes an IN transfer of the endpoint that this port sends by. The first one means that a program opens the port.
function pipe.wait(self, request)
  local on_opened = self.on_opened
  self.on_opened = nil
  if on_opened then on_opened() end
  self.waiting[#self.waiting + 1] = request
  serve(self)
end

--- Takes a transfer back. Returns whether it was waiting.
function pipe.cancel(self, sequence)
  for index, request in ipairs(self.waiting) do
    if request.sequence == sequence then return table.remove(self.waiting, index) end
  end
end

--- The next message, for GET_ENCAPSULATED_RESPONSE.
pipe.response = take

return pipe

-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The download port: finds frames, write headers and raw data in the received bytes, in any split.

local hdlc = require "moonflash.core.hdlc"
local loader = require "moonflash.sim.qdl_loader"

local flag, write_command = "~", "'" -- 0x7e, 0x27
local longest_frame = 1024
local timeout_seconds, least_timeout_ms = 10, 500

-- Each of these gets the unused bytes and returns how many it used; 0: more are needed.

local function take_frame(self, rest)
  local closing = rest:find(flag, 2, true)
  if not closing then return #rest > longest_frame and #rest or 0 end
  if closing == 2 then return 1 end -- of two flags in a row the second one opens
  local payload = self.decoder:feed(rest:sub(1, closing))[1]
  if payload then self.loader:command(payload) else self.loader:bad_frame() end
  return closing
end

local function take_write_header(self, rest)
  if #rest < loader.write_header_size then return 0 end
  self.dropping = not self.loader:begin_write(rest:sub(1, loader.write_header_size))
  return loader.write_header_size
end

local function take_garbage(self, rest)
  local at = (rest:find(flag, 1, true) or #rest + 1) - 1
  self.modem.recorder:violation("qdl", ("%.0f bytes outside of frames"):format(at))
  return at
end

local function take(self, rest)
  if self.dropping then return #rest end
  if self.loader:pending() > 0 then return self.loader:data(rest) end
  local first = rest:sub(1, 1)
  if first == flag then return take_frame(self, rest) end
  if first == write_command then return take_write_header(self, rest) end
  return take_garbage(self, rest)
end

-- It is not known whether a real loader waits for ever for the rest of a write. Most likely it does not.
local function watch_silence(self)
  if self.port.closed then return end
  local loop, timeout = self.modem.loop, self.modem:milliseconds(timeout_seconds)
  local left = self.modem.active_at + math.max(least_timeout_ms, timeout) - loop:now()
  self.watching = left > 0
  if self.watching then return loop:after(left, function() watch_silence(self) end) end
  if self.loader:pending() > 0 then self.loader:timed_out() end
  self.rest, self.dropping = "", false
end

local function receive(self, bytes)
  self.modem.active_at = self.modem.loop:now()
  if not self.watching and not self.modem.faults:value "patient" then watch_silence(self) end
  self.rest = self.rest .. bytes
  while self.rest ~= "" and not self.port.closed do
    local taken = take(self, self.rest)
    if taken == 0 then break end
    self.rest = self.rest:sub(taken + 1)
  end
end

--- Starts on a port.
-- @treturn function takes bytes from the host, in any split
return function(modem, port)
  local self = {
    modem = modem, port = port, loader = loader.new(modem, port),
    rest = "", decoder = hdlc.decoder(longest_frame),
  }
  return function(bytes) receive(self, bytes) end
end

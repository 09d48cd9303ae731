--- The download port: finds frames, write headers and raw data in the received bytes, in any split.

local hdlc = require "moonflash.core.hdlc"
local loader = require "moonflash.sim.qdl_loader"

local qdl = {}
qdl.__index = qdl

local flag, write_command = "~", "'" -- 0x7e, 0x27
local longest_frame = 1024
local timeout_seconds, least_timeout_ms = 10, 500

--- Starts on a port.
function qdl.new(modem, port)
  return setmetatable({
    modem = modem, port = port, loader = loader.new(modem, port),
    rest = "", decoder = hdlc.decoder(longest_frame),
  }, qdl)
end

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

local function fell_silent(self)
  self.watching = false
  if self.port.closed then return end
  if self.loader:pending() > 0 then self.loader:timed_out() end
  self.rest, self.dropping = "", false
end

-- It is not known whether a real loader waits for ever for the rest of a write. Most likely it does not.
local function watch_silence(self)
  if self.modem.faults:value "patient" then return end
  self.active_at = self.modem.loop:now()
  if self.watching then return end
  self.watching = true
  local timeout = math.max(least_timeout_ms, self.modem:milliseconds(timeout_seconds))
  local function look()
    local left = self.active_at + timeout - self.modem.loop:now()
    if left > 0 then return self.modem.loop:after(left, look) end
    fell_silent(self)
  end
  self.modem.loop:after(timeout, look)
end

--- Takes bytes from the host.
function qdl:receive(bytes)
  self.modem:restart_window()
  watch_silence(self)
  local rest = self.rest .. bytes
  while rest ~= "" and not self.port.closed do
    local taken = take(self, rest)
    if taken == 0 then break end
    rest = rest:sub(taken + 1)
  end
  self.rest = rest
end

return qdl

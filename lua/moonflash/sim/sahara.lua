--- A crashed modem in memory debug mode: it sends a Sahara hello first and as the answer to everything (trace
-- notqdl-mc7455-sahara-memory-debug), and restarts on a reset request.

local bytes = require "moonflash.core.bytes"
local T = require("moonflash.sim.template").new

local sahara = {}
sahara.__index = sahara

local hello = T "01 00 00 00 30 00 00 00 02 00 00 00 01 00 00 00 00 04 00 00 02 00 00 00":fill()
  .. ("\0"):rep(24)
local reset_request = T "07 00 00 00 08 00 00 00":fill()
local reset_answer = T "08 00 00 00 08 00 00 00":fill()

--- Starts on a port.
function sahara.new(modem, port)
  port:send(hello)
  return setmetatable({ modem = modem, port = port }, sahara)
end

--- Takes bytes from the host.
function sahara:receive(text)
  self.modem.recorder:note("sahara", { request = bytes.hex(text:sub(1, 16), " ") })
  if text ~= reset_request then return self.port:send(hello) end
  self.port:send(reset_answer)
  self.modem:leave_download()
end

return sahara

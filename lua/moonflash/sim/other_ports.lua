-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Ports that are of no use for an update. Each function starts on a port, and returns a function that takes bytes from
-- the host, in any split.

local bytes = require "moonflash.core.bytes"
local hdlc = require "moonflash.core.hdlc"
local T = require("moonflash.sim.template").new

local other_ports = {}

local bad_command = "\19"
local hello = T "01 00 00 00 30 00 00 00 02 00 00 00 01 00 00 00 00 04 00 00 02 00 00 00 <rest:24b>":fill { rest = "" }
local reset_request = T "07 00 00 00 08 00 00 00":fill()
local reset_answer = T "08 00 00 00 08 00 00 00":fill()

--- A port that never answers.
function other_ports.silent()
  return function() end
end

--- A DIAG port: it answers every request with "bad command" (0x13) and the request, without a leading flag
-- (trace notqdl-em7455-diag-port).
function other_ports.diag(modem, port)
  local decoder = hdlc.decoder(4096)
  return function(text)
    for _, payload in ipairs(decoder:feed(text)) do
      modem.recorder:note("diag", { port = port.name, request = bytes.hex(payload:sub(1, 16), " ") })
      port:send(hdlc.frame(bad_command .. payload):sub(2))
    end
  end
end

--- A crashed modem in memory debug mode: it sends a Sahara hello first and as the answer to everything (trace
-- notqdl-mc7455-sahara-memory-debug), and restarts on a reset request.
function other_ports.sahara(modem, port)
  port:send(hello)
  return function(text)
    modem.recorder:note("sahara", { request = bytes.hex(text:sub(1, 16), " ") })
    if text ~= reset_request then return port:send(hello) end
    port:send(reset_answer)
    modem:leave_download()
  end
end

return other_ports

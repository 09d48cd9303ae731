-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- A control port in MBIM mode: open, close, and QMI in commands of the vendor's service
-- (reference: qmi 8; traces qmi-over-mbim-fcc-auth and mbim-close).

local bytes = require "moonflash.core.bytes"
local qmi = require "moonflash.sim.qmi"
local services = require "moonflash.sim.mbim_services"
local T = require("moonflash.sim.template").new

local requests = {
  open = T "01 00 00 00 <length:4> <transaction:4> <longest:4>",
  close = T "02 00 00 00 <length:4> <transaction:4>",
  command = T [[03 00 00 00 <length:4> <transaction:4> 01 00 00 00 00 00 00 00 <service:16b> <command:4>
                <kind:4> <data:4s>]],
}
local opened = T "01 00 00 80 10 00 00 00 <transaction:4> 00 00 00 00"
local closed = T "02 00 00 80 10 00 00 00 <transaction:4> 00 00 00 00"
local command_done = T [[03 00 00 80 <length:4> <transaction:4> 01 00 00 00 00 00 00 00 <service:16b>
                         <command:4> <status:4> <data:4s>]]
local qmi_service = T "d1 a3 0b c2 f9 7a 6e 43 bf 65 c7 e2 4f b0 f0 d3":fill()

local no_support = 9
local head_size, command_head_size, longest = 8, 48, 4096

local function answer_command(self, request, status, data)
  self.port:send(command_done:fill {
    length = command_head_size + #data, transaction = request.transaction, service = request.service,
    command = request.command, status = status, data = data,
  })
end

local handlers = {}

function handlers.open(self, request)
  self.open = true
  self.port:send(opened:fill(request))
end

-- A modem that is about to reset does not answer the close (libqmi commit bfaf09a2).
function handlers.close(self, request)
  self.open = false
  if not self.modem.restarting then self.port:send(closed:fill(request)) end
end

function handlers.command(self, request)
  if request.service == services.BASIC_CONNECT then
    return answer_command(self, request, services.answer(self.modem, request.command, request.kind, request.data))
  end
  if request.service ~= qmi_service then return answer_command(self, request, no_support, "") end
  self.asked = request
  self.receive_qmi(request.data)
end

local function serve(self, message)
  local recorder = self.modem.recorder
  for name, template in pairs(requests) do
    local request = template:match(message)
    if request then
      recorder:note("mbim", { port = self.port.name, request = name })
      if name ~= "open" and not self.open then recorder:violation("mbim", name .. " before open") end
      return handlers[name](self, request)
    end
  end
  recorder:violation("mbim", "no request: " .. bytes.hex(message:sub(1, 16), " "))
end

--- Starts on a port. Returns a function that takes bytes from the host, in any split. new_qmi makes the receiver of
-- QMI requests (moonflash.sim.qmi).
return function(modem, port, new_qmi)
  local self, rest = { modem = modem, port = port }, ""
  -- The port for QMI: an answer is sent as the end of the MBIM command with the request.
  local inner_port = { send = function(_, answer) answer_command(self, self.asked, 0, answer) end }
  self.receive_qmi = (new_qmi or qmi)(modem, setmetatable(inner_port, { __index = port }))
  return function(text)
    rest = rest .. text
    while #rest >= head_size and not port.closed do
      local size = bytes.get_u32le(rest, 5)
      if size < head_size or size > longest then
        rest = ""
        return modem.recorder:violation("mbim", "no message")
      end
      if #rest < size then return end
      local message = rest:sub(1, size)
      rest = rest:sub(size + 1)
      serve(self, message)
    end
  end
end

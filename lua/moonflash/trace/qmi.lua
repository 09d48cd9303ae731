--- A QMI port that tells a trace what is asked and answered. It stands before a port of
-- moonflash.core.qmi and is used like one.
-- @module moonflash.trace.qmi

local bytes = require "moonflash.core.bytes"
local redact = require "moonflash.trace.redact"

local qmi = {}
qmi.__index = qmi

--- Puts a teller before a port.
-- @tparam table trace
-- @tparam userdata port
-- @tparam number interface
function qmi.new(trace, port, interface)
  return setmetatable({ trace = trace, port = port, interface = interface }, qmi)
end

--- A message as a trace has it.
-- @tparam number service
-- @tparam number message
-- @tparam {{number,string},...} tlvs in the order of the wire
-- @treturn table service, message, tlvs = { "01 0a0b", ... }
function qmi.fields(service, message, tlvs)
  local fields = { service = service, message = "0x" .. bytes.hex_number(message, 4), tlvs = {} }
  for index, tlv in ipairs(tlvs) do
    local value = redact.tlv(service, message, tlv[1], tlv[2])
    fields.tlvs[index] = bytes.hex_number(tlv[1], 2) .. " " .. bytes.hex(value, "")
  end
  return fields
end

local function sorted(answer)
  local tlvs = {}
  for number, value in pairs(answer) do tlvs[#tlvs + 1] = { number, value } end
  table.sort(tlvs, function(a, b) return a[1] < b[1] end)
  return tlvs
end

local function write(self, direction, fields)
  fields["if"], fields.dir = self.interface, direction
  self.trace:write("qmi", fields)
end

--- As of the port.
function qmi:request(service, client, message, tlvs, ms)
  write(self, ">", qmi.fields(service, message, tlvs))
  local answer, problem = self.port:request(service, client, message, tlvs, ms)
  if answer then
    write(self, "<", qmi.fields(service, message, sorted(answer)))
  else
    write(self, "<", { failure = problem.code })
  end
  return answer, problem
end

--- As of the port.
function qmi:close(ms)
  return self.port:close(ms)
end

return qmi

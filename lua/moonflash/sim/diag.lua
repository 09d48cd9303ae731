--- A DIAG port: it answers every request with "bad command" (0x13) and the request, without a leading flag
-- (trace notqdl-em7455-diag-port).

local bytes = require "moonflash.core.bytes"
local hdlc = require "moonflash.core.hdlc"

local diag = {}
diag.__index = diag

local bad_command = "\19"

--- Starts on a port.
function diag.new(modem, port)
  return setmetatable({ modem = modem, port = port, decoder = hdlc.decoder(4096) }, diag)
end

--- Takes bytes from the host, in any split.
function diag:receive(text)
  for _, payload in ipairs(self.decoder:feed(text)) do
    self.modem.recorder:note("diag", { port = self.port.name, request = bytes.hex(payload:sub(1, 16), " ") })
    self.port:send(hdlc.frame(bad_command .. payload):sub(2))
  end
end

return diag

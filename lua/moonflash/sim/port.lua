-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- A port of the modem, for the protocol behind it. A way out of the simulator (a pseudo terminal, a USB interface) is
-- a table of functions: write(bytes), stop_reading(), close(). A way of single transfers also has when_opened(action),
-- which calls a function once when a program opens the port, and calls `receive` once for each transfer.

local port = {}
port.__index = port

--- A port with a name for the log (ttyUSB0, cdc-wdm0). The way calls `receive` with the bytes of the host.
function port.new(loop, name, way)
  return setmetatable({ loop = loop, name = name, way = way, receive = function() end }, port)
end

--- Sends bytes as soon as there is room; nothing after the port was closed.
function port:send(bytes)
  if self.closed or bytes == "" then return end
  if not self.behind then return self.way.write(bytes) end
  self.behind[#self.behind + 1] = bytes
end

--- Sends bytes some ms later, and after them all bytes sent meanwhile.
function port:send_late(bytes, ms)
  if self.behind then return self:send(bytes) end
  self.behind = { bytes }
  self.loop:after(ms, function()
    local list = self.behind
    self.behind = nil
    for _, late in ipairs(list) do self:send(late) end
  end)
end

--- Stops reading, as a modem that hangs: a program that writes will block.
function port:stop_reading()
  self.way.stop_reading()
end

--- Whether the way tells the host's transfers apart.
function port:has_transfers()
  return self.way.when_opened ~= nil
end

--- Calls a function when a program opens the port; at once where that is not noticed.
function port:when_opened(action)
  if self:has_transfers() then self.way.when_opened(action) else action() end
end

--- Hangs up.
function port:close()
  if self.closed then return end
  self.closed = true
  self.way.close()
end

return port

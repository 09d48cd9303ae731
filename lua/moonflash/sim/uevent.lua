--- The kernel's announcements, by a datagram socket ROOT/uevent instead of netlink: who sends it
-- one byte "+" gets every event from then on.
-- @module moonflash.sim.uevent

local sys = require "moonflash.core.sys"

local uevent = {}
uevent.__index = uevent

local function subscribe(self)
  local text, address = sys.receive_from(self.fd)
  if text == "+" then self.listeners[address] = true end
end

--- Makes the socket.
-- @tparam string root
-- @tparam loop loop
-- @treturn uevent or nil and a failure
function uevent.open(root, loop)
  sys.remove(root .. "/uevent")
  local fd, failure = sys.datagram(root .. "/uevent")
  if not fd then return nil, failure end
  local self = setmetatable({ path = root .. "/uevent", fd = fd, listeners = {}, number = 1000 }, uevent)
  loop:watch(fd, function() subscribe(self) end)
  return self
end

--- Tells every listener.
-- @tparam string action add, remove, bind, unbind
-- @tparam string path below /sys
-- @tparam string subsystem
-- @tparam[opt] table more { "NAME=value", ... }
function uevent:send(action, path, subsystem, more)
  self.number = self.number + 1
  local parts = { action .. "@" .. path, "ACTION=" .. action, "DEVPATH=" .. path, "SUBSYSTEM=" .. subsystem }
  for _, text in ipairs(more or {}) do parts[#parts + 1] = text end
  parts[#parts + 1] = "SEQNUM=" .. self.number
  local text = table.concat(parts, "\0") .. "\0"
  for address in pairs(self.listeners) do
    if not sys.send_to(self.fd, address, text) then self.listeners[address] = nil end
  end
end

--- Ends it.
function uevent:close()
  sys.close(self.fd)
  sys.remove(self.path)
end

return uevent

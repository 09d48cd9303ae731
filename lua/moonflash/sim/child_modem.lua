--- A simulated modem for one run of a script: a `moonflash simulate` process in a new folder.

local failure = require "moonflash.base.failure"
local process = require "moonflash.base.process"
local sys = require "moonflash.core.sys"

local modem = {}
modem.__index = modem

local READY_MS, END_MS = 20000, 5000

-- Waits for the first line of its output: the root.
local function await_root(self)
  local text, deadline = "", sys.clock_ms() + READY_MS
  repeat
    local bytes, problem = self.child:read(math.max(0, deadline - sys.clock_ms()))
    if not bytes and problem.code == "sys.closed" then
      return nil, failure.new("usage", "the simulator ended at once",
        { evidence = table.concat(self.child.argv, " ") })
    end
    if not bytes then return nil, problem end
    text = text .. bytes
  until text:find "\n"
  self.root = text:match "^[^\n]*"
  return true
end

local function command_line(request, faults, folder)
  local words = { request.program, "simulate", request.model, "--dir", folder,
    "--time-scale", tostring(request.time_scale) }
  for _, fault in ipairs(faults) do
    words[#words + 1] = "--fault"
    words[#words + 1] = fault
  end
  return words
end

--- Starts a modem and waits until it is ready.
-- @tparam table request program, model, time_scale
-- @tparam table faults switches of the simulator
-- @treturn table with root and stop(), or nil and a failure
function modem.start(request, faults)
  local folder, problem = sys.temporary_folder()
  if not folder then return nil, problem end
  local self = setmetatable({ folder = folder }, modem)
  local ready
  self.child, problem = process.start(command_line(request, faults, folder .. "/root"))
  if self.child then ready, problem = await_root(self) end
  if ready then return self end
  self:stop()
  return nil, problem
end

--- Ends the modem and removes its folder.
function modem:stop()
  if self.child then self.child:stop(END_MS) end
  sys.remove_tree(self.folder)
end

return modem

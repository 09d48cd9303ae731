--- A simulated modem for one trial: a `moonflash simulate` of its own, in a new folder.
-- @module moonflash.sim.child_modem

local failure = require "moonflash.base.failure"
local sys = require "moonflash.core.sys"

local modem = {}
modem.__index = modem

local READY_MS, END_MS = 20000, 5000
local MOST_AT_ONCE = 4096

-- The first line, which comes when the modem is there: its root.
local function await_root(self)
  local text, deadline = "", sys.clock_ms() + READY_MS
  repeat
    local ready, problem = sys.poll({ { fd = self.output, read = true } },
      math.max(0, deadline - sys.clock_ms()))
    if not ready then return nil, problem end
    if not ready[1] then return nil, failure.new("sys.timeout", "the simulator does not get ready") end
    local bytes, ended = sys.read(self.output, MOST_AT_ONCE)
    if not bytes and ended.code ~= "sys.again" then
      return nil, failure.new("usage", "the simulator ended at once", { evidence = self.name })
    end
    text = text .. (bytes or "")
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

local function spawn(self, words)
  local output, input = sys.pipe()
  if not output then return nil, input end
  local pid, problem = sys.spawn(words, { stdin = false, stdout = input, stderr = false, group = true })
  sys.close(input)
  self.output, self.pid, self.name = output, pid, table.concat(words, " ")
  return pid, problem
end

--- Starts a modem and waits until it is there.
-- @tparam table request program, model, time_scale
-- @tparam table faults switches of the simulator
-- @treturn table with root and stop(), or nil and a failure
function modem.start(request, faults)
  local folder, problem = sys.temporary_folder()
  if not folder then return nil, problem end
  local self = setmetatable({ folder = folder }, modem)
  local ready
  ready, problem = spawn(self, command_line(request, faults, folder .. "/root"))
  if ready then ready, problem = await_root(self) end
  if ready then return self end
  self:stop()
  return nil, problem
end

--- Ends the modem and removes its folder.
function modem:stop()
  if self.pid then
    sys.kill(self.pid, "TERM")
    if not sys.wait(self.pid, END_MS) then
      sys.kill(-self.pid, "KILL")
      sys.wait(self.pid, END_MS)
    end
  end
  if self.output then sys.close(self.output) end
  self.pid, self.output = nil, nil
  sys.remove_tree(self.folder)
end

return modem

--- An output that holds up nobody: what its reader does not take yet is kept, in order, while the job
-- goes on; only at the end it is waited for, and that not for ever. A write that fails is forgotten.
-- @module moonflash.cli.stream

local stream = {}
stream.__index = stream

local PIECE = 4096 -- bytes that a pipe with room takes without blocking (PIPE_BUF)
local PATIENCE_MS = 10000

--- Makes one.
-- @tparam userdata file of Lua's io library: scripts may print to it as well, so it keeps its lines whole
-- @tparam number descriptor its number
-- @tparam table sys moonflash.core.sys
-- @treturn table stream
function stream.new(file, descriptor, sys)
  file:setvbuf "line"
  return setmetatable({ descriptor = descriptor, sys = sys, pending = "" }, stream)
end

local function flush(self)
  while self.pending ~= "" do
    local count, problem = self.sys.write(self.descriptor, self.pending:sub(1, PIECE))
    if not count then
      if problem.code ~= "sys.again" then self.pending, self.lost = "", true end
      return
    end
    self.pending = self.pending:sub(count + 1)
  end
end

--- Writes a text, now or later, after those before it.
-- @tparam string text
function stream:write(text)
  if self.lost then return end
  self.pending = self.pending .. text
  flush(self)
end

--- Writes a text that is worth nothing later: now, or never.
-- @tparam string text
function stream:offer(text)
  flush(self)
  if self.pending == "" then self:write(text) end
end

--- Waits until all of it is read, as long as the reader takes something now and then. A signal ends it.
function stream:finish()
  self.sys.clear_interrupt()
  flush(self)
  while self.pending ~= "" do
    local ready = self.sys.poll({ { fd = self.descriptor, write = true } }, PATIENCE_MS)
    if not ready or #ready == 0 then return end
    flush(self)
  end
end

--- Columns, when it is a terminal.
-- @treturn number|nil
function stream:width()
  return self.sys.terminal_width(self.descriptor)
end

return stream

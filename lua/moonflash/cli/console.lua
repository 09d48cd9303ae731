--- One output for people: lines, and on a terminal a last line that is rewritten in place. A write
-- that fails is forgotten: a lost terminal or a closed pipe never stops a job.
-- @module moonflash.cli.console

local console = {}
console.__index = console

local ERASE = "\r\27[K"
local COLOURS = { error = "\27[1;31m", warning = "\27[33m" }

--- Opens a console.
-- @tparam table stream see moonflash.cli.stream
-- @tparam boolean plain no colours
-- @treturn table console
function console.new(stream, plain)
  local width = stream.width and stream:width()
  return setmetatable({ stream = stream, terminal = width ~= nil, plain = plain or not width }, console)
end

--- Removes the line that is rewritten in place, if there is one.
function console:clear()
  if self.transient then
    self.transient = nil
    self.stream:write(ERASE)
  end
end

--- Writes a line.
-- @tparam string line
-- @tparam[opt] string colour error or warning
function console:line(line, colour)
  self:clear()
  if colour and not self.plain then line = COLOURS[colour] .. line .. "\27[0m" end
  self.stream:write(line .. "\n")
end

--- Columns a rewritten line may take now: terminals change their size.
function console:width()
  return math.max((self.stream:width() or 80) - 1, 1)
end

--- Waits until all of it is read, within limits.
function console:finish()
  self.stream:finish()
end

--- Writes the line that the next one replaces. Only for terminals.
function console:rewrite(line)
  self.stream:offer(ERASE .. line:sub(1, self:width()))
  self.transient = true
end

return console

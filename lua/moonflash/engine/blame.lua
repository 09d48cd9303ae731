--- Errors of a wrong caller, raised at the innermost line outside of the library.
-- @module moonflash.engine.blame

local blame = {}

local LIBRARY = debug.getinfo(1, "S").source:match "^(.*)engine/blame%.lua$"

local function is_user_code(frame)
  return frame.what ~= "C" and frame.what ~= "tail" and frame.source:sub(1, #LIBRARY) ~= LIBRARY
end

--- Raises an error.
-- @tparam string message
function blame.caller(message)
  local level, frame = 2, debug.getinfo(2, "Sl")
  while frame and not is_user_code(frame) do
    level = level + 1
    frame = debug.getinfo(level, "Sl")
  end
  local path = frame and (frame.source:match "^@(.*)" or frame.short_src)
  error(frame and ("%s:%d: %s"):format(path, frame.currentline, message) or message, 0)
end

return blame

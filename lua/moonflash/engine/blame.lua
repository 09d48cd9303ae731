--- Where foreign code is to blame: which file and line of its own led to what was raised.
-- @module moonflash.engine.blame

local failure = require "moonflash.base.failure"
local foreign = require "moonflash.engine.user_code"
local sys = require "moonflash.core.sys"

local blame = {}

--- Where a line stands.
-- @tparam table frame of debug.getinfo, with "S"
-- @tparam number line
-- @treturn string file and line
function blame.place(frame, line)
  return ("%s:%d"):format(frame.source:match "^@(.*)" or frame.short_src, line)
end

--- Raises what a caller did wrong, at the first line above that is not ours, however deep we are.
-- @tparam string message
function blame.caller(message)
  local level, frame = 2, debug.getinfo(2, "Sl")
  while frame and not foreign.is_foreign(frame) do
    level = level + 1
    frame = debug.getinfo(level, "Sl")
  end
  error(frame and blame.place(frame, frame.currentline) .. ": " .. message or message, 0)
end

-- A message without the position that Lua put before it; the frame and line of that position. One that
-- was raised before and handed on keeps its position.
local function split(message, frames)
  for _, frame in ipairs(frames) do
    local prefix = frame.short_src .. ":"
    if message:sub(1, #prefix) == prefix then
      local line, rest = message:match("^(%d+): (.*)$", #prefix + 1)
      if line then return rest, frame, tonumber(line) end
    end
  end
  return message
end

local function returns(line)
  return line:find "%f[%w_]return%f[^%w_]" and not line:find "return%s+function%f[^%w_]"
end

-- A call that is the whole of a `return` leaves no frame: Lua takes its caller's for it. Where it can have
-- been is said by the text: the last `return` of a file, the only one of a function.
local function last_return(code)
  local frame = debug.getinfo(code, "S")
  if not foreign.is_foreign(frame) then return nil end
  local whole, number, last, only, count = frame.what == "main", 0, nil, nil, 0
  for line in ((sys.read_file(frame.source:sub(2)) or "") .. "\n"):gmatch "([^\n]*)\n" do
    number = number + 1
    local inside = whole or number >= frame.linedefined and number <= frame.lastlinedefined
    if inside and returns(line) then only, count = number, count + 1 end
    if whole and line:find "^return%f[^%w_]" then last = number end
  end
  local found = last or count == 1 and only or not whole and frame.linedefined
  return found and blame.place(frame, found) or frame.source:sub(2)
end

-- The place in the script, and the place in the library that noticed it if it was that.
local function find(frames, call, at, line, code)
  if at and foreign.is_foreign(at) then return blame.place(at, line) end
  local noticed = at and at.func ~= call and blame.place(at, line) or nil
  for _, frame in ipairs(frames) do
    if foreign.is_foreign(frame) then return blame.place(frame, frame.currentline), noticed end
  end
  return last_return(code) or noticed, noticed
end

local function described(problem)
  if type(problem) == "string" then return problem end
  return "raised " .. (problem == nil and "nothing" or "a " .. type(problem))
end

--- The failure that what was raised is to the caller of the foreign code.
-- @param raised whatever it was
-- @tparam table frames from the one that raised down to our call of the foreign code
-- @tparam function call our call
-- @tparam function code that was called
-- @treturn table a failure: what was raised if it is one, or script.raised
function blame.failure(raised, frames, call, code)
  if failure.is(raised) then return raised end
  local message, at, line = split(described(raised), frames)
  local where, noticed
  if at or not message:find "^[^\n:]+:%d+: " then where, noticed = find(frames, call, at, line, code) end
  return failure.new("script.raised", where and where .. ": " .. message or message,
    { evidence = noticed and noticed ~= where and "noticed at " .. noticed or nil })
end

return blame

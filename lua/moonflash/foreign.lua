--- Calls code that is not ours: scripts, and the functions they hand over. What it raises is told with
-- the script's own file and line, whichever part of the library noticed it, and Ctrl-C ends it also where
-- it waits for nothing.
-- @module moonflash.foreign

local failure = require "moonflash.failure"
local sys = require "moonflash.core.sys"

local foreign = {}

local OURS = debug.getinfo(1, "S").source:match "^(.*)foreign%.lua$"
local STEPS, EVERY_STEP = 10000, 1 -- of Lua's machine, between two looks at the signals
local GRACE_MS = 300 -- what takes note of a signal by itself does so by then

local function is_foreign(frame)
  return frame.what ~= "C" and frame.what ~= "tail" and frame.source:sub(1, #OURS) ~= OURS
end

-- --- where it was -------------------------------------------------------------------------------

local function place(frame, line)
  return ("%s:%d"):format(frame.source:match "^@(.*)" or frame.short_src, line)
end

-- The frames from the one that raised down to our call of the foreign code, that one too: LuaJIT, which
-- keeps no note of a frame that a last call took the place of, blames it.
local function frames_above(call)
  local frames, level = {}, 3
  repeat
    local frame = debug.getinfo(level, "Slf")
    frames[#frames + 1], level = frame, level + 1
  until not frame or frame.func == call
  return frames
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

-- A call that is the whole of a `return` leaves no frame: Lua takes its caller's for it.
local function last_return(path)
  local number, found = 0, nil
  for line in ((sys.read_file(path) or "") .. "\n"):gmatch "([^\n]*)\n" do
    number = number + 1
    if line:find "^return%f[^%w_]" then found = number end
  end
  return found and ("%s:%d"):format(path, found) or path
end

-- The place in the script, and the place in the library that noticed it if it was that.
local function find(frames, call, at, line, path)
  if at and is_foreign(at) then return place(at, line) end
  local noticed = at and at.func ~= call and place(at, line) or nil
  for _, frame in ipairs(frames) do
    if is_foreign(frame) then return place(frame, frame.currentline), noticed end
  end
  if path then return last_return(path), noticed end
  return noticed
end

local function described(problem)
  if type(problem) == "string" then return problem end
  return "raised " .. (problem == nil and "nothing" or "a " .. type(problem))
end

local function blame(problem, call, path)
  if failure.is(problem) then return problem end
  local frames = frames_above(call)
  local message, at, line = split(described(problem), frames)
  local where, noticed
  if at or not message:find "^[^\n:]+:%d+: " then where, noticed = find(frames, call, at, line, path) end
  return failure.new("script.raised", where and where .. ": " .. message or message,
    { evidence = noticed and noticed ~= where and "noticed at " .. noticed or nil })
end

-- --- signals ------------------------------------------------------------------------------------

-- How many signals came before the call, or were answered by somebody; when another one was seen first.
local earlier, forgiven, since = 0, 0, nil

local function look_at_signals()
  if sys.interrupts() <= math.max(earlier, forgiven) then
    if since then debug.sethook(look_at_signals, "", STEPS) end
    since = nil
    return
  end
  if not since then
    since = sys.clock_ms()
    debug.sethook(look_at_signals, "", EVERY_STEP) -- not to miss the moment when foreign code goes on
  end
  if sys.clock_ms() - since < GRACE_MS or not is_foreign(debug.getinfo(2, "S")) then return end
  local _, signal = sys.interrupts()
  error(failure.new("job.interrupted", "stopped by " .. tostring(signal)), 0)
end

--- Says that the signals that have come were answered otherwise than by stopping.
function foreign.forgive()
  forgiven = sys.interrupts()
end

-- Watches for signals during a call, unless somebody else (a debugger, coverage) has the hook.
local function watched(call, handler)
  local mine = debug.gethook() == nil
  if mine then debug.sethook(look_at_signals, "", STEPS) end
  local ok, problem = xpcall(call, handler)
  if mine then debug.sethook() end
  return ok, problem
end

-- --- the call -----------------------------------------------------------------------------------

--- Calls foreign code. A signal that has come before is no concern of it.
-- @tparam ?string path of the script, when the code is a whole file
-- @tparam function code
-- @param ... handed to it
-- @treturn boolean true; or nil and a failure: what was raised, or script.raised
-- @return all that it returns
function foreign.call(path, code, ...)
  local before, count, arguments, results = earlier, select("#", ...), { ... }, nil
  earlier = sys.interrupts()
  local function call()
    results = { code(unpack(arguments, 1, count)) }
  end
  local ok, problem = watched(call, function(raised) return blame(raised, call, path) end)
  earlier = before
  if not ok then
    return nil, failure.is(problem) and problem or failure.new("script.raised", tostring(problem))
  end
  return true, unpack(results, 1, table.maxn(results))
end

--- Where a function stands.
-- @tparam function code
-- @treturn string file and line
function foreign.place(code)
  local frame = debug.getinfo(code, "S")
  return place(frame, frame.linedefined)
end

return foreign

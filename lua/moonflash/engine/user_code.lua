--- Calls code that is not ours: scripts, and the functions they hand over. What it raises is told with
-- the script's own file and line, whichever part of the library noticed it, and Ctrl-C ends it also where
-- it waits for nothing.
-- @module moonflash.engine.user_code

local interrupt = require "moonflash.base.interrupt"
local later = require "moonflash.base.later"
local sys = require "moonflash.core.sys"

local blame = later "moonflash.engine.blame"

local foreign = {}

local STEPS, EVERY_STEP = 1000, 1 -- of Lua's machine, between two looks at the signals
local GRACE_MS = 300 -- what takes note of a signal by itself does so by then
local OURS = debug.getinfo(1, "S").source:match "^(.*)engine/user_code%.lua$"

--- Whether a frame is of code that is not ours.
-- @tparam table frame of debug.getinfo, with "S"
function foreign.is_foreign(frame)
  return frame.what ~= "C" and frame.what ~= "tail" and frame.source:sub(1, #OURS) ~= OURS
end

-- --- signals ------------------------------------------------------------------------------------

local since -- when the hook saw a pending interrupt first

-- Called after a signal only, and anywhere: also while a module is being loaded, so it must load none
-- before foreign code goes on.
local function look_at_signals()
  local stopped = interrupt.pending()
  if not stopped then
    if since then sys.hook(look_at_signals, STEPS) end
    since = nil
    return
  end
  if not since then
    since = sys.clock_ms()
    sys.hook(look_at_signals, EVERY_STEP) -- not to miss the moment when foreign code goes on
  end
  if sys.clock_ms() - since < GRACE_MS or not foreign.is_foreign(debug.getinfo(2, "S")) then return end
  error(stopped, 0)
end

-- Watches for signals during a call, unless somebody else (a debugger, coverage) has the hook.
local function watched(call, handler)
  local mine = debug.gethook() == nil
  if mine then sys.hook(look_at_signals, STEPS) end
  local ok, problem = xpcall(call, handler)
  if mine then sys.hook() end
  return ok, problem
end

-- --- the call -----------------------------------------------------------------------------------

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

--- Calls foreign code.
-- @tparam function code
-- @param ... handed to it
-- @treturn boolean true; or nil and a failure: what was raised, or script.raised
-- @return all that it returns
function foreign.call(code, ...)
  local count, arguments, results, frames = select("#", ...), { ... }, nil, nil
  local function call()
    results = { code(unpack(arguments, 1, count)) }
  end
  local ok, raised = watched(call, function(raised)
    frames = frames_above(call)
    return raised
  end)
  if ok then return true, unpack(results, 1, table.maxn(results)) end
  return nil, blame.failure(raised, frames or {}, call, code)
end

--- Where a function stands.
-- @tparam function code
-- @treturn string file and line
function foreign.place(code)
  local frame = debug.getinfo(code, "S")
  return blame.place(frame, frame.linedefined)
end

return foreign

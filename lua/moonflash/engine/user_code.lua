-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Runs user code (scripts and callbacks) in protected mode. Errors name the script's file and line; Ctrl-C also
-- interrupts a loop that never blocks.

local failure = require "moonflash.base.failure"
local interrupt = require "moonflash.base.interrupt"
local sys = require "moonflash.core.sys"
local tables = require "moonflash.base.table"

local user_code = {}

local xpcall, MOST_FRAMES = xpcall, 1000 -- a script may replace the global xpcall
local STEPS, EVERY_STEP = 10000, 1 -- instructions of Lua between two calls of the hook
local LIBRARY = debug.getinfo(1, "S").source:match "^(.*)engine/user_code%.lua$"

local function is_user_code(frame)
  return frame.what ~= "C" and frame.what ~= "tail" and frame.source:sub(1, #LIBRARY) ~= LIBRARY
end

-- The hook. Raises in user code only: an interrupted wait of the library returns its failure. After an interrupt the
-- hook runs at every instruction: a script that catches all errors in a loop ends, too.
local function stop_user_code()
  local stopped = interrupt.pending()
  sys.hook(stop_user_code, stopped and EVERY_STEP or STEPS)
  if stopped and is_user_code(debug.getinfo(2, "S")) then error(stopped, 0) end
end

local function place(frame, line)
  return ("%s:%d"):format(frame.source:match "^@(.*)" or frame.short_src, line)
end

-- The line that Lua put before a message, if it is one of this frame, and the message without it.
local function position(message, frame)
  local prefix = frame.short_src .. ":"
  if message:sub(1, #prefix) ~= prefix then return nil end
  return message:match("^(%d+): (.*)$", #prefix + 1)
end

-- The message with its place in user code: the one that Lua put before it, else the innermost frame of user code.
-- A tail call leaves no frame: then only the file of the code is known.
-- The place in the library that raised is the second value.
local function located(message, frames, code)
  local caller, noticed
  for _, frame in ipairs(frames) do
    local line, text = position(message, frame)
    if line and is_user_code(frame) then return place(frame, line) .. ": " .. text end
    if line then noticed, message = place(frame, line), text end
    if is_user_code(frame) then caller = caller or place(frame, frame.currentline) end
  end
  if message:find "^[^\n:]+:%d+: " then return message end -- raised before, and handed on
  local whole = debug.getinfo(code, "S")
  caller = caller or is_user_code(whole) and whole.source:match "^@(.*)"
  return caller and caller .. ": " .. message or message, noticed
end

local function failure_from(raised, frames, code)
  if failure.is(raised) then return raised end
  local message = type(raised) == "string" and raised or "raised a value of type " .. type(raised)
  local text, noticed = located(message, frames, code)
  return failure.new("script.raised", text, { evidence = noticed and "noticed at " .. noticed })
end

-- The frames of what raised, called in the message handler, down to our xpcall. In Lua 5.4 an overflow has 200,000.
local function frames_above()
  local frames, level = {}, 3
  local frame = debug.getinfo(level, "Slf")
  while frame and frame.func ~= xpcall and level < MOST_FRAMES do
    frames[#frames + 1], level = frame, level + 1
    frame = debug.getinfo(level, "Slf")
  end
  return frames
end

--- Calls user code with arguments. Returns true and all that it returns; or nil and a failure: the one that was
-- raised, or script.raised.
function user_code.call(code, ...)
  local count, arguments, frames = select("#", ...), { ... }, {}
  local hooked = debug.gethook() == nil -- else a debugger or a coverage tool has the hook
  local function finish(ok, ...)
    if hooked then sys.hook() end
    if ok then return true, ... end
    return nil, failure_from((...), frames, code)
  end
  if hooked then sys.hook(stop_user_code, STEPS) end
  return finish(xpcall(function() return code(tables.unpack(arguments, 1, count)) end, function(raised)
    frames = frames_above()
    return raised
  end))
end

--- Where a function is defined: file and line.
function user_code.place(code)
  local frame = debug.getinfo(code, "S")
  return place(frame, frame.linedefined)
end

--- Whether a value is a result, as flash.update and its kind return one.
function user_code.is_result(value)
  return type(value) == "table" and type(value.ok) == "boolean" and type(value.exit) == "number"
    and value.exit >= 0 and value.exit < 256 and value.exit % 1 == 0
end

-- The failure of a result or of the report of an image; those of another process are plain tables.
local function failure_of(result)
  local found = result.failure
  if failure.is(found) or type(found) ~= "table" or type(found.message) ~= "string" then return failure.meant(found) end
  return failure.new(failure.codes[found.code] and found.code or "script.refused", found.message,
    { evidence = found.evidence, hint = found.hint })
end

-- Nothing, true, an answer, a result, a model, a function.
local function is_success(value, detail)
  return value == true or value == nil and detail == nil or type(value) == "function"
    or type(value) == "table" and value.ok ~= false
end

--- The failure in the first two values that a script, a callback or a step returned: nil and a text or a failure, a
-- failure, or a result that is not ok. Everything else is success (nil), or script.invalid. `where` is a file, or file
-- and line.
function user_code.failure(where, value, detail)
  if failure.is(value) then return value end
  if is_success(value, detail) then return nil end
  local meant = type(value) == "table" and failure_of(value) or value == nil and failure.meant(detail)
  if meant then return meant end
  local kind = type(value == nil and detail or value)
  return failure.new("script.invalid", ("%s returned a value of type %s"):format(where, kind),
    { hint = "return nothing, true, or nil and the reason; a result, a function or flash.model { ... }" })
end

return user_code

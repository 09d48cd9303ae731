--- Reads a trace. What is in its events has been checked then: they are what a program wrote, or what
-- somebody made of it.
-- @module moonflash.trace.events

local bytes = require "moonflash.core.bytes"
local failure = require "moonflash.failure"
local line = require "moonflash.trace.line"

local events = {}

--- The format this version writes and reads.
events.SCHEMA = 1

local MOST_TIMES = 1048576
local MOST_BYTES = 16777216 -- the record of a whole update has some 100 kB

local function is_hex(text)
  return type(text) == "string" and bytes.from_hex(text) ~= nil
end

local function is_number(value)
  return type(value) == "number" and value >= 0
end

local function are_tlvs(list)
  for _, text in ipairs(list) do
    if type(text) ~= "string" or not text:find "^%x%x %x*$" or #text % 2 == 0 then return false end
  end
  return true
end

local checks = {}

function checks.start(event)
  return event.schema == events.SCHEMA and type(event.command) == "string" and type(event.files) == "table"
    and type(event.arguments) == "table" and type(event.options) == "table"
end

function checks.device(event)
  local dev = event.device
  if event.state == "left" then return true end
  return type(dev) == "table" and type(dev.vid) == "string" and type(dev.pid) == "string"
    and type(dev.place) == "string" and dev.place:find "^%d+%-[%d.]+$" ~= nil
    and type(dev.interfaces) == "table"
end

function checks.port(event)
  if event.ended then return event.dir == "<" end
  if event.times and not (is_number(event.times) and event.times <= MOST_TIMES) then return false end
  return is_hex(event.hex) or event.dir == ">" and is_number(event.bytes) and type(event.crc) == "string"
end

function checks.qmi(event)
  if event.failure then return event.dir == "<" end
  return is_number(event.service) and type(event.message) == "string" and type(event.tlvs) == "table"
    and are_tlvs(event.tlvs)
end

function checks.step(event)
  return type(event.step) == "string" and type(event.state) == "string"
end

function checks.warning(event)
  return type(event.code) == "string" and type(event.message) == "string"
end

function checks.signal(event)
  return type(event.name) == "string"
end

function checks.result(event)
  return type(event.exit) == "number"
end

local function is_event(event)
  local check = event and checks[event.event]
  return check ~= nil and is_number(event.t) and check(event)
end

local function unusable(path, number)
  return failure.new("trace.unusable", "this is no trace of this moonflash",
    { evidence = ("%s, line %d"):format(path, number) })
end

-- All of a file that is no larger than a trace can be. Not by lines: of bytes without a line end, such as
-- /dev/zero gives, a line has no end.
local function read_all(file)
  local text = file:read(MOST_BYTES + 1) or ""
  return #text <= MOST_BYTES and text or ""
end

local function parse(path, file)
  local list = {}
  for text in read_all(file):gsub("([^\n])$", "%1\n"):gmatch "([^\n]*)\n" do
    local event = line.decode(text)
    if not is_event(event) or (event.event == "start") ~= (#list == 0) then
      return nil, unusable(path, #list + 1)
    end
    list[#list + 1] = event
  end
  if not list[1] then return nil, unusable(path, 1) end
  return list
end

--- The events of a trace.
-- @tparam string path
-- @treturn table array of events, the first being the start; or nil and a failure
function events.read(path)
  local file, reason = io.open(path, "r")
  if not file then
    return nil, failure.new("trace.failed", "the trace cannot be read",
      { evidence = reason, hint = "check the name of the trace" })
  end
  local list, problem = parse(path, file)
  file:close()
  return list, problem
end

return events

--- Reads a trace. What is in its events has been checked then, for it need not be what a program wrote:
-- whoever replays a trace has it from somebody else.
-- @module moonflash.sim.replay.events

local bytes = require "moonflash.core.bytes"
local failure = require "moonflash.base.failure"
local json = require "moonflash.base.json"
local trace = require "moonflash.trace"

local events = {}

local MOST_SAID = 1048576   -- bytes, by one event
local MOST_BYTES = 16777216 -- the record of a whole update has some 100 kB
local MOST_MS = 86400000    -- a day
local MOST_INTERFACE = 255

local function is_hex(text)
  return type(text) == "string" and bytes.from_hex(text) ~= nil
end

local function is_number(value, most)
  return type(value) == "number" and value >= 0 and value <= (most or MOST_MS) and value % 1 == 0
end

-- Whether all of these fields are texts or absent.
local function are_texts(fields, names)
  for name in names:gmatch "%S+" do
    if fields[name] ~= nil and type(fields[name]) ~= "string" then return false end
  end
  return true
end

local function is_list(value, is_entry)
  if type(value) ~= "table" then return false end
  for _, entry in ipairs(value) do
    if not is_entry(entry) then return false end
  end
  return true
end

local function is_text(value)
  return type(value) == "string"
end

local function is_place(value)
  return type(value) == "string" and value:find "^%d+%-%d[%d.]*$" ~= nil and not value:find "%.%.?$"
    and not value:find("..", 1, true)
end

local function is_interface(value)
  return type(value) == "table" and is_number(value.number, MOST_INTERFACE)
    and are_texts(value, "class driver tty control net")
end

local function is_tlv(text)
  return type(text) == "string" and text:find "^%x%x %x*$" ~= nil and #text % 2 == 1
end

local checks = {}

function checks.start(event)
  return event.schema == trace.SCHEMA and type(event.command) == "string" and is_list(event.files, is_text)
    and is_list(event.arguments, is_text) and type(event.options) == "table"
end

function checks.device(event)
  local dev = event.device
  if event.state == "left" then return dev == nil end
  return type(dev) == "table" and type(dev.vid) == "string" and type(dev.pid) == "string"
    and is_place(dev.place) and (dev.peer == nil or is_place(dev.peer))
    and (dev.speed == nil or is_number(dev.speed)) and is_list(dev.interfaces, is_interface)
    and are_texts(dev, "mode serial product manufacturer")
end

function checks.port(event)
  if event.ended then return event.dir == "<" end
  if is_hex(event.hex) then
    return is_number(event.times or 1, MOST_SAID) and #event.hex / 2 * (event.times or 1) <= MOST_SAID
  end
  return event.dir == ">" and is_number(event.bytes, 2147483647) and type(event.crc) == "string"
end

function checks.qmi(event)
  if event.failure ~= nil then return event.dir == "<" and type(event.failure) == "string" end
  return is_number(event.service) and type(event.message) == "string" and is_list(event.tlvs, is_tlv)
end

function checks.step(event)
  return type(event.step) == "string" and type(event.state) == "string" and are_texts(event, "message")
end

function checks.warning(event)
  return type(event.code) == "string" and type(event.message) == "string"
end

function checks.signal(event)
  return event.name == "SIGINT" or event.name == "SIGTERM"
end

local function is_failure(value)
  return type(value) == "table" and type(value.code) == "string" and type(value.message) == "string"
end

function checks.result(event)
  return is_number(event.exit, 255) and (event.failure == nil or is_failure(event.failure))
end

local function is_event(event)
  local check = type(event) == "table" and checks[event.event]
  if not check or event.device ~= nil and event.event ~= "device" then return false end
  return is_number(event.t) and check(event)
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
    local event = json.decode(text)
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

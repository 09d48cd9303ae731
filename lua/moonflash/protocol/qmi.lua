--- QMI: requests to a modem, messages as tables.
--
--     local qmi, dms = require "moonflash.protocol.qmi", require "moonflash.protocol.qmi.dms"
--     local session = qmi.open("/dev/cdc-wdm0", { timeout_ms = 20000 })
--     local answer, problem = session:request(dms.set_operating_mode, { mode = "offline" }, 10000)
--     session:close(2000, { release = true })
--
-- Your own messages: qmi.messages("dms", { my_message = { id = 0x5599, request = ..., response = ... } }).
-- @module moonflash.protocol.qmi

local context = require "moonflash.base.run"
local failure = require "moonflash.base.failure"
local message = require "moonflash.protocol.qmi.message"
local services = require "moonflash.protocol.qmi.services"

local qmi = {}

local message_tables = {
  [services.ctl] = require "moonflash.protocol.qmi.ctl", [services.dms] = require "moonflash.protocol.qmi.dms",
}

-- Loaded when a port is opened: it brings glib, which nothing else needs.
local function load_core()
  local ok, core = pcall(require, "moonflash.core.qmi")
  if ok then return core end
  return nil, failure.new("qmi.unavailable", "moonflash was built without QMI",
    { evidence = tostring(core):match "[^\n]*" })
end

--- Opens a QMI port.
-- @tparam string path
-- @tparam[opt] table options mbim: the port speaks MBIM; proxy: go through qmi-proxy; sync: free
-- the clients of all other programs; timeout_ms (20000); trace (moonflash.trace) to be told what passes,
-- within a script the one of its run
-- @treturn table a session (moonflash.protocol.qmi.session), or nil and a failure
function qmi.open(path, options)
  local core, missing = load_core()
  if not core then return nil, missing end
  local port, problem = core.open(path, options or {})
  if not port then return nil, problem end
  local trace = options and options.trace or context.trace()
  if trace then port = trace:qmi_port(port, path) end
  return require("moonflash.protocol.qmi.session").new(port)
end

--- Gives libqmi's log and message traces to a function, line by line; nil for silence.
-- @tparam function|nil callback
-- @treturn boolean true, or nil and a failure
function qmi.trace(callback)
  local core, missing = load_core()
  if not core then return nil, missing end
  core.trace(callback)
  return true
end

--- Makes your own messages usable as those of moonflash.protocol.qmi.dms.
-- @function qmi.messages
-- @tparam string|number service
-- @tparam {[string]=table,...} messages by name
-- @treturn table the messages
qmi.messages = message.define

local function in_range(word, most)
  local number = tonumber(word)
  if number and number >= 0 and number <= most and number % 1 == 0 then return number end
end

--- The number of a service.
-- @tparam string|number word "dms", 2 or "0x02"
-- @treturn number, or nil if there is none
function qmi.service(word)
  return services[tostring(word):lower()] or in_range(word, 255)
end

--- A message by name or number. One that has no table is a message without fields.
-- @tparam string|number service
-- @tparam string|number word "get_revision" or 0x0023
-- @treturn table the message, or nil if there is none
function qmi.message(service, word)
  local number, id = qmi.service(service), in_range(word, 65535)
  if not number then return nil end
  for name, entry in pairs(message_tables[number] or {}) do
    if entry.id == id or name == tostring(word):lower():gsub("-", "_") then return entry end
  end
  return id and { service = number, id = id }
end

return qmi

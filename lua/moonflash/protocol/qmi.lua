-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- QMI ports and messages. Each service is one file: moonflash/protocol/qmi/SERVICE.lua returns its messages. A script
-- defines messages of its own: qmi.messages("dms", { my_message = { id = 0x5599, request = ..., response = ... } }).

local failure = require "moonflash.base.failure"
local message = require "moonflash.protocol.qmi.message"
local run = require "moonflash.base.run"
local session = require "moonflash.protocol.qmi.session"
local tables = require "moonflash.base.table"

local qmi = {}

--- Opens a QMI port.
-- @tparam string path
-- @tparam[opt] table options mbim: the port speaks MBIM; proxy: go through qmi-proxy; sync: free
-- the clients of all other programs; timeout_ms (20000)
-- @treturn table a session (moonflash.protocol.qmi.session), or nil and a failure
function qmi.open(path, options)
  local loaded, core = pcall(require, "moonflash.core.qmi") -- not before: it loads GLib
  if not loaded then
    return nil, failure.new("qmi.unavailable", "moonflash was built without QMI",
      { evidence = tostring(core):match "[^\n]*" })
  end
  local port, problem = core.open(path, options or {})
  if not port then return nil, problem end
  local trace = run.trace()
  if trace then port = trace:qmi_port(port, path) end
  return session.new(port)
end

--- Defines messages of your own, to be used like those of moonflash.protocol.qmi.dms. A trace contains
-- only the lengths of their values.
-- @function qmi.messages
-- @tparam string|number service
-- @tparam {[string]=table,...} messages by name
-- @treturn table the messages
qmi.messages = message.define

--- The number of a service: see moonflash.protocol.qmi.message.
-- @function qmi.service
qmi.service = message.service_number

local services = {} -- messages by service name; empty for a service without a file

-- Only a name of the table of services becomes part of a module's name.
local function messages_of(service)
  local name = message.service_name(service)
  if not name then return {} end
  if not services[name] then
    local found, messages = pcall(require, "moonflash.protocol.qmi." .. name)
    local missing = ("module 'moonflash.protocol.qmi.%s' not found"):format(name)
    if not found and not tostring(messages):find(missing, 1, true) then error(messages, 0) end
    services[name] = found and messages or {}
  end
  return services[name]
end

--- The names of the messages of a service that moonflash knows, sorted.
-- @tparam string|number service
function qmi.message_names(service)
  return tables.sorted_keys(messages_of(message.service_number(service)))
end

local function message_id(word)
  local number = tonumber(word)
  return number and number >= 0 and number <= 65535 and number % 1 == 0 and number or nil
end

--- A message by name or number.
-- @tparam string|number service
-- @tparam string|number word "get_revision" or 0x0023
-- @treturn table the message; for a number that no table has, a message without name and fields; nil when
-- there is no such name or service
function qmi.message(service, word)
  local number, id = message.service_number(service), message_id(word)
  if not number then return nil end
  for name, entry in pairs(messages_of(number)) do
    if entry.id == id or name == tostring(word):lower():gsub("-", "_") then return entry end
  end
  return id and { service = number, id = id }
end

return qmi

-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The arguments of the methods. An argument has the name and the meaning of an option of the command line, but for a
-- few of its own.
-- @module moonflash.rpcd.arguments

local json = require "moonflash.base.json"
local options = require "moonflash.base.options"
local tables = require "moonflash.base.table"

local arguments = {}

local MOST_ITEMS = 100

local groups = {
  MODEM = { "place", "serial", "vid_pid", "busnum_devnum", "cdc_wdm", "tty", "mbim", "proxy", "transport",
    "timeout_scale" },
  IMAGES = { "carrier", "config_version", "firmware_version", "timeout_scale" },
  HOW = { "force", "storage_index", "route", "chunk_size", "model", "keep_services", "bind_driver", "skip" },
}

-- What is wrong with texts of some arguments, as functions.

-- moonflash does not run in the folder of the caller.
local function wrong_file(text)
  return not (text:find "^/" or text:find "^[hH][tT][tT][pP][sS]?://.") and "not an absolute path or URL"
end

-- The command line also accepts a script as the model. A caller that chooses a script can do anything as root.
local function wrong_model(text)
  return not text:find "^[%w_-]+$" and "not a name"
end

local function wrong_file_name(text)
  return (#text > 128 or not text:find "^[^/.][^/]*$") and "not a name"
end

local function wrong_bytes(number)
  return not (number >= 0 and number % 1 == 0) and "not a whole number from 0"
end

-- Arguments that are no options: an example, and a check of the number or of each text.
local own = {
  files = { example = { "/tmp/new.cwe" }, wrong = wrong_file }, pair = { example = "GENERIC" },
  background = { example = true }, job = { example = "10001-20260101-120000" },
  name = { example = "new.cwe", wrong = wrong_file_name }, bytes = { example = 64000000, wrong = wrong_bytes },
}

local wrong_texts = { model = wrong_model }

-- timeout_scale is a text: ubus has no number with a fraction in every version.
local examples = { flag = true, slot = 1, bytes = 65536, names = { "power" } }

local function example_of(option)
  for name, example in pairs(examples) do
    if option.type == options.types[name] then return example end
  end
  return "text"
end

-- The arguments of a method by name: { example, wrong }.
local function known(takes)
  local all = {}
  for _, name in ipairs(takes) do
    for _, one in ipairs(groups[name] or { name }) do
      all[one] = own[one] or { example = example_of(options.by_name[one]), wrong = wrong_texts[one] }
    end
  end
  return all
end

--- Arguments by name, with an example value.
function arguments.examples(takes)
  local all = {}
  for name, argument in pairs(known(takes)) do all[name] = argument.example end
  return all
end

-- A control character would end a line for the service, or a text for other programs.
local function wrong_text(text, argument)
  if type(text) ~= "string" then return "wrong type" end
  if text == "" then return "empty" end
  if text:find "%c" then return "control characters" end
  return argument.wrong and argument.wrong(text)
end

local function wrong_list(list, argument)
  if #list > MOST_ITEMS then return "too many" end
  for key, text in pairs(list) do
    local wrong = type(key) ~= "number" and "wrong type" or wrong_text(text, argument)
    if wrong then return wrong end
  end
end

local function wrong_value(value, argument)
  if type(value) ~= type(argument.example) then return "wrong type" end
  if type(value) == "string" then return wrong_text(value, argument) end
  if type(value) == "table" then return wrong_list(value, argument) end
  return argument.wrong and argument.wrong(value)
end

local function wrong_argument(values, takes)
  local all = known(takes)
  for name, value in pairs(values) do
    if not all[name] then
      local names = table.concat(tables.sorted_keys(all), " ")
      return "unknown argument: " .. name, names == "" and "it has no arguments" or "the arguments are " .. names
    end
    local wrong = wrong_value(value, all[name])
    if wrong then return ("%s: %s"):format(wrong, name) end
  end
end

-- null means that the argument is not given. ubus_rpc_session is from rpcd.
local function given(text)
  local decoded = json.decode(text:find "%S" and text or "{}")
  if type(decoded) ~= "table" or decoded[1] ~= nil then return nil end
  local values, null = {}, json.decode "[null]"[1]
  for name, value in pairs(decoded) do
    if value ~= null and name ~= "ubus_rpc_session" then values[name] = value end
  end
  return values
end

local hints = {
  files = "give their absolute paths on the router, or URLs", pair = "`status` lists what the modem stores",
  name = "give a file name without a folder", bytes = "give the size of the file",
}

--- The arguments of a call by name, from JSON. Returns nil, what is wrong with them, and a hint for a wrong call.
function arguments.read(text, method)
  local values = given(text)
  if not values then return nil, "the arguments are not JSON" end
  local wrong, hint = wrong_argument(values, method.takes)
  if wrong then return nil, wrong, hint end
  for _, name in ipairs(method.needs or {}) do
    local value = values[name]
    if value == nil or type(value) == "table" and not value[1] then return nil, name .. " missing", hints[name] end
  end
  return values
end

--- The request of a call, as moonflash.base.request turns it into a command line.
function arguments.request(command, values)
  local request = { command = command, files = values.files, pair = values.pair, options = {} }
  for name, value in pairs(values) do
    if not own[name] then request.options[name] = value end
  end
  if values.skip then
    request.options.skip = {}
    for _, name in ipairs(values.skip) do request.options.skip[name] = true end
  end
  return request
end

return arguments

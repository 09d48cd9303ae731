--- Checks of what a program asks for: a misspelt field would be taken for one that is not given, and a value out
-- of range would only be noticed when the modem is already in download mode. What is wrong is the caller's error
-- and raises.
-- @module moonflash.base.request_checks

local options = require "moonflash.base.options"
local tables = require "moonflash.base.table"

local checks = {}

-- Types of fields, for checks.fields.
checks.text = { lua = "string" }
checks.table = { lua = "table" }
checks.number = { lua = "number" }

local request_fields = {
  path = checks.text, pair = checks.text, root = checks.text, files = checks.table, arguments = checks.table,
  selection = checks.table, options = checks.table, emit = { lua = "function" },
}

local known_options = {}
for name, row in pairs(options.by_name) do
  if row.goes_to == "options" then known_options[name] = row.type end
end

local function wrong_value(value, kind)
  if type(value) ~= kind.lua then return "a " .. kind.lua end
  if kind.fits and not kind.fits(value) then return kind.expected end
end

--- Raises for a field that does not exist, or whose value has the wrong type or is out of range. `false` counts
-- as not given.
-- @tparam ?table given
-- @tparam table known types by name
-- @tparam string what the table is, for the message
-- @tparam number level of the error, as for `error`; 1 is the caller
function checks.fields(given, known, what, level)
  for name, value in pairs(given or {}) do
    local kind = known[name]
    if not kind then
      error(("%s has no field %s; it has: %s"):format(what, tostring(name),
        table.concat(tables.sorted_keys(known), " ")), level + 1)
    end
    local expected = value and wrong_value(value, kind)
    if expected then error(("%s: %s must be %s"):format(what, name, expected), level + 1) end
  end
end

--- Raises for a list with anything else than texts. A hole in the list is found, too.
-- @tparam ?table list
-- @tparam string what the items are, for the message
-- @tparam number level as in checks.fields
function checks.texts(list, what, level)
  for index = 1, table.maxn(list or {}) do
    local text = list[index]
    if type(text) ~= "string" or text:find "%z" then error(what .. " must be texts", level + 1) end
  end
end

--- Raises for a wrong request.
-- @param given
-- @tparam number level as in checks.fields
function checks.request(given, level)
  if type(given) ~= "table" then error("a request must be a table", level + 1) end
  checks.fields(given, request_fields, "a request", level + 1)
  checks.texts(given.files, "files", level + 1)
  checks.fields(given.options, known_options, "options", level + 1)
end

return checks

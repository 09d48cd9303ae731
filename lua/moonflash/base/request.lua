-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Requests: what a caller asks for, a plain table. It is made of the command line or by a program, and becomes the
-- command line of a child process. It is checked where it enters the library: a misspelt field would be taken for one
-- that is not given, and a value out of range would only be noticed when the modem is already in download mode. What is
-- wrong is the caller's error and raises.

local options = require "moonflash.base.options"
local run = require "moonflash.base.run"
local tables = require "moonflash.base.table"

local request = {}

-- --- checks --------------------------------------------------------------------------------------

local TEXT, TABLE, NUMBER = { lua = "string" }, { lua = "table" }, { lua = "number" }

local shared = { root = TEXT, selection = TABLE, options = TABLE, files = TABLE, arguments = TABLE, path = TEXT,
  pair = TEXT }
local of_call = tables.merge(shared, { emit = { lua = "function" } })
local of_job = tables.merge(shared, { command = TEXT, program = TEXT, stdin = NUMBER, stderr = NUMBER })

local known_options = {}
for name, row in pairs(options.by_name) do
  if row.goes_to == "options" then known_options[name] = row.type end
end

-- The model is selected by programs only: on the command line --model says what the modem is.
local STRING_OR_NUMBER = { expected = "a string or a number",
  fits = function(value) return type(value) == "string" or type(value) == "number" end }
local selectable = { model = STRING_OR_NUMBER }
for name, row in pairs(options.by_name) do
  if row.goes_to == "selection" then
    for _, field in ipairs(row.type.fields or { name }) do selectable[field] = STRING_OR_NUMBER end
  end
end

local function expected_of(value, kind)
  if kind.lua and type(value) ~= kind.lua then return "a " .. kind.lua end
  if kind.fits and not kind.fits(value) then return kind.expected end
end

-- A field that does not exist, or whose value has the wrong type or is out of range, in words. `false` counts as not
-- given.
local function wrong_field(given, known, what)
  for name, value in pairs(given or {}) do
    local kind = known[name]
    if not kind then
      return ("%s has no field %s; it has: %s"):format(what, tostring(name),
        table.concat(tables.sorted_keys(known), " "))
    end
    local expected = value and expected_of(value, kind)
    if expected then return ("%s: %s must be %s"):format(what, name, expected) end
  end
end

-- Anything else than texts in a list, also a hole.
local function wrong_text(list, what)
  for index = 1, tables.maxn(list or {}) do
    local text = list[index]
    if type(text) ~= "string" or text:find "%z" then return what .. " must be texts" end
  end
end

-- The command line selects by ids with the vendor and by a number on a bus; it has no selection by model.
local function wrong_selection(selection)
  local is_vague = selection.pid and not selection.vid or selection.bus and not selection.number
  if selection.model or is_vague then
    return "a job selects its modem by place, serial, cdc_wdm, tty, vid, vid and pid, number, or bus and number"
  end
end

local function wrong(given, fields, what)
  if type(given) ~= "table" then return what .. " must be a table" end
  return wrong_field(given, fields, what) or wrong_text(given.files, "files")
end

--- Checks the request of a function of the library. A field or an option that does not exist or whose value is wrong
-- raises an error at the line that called the function.
function request.check(given)
  if given == nil then return end
  local problem = wrong(given, of_call, "a request") or wrong_field(given.options, known_options, "options")
    or wrong_field(given.selection, selectable, "a selection")
  if problem then error(problem, 3) end
end

--- The same for a child process: without emit; also command, program, stdin, stderr. The child checks the options.
function request.check_job(given)
  given = given or {}
  local problem = wrong(given, of_job, "a job") or not given.command and "a job needs a command"
    or wrong_text(given.arguments, "arguments") or wrong_selection(given.selection or {})
  if problem then error(problem, 3) end
end

--- Completes a request from the current run: options one by one, a selection is one thing.
function request.complete(given)
  local current = run.current()
  given = tables.merge({ root = current.root, selection = current.selection, files = {}, arguments = {} }, given)
  given.options = tables.merge(current.options, given.options)
  given.emit = given.emit and run.safe_emit(given.emit) or current.emit
  return given
end

-- --- the command line ----------------------------------------------------------------------------

local function put(into, row, value)
  if row.type.fields then
    for _, field in ipairs(row.type.fields) do into[field] = value[field] end
  elseif row.type == options.types.names then
    into[row.name] = {}
    for _, name in ipairs(value) do into[row.name][name] = true end
  else
    into[row.name] = value
  end
end

--- The selection and the options of a request, from values of the command line by name.
function request.of_values(values)
  local made = { selection = {}, options = {} }
  for name, value in pairs(values) do
    local row = options.by_name[name]
    if row.goes_to then put(made[row.goes_to], row, value) end
  end
  if values.qmi then made.options.mbim = false end
  return made
end

-- The inverse: values by name. Options that only the command line has (log, quiet ...) are values already.
local function values_of(given)
  local values, skipped = tables.merge(given.selection, given.options, { root = given.root }), {}
  for finding, skip in pairs(values.skip or {}) do skipped[#skipped + 1] = skip and finding or nil end
  table.sort(skipped)
  values.skip, values.qmi = skipped, values.mbim == false
  for name, row in pairs(options.by_name) do
    local parts = {}
    for _, field in ipairs(row.type.fields or {}) do
      parts[#parts + 1], values[field] = values[field], nil
    end
    if parts[1] then values[name] = table.concat(parts, ":") end
  end
  return values
end

--- The words of the command line for a request with its command, without the name of the program.
function request.words(given)
  local values, words = values_of(given), {}
  local function add(word) words[#words + 1] = word end
  for _, name in ipairs(tables.sorted_keys(values)) do
    local long, value = "--" .. name:gsub("_", "-"), values[name]
    for _, one in ipairs(type(value) == "table" and value or { value or nil }) do
      add(one == true and long or long .. "=" .. tostring(one))
    end
  end
  add(given.command)
  add "--"
  add(given.path)
  add(given.pair)
  for _, list in ipairs { given.files or {}, given.arguments or {} } do
    for _, word in ipairs(list) do add(word) end
  end
  return words
end

return request

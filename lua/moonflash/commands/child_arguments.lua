--- The command line of a child process that does what a request says.
-- @module moonflash.commands.child_arguments

local checks = require "moonflash.base.request_checks"
local options = require "moonflash.base.options"
local run = require "moonflash.base.run"
local tables = require "moonflash.base.table"

local child_arguments = {}

--- The words of the command line.
-- @tparam table request command, files, arguments, pair, root, selection, options
-- @treturn table array, without the name of the program
function child_arguments.words(request)
  local words = options.to_words(request.selection, request.options)
  if request.root then words[#words + 1] = "--root=" .. request.root end
  words[#words + 1] = request.command
  words[#words + 1] = "--"
  words[#words + 1] = request.pair
  for _, list in ipairs { request.files or {}, request.arguments or {} } do
    for _, word in ipairs(list) do words[#words + 1] = word end
  end
  return words
end

local fields = {
  command = checks.text, pair = checks.text, root = checks.text, program = checks.text, files = checks.table,
  arguments = checks.table, selection = checks.table, options = checks.table, stdin = checks.number,
  stderr = checks.number,
}

-- The command line selects by ids with the vendor and by a number on a bus; it has no selection by model.
local function is_expressible(selection)
  return not (selection.model or selection.pid and not selection.vid or selection.bus and not selection.number)
end

local function check(request, level)
  if type(request) ~= "table" or type(request.command) ~= "string" then error("a job needs a command", level + 1) end
  checks.fields(request, fields, "a job", level + 1)
  checks.texts(request.files, "a job's files", level + 1)
  checks.texts(request.arguments, "a job's arguments", level + 1)
  if not is_expressible(request.selection or {}) then
    error("a job selects its modem by place, serial, cdc_wdm, tty, vid, vid and pid, number, or bus and number",
      level + 1)
  end
end

--- A whole request: what it leaves open is taken from the current run.
-- @tparam table request of flash.job
-- @tparam number level of an error in the request, as for `error`; 1 is the caller
-- @treturn table the request
-- @raise for a wrong request
function child_arguments.complete(request, level)
  check(request, level + 1)
  local current = run.current()
  return tables.merge({ root = current.root ~= "/" and current.root or nil, selection = current.selection }, request,
    { options = tables.merge(current.options, request.options) })
end

return child_arguments

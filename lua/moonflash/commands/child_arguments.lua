--- The command line that says what a request says, for moonflash as a child process.
-- @module moonflash.commands.child_arguments

local blame = require "moonflash.engine.blame"
local context = require "moonflash.base.run"
local modems = require "moonflash.commands.devices"
local words = require "moonflash.base.request_checks"

local command_line = {}

-- What the command line says in another form.
local function translated(options, selection)
  local skipped, number = {}, selection.number
  for finding, skip in pairs(options.skip or {}) do skipped[#skipped + 1] = skip and finding or nil end
  return {
    vid_pid = selection.vid and table.concat({ selection.vid, selection.pid }, ":"),
    busnum_devnum = number and selection.bus and selection.bus .. ":" .. number or number,
    qmi = options.mbim == false, skip = skipped,
  }
end

local not_as_they_are = { vid = true, pid = true, bus = true, number = true, skip = true }

local function add_option(line, name, value)
  local option = "--" .. name:gsub("_", "-")
  if type(value) == "table" then
    for _, one in ipairs(value) do line[#line + 1] = option .. "=" .. one end
  elseif value == true then
    line[#line + 1] = option
  elseif value then
    line[#line + 1] = option .. "=" .. tostring(value)
  end
end

local function add_options(line, options, leave_out)
  for name, value in pairs(options) do
    if not leave_out[name] then add_option(line, name, value) end
  end
end

--- The command line of a request.
-- @tparam table request of command_line.whole
-- @treturn table its words after `moonflash`
function command_line.words(request)
  local line, options, selection = {}, request.options or {}, request.selection or {}
  add_options(line, options, not_as_they_are)
  add_options(line, selection, not_as_they_are)
  add_options(line, translated(options, selection), {})
  add_option(line, "root", request.root)
  line[#line + 1] = request.command
  line[#line + 1] = "--"
  line[#line + 1] = request.pair
  for _, list in ipairs { request.files or {}, request.arguments or {} } do
    for _, word in ipairs(list) do line[#line + 1] = word end
  end
  return line
end

local fields = {
  string = "command pair root program", table = "files arguments selection options", number = "stdin stderr",
}

-- A selection in the words of the command line: a modem that it has none for is looked up.
local function worded(request)
  local selection = request.selection or {}
  local vague = selection.bus and not selection.number or selection.pid and not selection.vid
  if not selection.model and not vague then return selection end
  local found, none = modems.choose { root = request.root or "/", selection = selection }
  if not found then return nil, none end
  return { place = found.place }
end

-- What is left open is as the script's own command line said, but for where that is recorded.
local function inherited(request)
  local current, options = context.current(), {}
  for name, value in pairs(current.options) do options[name] = value end
  options.trace = nil
  for name, value in pairs(request.options or {}) do options[name] = value end
  local whole = { root = current.root ~= "/" and current.root or nil, selection = current.selection }
  for name, value in pairs(request) do whole[name] = value end
  whole.options = options
  return whole
end

--- A request with what it leaves open filled in, its modem in the words of a command line.
-- @tparam table request of flash.job
-- @treturn table the whole request, or nil and a failure: device.none, device.ambiguous
-- @raise for what is no request
function command_line.whole(request)
  local command = type(request) == "table" and request.command
  if type(command) ~= "string" then blame.caller "a job needs a command" end
  words.check_fields(request, fields, "a job")
  words.check_names(request.files, "a job's files")
  words.check_names(request.arguments, "a job's arguments")
  local whole = inherited(request)
  local selection, none = worded(whole)
  if not selection then return nil, none end
  whole.selection = selection
  return whole
end

return command_line

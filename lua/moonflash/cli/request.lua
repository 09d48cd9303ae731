--- The request of a command: the values of the command line in the form that the library takes.

local failure = require "moonflash.base.failure"
local options = require "moonflash.base.options"
local results = require "moonflash.commands.result"
local selected = require "moonflash.commands.request"
local sys = require "moonflash.core.sys"
local traced = require "moonflash.commands.traced"

local requests = {}

local function root_of(given)
  local root = given.root or os.getenv "MOONFLASH_ROOT" or ""
  if root == "" then return "/" end
  local stat = sys.stat(sys.real_path(root) or root) -- follows a link
  if stat and stat.kind == "folder" then return root end
  return nil, failure.new("usage", "the root is not a folder", {
    evidence = root, hint = "give a folder with sys and dev in it to --root or MOONFLASH_ROOT",
  })
end

local function check_trace(command, given)
  if not given.trace then return nil end
  if not command.traced then
    return failure.new("usage", command.name .. " talks to no modem: --trace has nothing to write")
  elseif given.log and traced.same_file(given.trace, given.log) then
    return failure.new("usage", "--trace would replace the log", { hint = "choose another file" })
  end
end

--- Makes the request of a command.
-- @tparam table parsed of moonflash.cli.arguments
-- @tparam function emit takes the events
-- @treturn table root, selection, options, emit and the arguments of the command by name; or nil and a failure
function requests.new(parsed, emit)
  local root, problem = root_of(parsed.given)
  problem = problem or check_trace(parsed.command, parsed.given)
  if problem then return nil, problem end
  local request = { root = root, emit = emit }
  request.selection, request.options = options.to_request(parsed.given)
  for field, value in pairs(parsed.arguments) do request[field] = value end
  return request
end

--- Asks one modem something, in a job that opens the modem's ports and closes them.
-- @tparam table request
-- @tparam function ask called with the job; returns nil, or a failure: the modem refuses or cannot be asked
-- @tparam ?table device the device; nil: the one that the request selects
-- @treturn table result
function requests.ask(request, ask, device)
  local work, none
  if device then work = selected.job(request, { device = device }) else work, none = selected.find(request) end
  if not work then return results.bad(none) end
  local problem = ask(work)
  work:finalize()
  return problem and results.refused(problem) or results.good()
end

return requests

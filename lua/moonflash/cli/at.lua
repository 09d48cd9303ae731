--- moonflash at COMMAND...: AT commands, one after the other until the modem refuses one.

local asking = require "moonflash.cli.request"
local failure = require "moonflash.base.failure"
local protocol = require "moonflash.protocol.at"
local results = require "moonflash.commands.result"
local schema = require "moonflash.cli.schema"

local at = {}

local COMMAND_SECONDS = 10

local function check(commands)
  for _, command in ipairs(commands) do
    if not protocol.is_command(command) then
      return failure.new("usage", ("'%s' is not an AT command"):format(command), {
        hint = "a command is one line that begins with AT; quote it for the shell: 'AT!IMPREF?'" })
    end
  end
end

local function show(out, command, answer)
  for _, line in ipairs(answer) do out:say(line) end
  if answer.final == "OK" and not answer[1] then out:say "OK" end
  out:object(schema.at { command = command, lines = answer, final = answer.final })
end

local function ask(request, out, job)
  local session, problem = job:at()
  if not session then return problem end
  for _, command in ipairs(request.commands) do
    local answer, refusal = session:command(command, job:ms(COMMAND_SECONDS))
    answer = answer or refusal.answer
    if answer then show(out, command, answer) end
    if refusal then return refusal end
  end
end

--- Runs the command.
-- @tparam table request commands, and as for moonflash.cli.request
-- @tparam table out the output
-- @treturn table result
function at.run(request, out)
  local problem = check(request.commands)
  if problem then return results.bad(problem) end
  local tty = request.selection.tty -- the port alone, whether its modem is known or not
  local port = tty and { nodes = { at = tty }, interfaces = { { number = 0, tty = tty } } }
  return asking.ask(request, function(job) return ask(request, out, job) end, port)
end

return at

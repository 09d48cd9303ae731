--- moonflash at COMMAND...
local asking = require "moonflash.cli.asking"
local failure = require "moonflash.base.failure"
local json = require "moonflash.base.json"
local outcome = require "moonflash.commands.outcome"

local COMMAND_SECONDS = 10

local function check(wanted)
  for _, command in ipairs(wanted.given.commands) do
    if not wanted.use.at.is_command(command) then
      return failure.new("usage", ("'%s' is no AT command"):format(command), {
        hint = "a command is one line that begins with AT; quote it for the shell: 'AT!IMPREF?'" })
    end
  end
end

-- The selected modem; with -t the port alone, whether its modem is known or not.
local function find_device(wanted)
  local tty = wanted.selection.tty
  if tty then return { nodes = { at = tty }, interfaces = { { number = 0, tty = tty } } } end
  return asking.find(wanted)
end

local function show(out, command, answer)
  local lines = {}
  for index, line in ipairs(answer) do
    lines[index] = line
    out:say(line)
  end
  if answer.final == "OK" and not answer[1] then out:say "OK" end
  out:object(json.object({ "v", "command", "lines", "final" },
    { v = 1, command = command, lines = lines, final = answer.final }))
end

-- One after the other until the modem refuses one.
local function ask(wanted, job)
  local session, problem = job:at()
  if not session then return problem end
  for _, command in ipairs(wanted.given.commands) do
    local answer, refusal = session:command(command, job:ms(COMMAND_SECONDS))
    answer = answer or refusal.answer
    if answer then show(wanted.out, command, answer) end
    if refusal then return refusal end
  end
end

return {
  name = "at",
  usage = "COMMAND...",
  summary = "AT commands on the modem's AT port, like `at ATI`",
  arguments = {
    { "COMMAND", "an AT command, quoted for the shell: 'AT!IMPREF?'", count = "+", target = "commands" },
  },
  run = function(wanted)
    local problem = check(wanted)
    if problem then return outcome.bad(problem) end
    local device
    device, problem = find_device(wanted)
    if not device then return outcome.bad(problem) end
    problem = asking.within_job(wanted, device, function(job) return ask(wanted, job) end)
    return problem and asking.refused(problem) or outcome.good()
  end,
}

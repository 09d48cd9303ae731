--- How a command that changes nothing ended, in the form of the engine's results.
-- @module moonflash.commands.outcome

local exit = require "moonflash.commands.result"

local outcome = {}

--- It did what was asked.
-- @treturn table result
function outcome.good()
  return { ok = true, exit = exit.DONE }
end

--- It failed.
-- @tparam table failure
-- @tparam[opt] number status exit status, when it is not the usual one of the failure
-- @treturn table result
function outcome.bad(failure, status)
  return { ok = false, exit = status or exit.status(nil, failure), failure = failure }
end

--- Good, or bad if there is a failure.
function outcome.of(failure)
  return failure and outcome.bad(failure) or outcome.good()
end

return outcome

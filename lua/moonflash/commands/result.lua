--- Exit statuses: a program can tell "untouched" from "needs care".
-- @module moonflash.commands.result

local exit = {
  DONE = 0, USAGE = 1, NOTHING_TO_DO = 2, REFUSED = 3, BAD_IMAGE = 4, NO_MODEM = 5,
  NOT_ENTERED = 6, TRANSFER_FAILED = 7, NOT_CONFIRMED = 8, INTERRUPTED = 9, SCRIPT_ERROR = 10,
}

-- Codes that say it all, whatever the phase.
local by_code = {
  ["usage"] = exit.USAGE, ["trace.failed"] = exit.USAGE, ["trace.unusable"] = exit.USAGE,
  ["device.none"] = exit.NO_MODEM, ["device.ambiguous"] = exit.NO_MODEM,
  ["script.not_found"] = exit.SCRIPT_ERROR, ["script.invalid"] = exit.SCRIPT_ERROR,
  ["script.raised"] = exit.SCRIPT_ERROR, ["script.untrusted"] = exit.SCRIPT_ERROR,
}

-- Codes that say it before an image was opened; afterwards the state of the modem matters more.
local by_kind = { image = exit.BAD_IMAGE, source = exit.BAD_IMAGE }

local by_phase = {
  untouched = exit.REFUSED, entering = exit.NOT_ENTERED, transfer = exit.TRANSFER_FAILED,
  booting = exit.NOT_CONFIRMED,
}

--- The status of a failure.
-- @tparam ?table job the job it happened to, if there was one
-- @tparam ?table problem the failure; nil: all is well
-- @treturn number
function exit.status(job, problem)
  if not problem then return exit.DONE end
  local kind, what = problem.code:match "^([^.]+)%.?(.*)$"
  local phase = job and job.phase or "untouched"
  if what == "interrupted" then return exit.INTERRUPTED end
  if by_code[problem.code] then return by_code[problem.code] end
  if phase ~= "transfer" and phase ~= "booting" and by_kind[kind] then return by_kind[kind] end
  return by_phase[phase]
end

return exit

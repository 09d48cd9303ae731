--- A modem that crashed shows the one port of download mode, but waits for its memory to be read
-- (Sahara). It takes no image; a reset brings it back.
-- @module moonflash.procedure.crash

local sahara = require "moonflash.protocol.sahara"

local crash = {}

local RESET_SECONDS = 5

--- Resets a modem that turned out to have crashed; it is followed from here on.
-- @tparam table job
-- @tparam table problem the failure to greet it
-- @treturn boolean true, or nil and a failure: `problem` itself for a modem that did not crash
function crash.reset(job, problem)
  if problem.other_protocol ~= "sahara" then return nil, problem end
  job:warn(problem.code, "the modem crashed and waits for its memory to be read: it is reset")
  job:follow()
  return sahara.reset(job.device.nodes.qdl, job:ms(RESET_SECONDS))
end

return crash

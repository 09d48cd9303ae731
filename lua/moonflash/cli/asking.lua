--- What the commands share that ask one modem something: which modem, the job they ask within, and
-- how a refusal ends.
-- @module moonflash.cli.asking

local exit = require "moonflash.commands.result"
local outcome = require "moonflash.commands.outcome"

local asking = {}

--- The modem that is meant.
-- @tparam table wanted the request
-- @treturn table the device, or nil and a failure
function asking.find(wanted)
  local use = wanted.use
  local models = use.flash.models(wanted.emit)
  return use.device.select(use.device.list(wanted.root, models), wanted.selection)
end

--- Does something within a job on a device, which knows how to open the modem's ports and closes them.
-- @tparam table wanted the request
-- @tparam table device
-- @tparam function work called with the job
-- @return what `work` returns
function asking.within_job(wanted, device, work)
  local job = wanted.use.job.new {
    device = device, root = wanted.root, options = wanted.options, emit = wanted.emit,
  }
  local answer, problem = work(job)
  job:finalize()
  return answer, problem
end

--- The modem refuses, or cannot be asked, whatever the reason, unless it is that nobody wanted to wait.
-- @tparam table problem the failure
-- @treturn table result
function asking.refused(problem)
  return outcome.bad(problem, not problem.code:find "%.interrupted$" and exit.REFUSED or nil)
end

return asking

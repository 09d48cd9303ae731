--- Opens nodes that have just appeared: /dev may be late, its permissions later, and a serial port
-- refuses for a moment while its driver is still at work.
-- @module moonflash.device.open

local failure = require "moonflash.base.failure"
local watch = require "moonflash.device.watch"

local open = {}

local RETRY_MS = 10

-- ENOENT, EACCES, EBUSY and EIO as core.port and core.qmi call them.
local passing = {
  ["port.not_found"] = true, ["port.denied"] = true, ["port.busy"] = true, ["port.failed"] = true,
}

--- Opens a node, again and again while that may still help.
-- @tparam string path
-- @tparam function open_function called with the path; returns what is opened, or nil and a failure
-- @tparam number within_ms for how long to go on after the first failure
-- @tparam[opt] table clock { now(), sleep(ms) }: for tests
-- @return what open_function returned; or nil and its last failure, or job.interrupted
function open.node(path, open_function, within_ms, clock)
  clock = clock or watch.clock
  local ends = clock.now() + within_ms
  while true do
    local opened, problem = open_function(path)
    if opened or not passing[problem.code] or clock.now() >= ends then return opened, problem end
    if not clock.sleep(RETRY_MS) then
      return nil, failure.new("job.interrupted", "stopped while opening " .. path, { cause = problem })
    end
  end
end

return open

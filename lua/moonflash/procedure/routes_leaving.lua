--- What all routes share: the command that makes the modem leave is sent once, and only while nobody has
-- asked us to stop; losing the modem while it answers is no failure.
-- @module moonflash.procedure.routes_leaving

local leaving = {}

-- None of these says that the modem does not do it: it went away, or its answer was lost.
local lost = {
  ["qmi.closed"] = true, ["qmi.timeout"] = true, ["qmi.failed"] = true, ["qmi.malformed"] = true,
  ["at.closed"] = true, ["at.timeout"] = true,
}

-- The outcome of a command that makes the modem vanish, often before it answers.
local function taken(answer, problem)
  if answer or lost[problem.code] then return true end
  return nil, problem
end

--- A failure from before the command that makes the modem leave: nobody need wait for it to go.
-- @tparam table problem gets the field `stays`
function leaving.not_sent(problem)
  problem.not_sent = true
  return nil, problem
end

--- Asks what may make the modem vanish, unless we were asked to stop before.
-- @tparam table job
-- @tparam function ask the command; what it returns
-- @treturn boolean true when the modem took it, or nil and a failure
function leaving.by(job, ask)
  local stopped = job:check_interrupt()
  if stopped then return leaving.not_sent(stopped) end
  return taken(ask())
end

return leaving

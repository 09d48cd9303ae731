-- A service that is off for several runs at once, each on a modem of its own: the first of them stops it, the
-- last starts it. Who counts on it is in the runs' journals; whether a run is still at work, its lock tells.

local journal = require "moonflash.host.paused"
local lock = require "moonflash.host.lock"
local paths = require "moonflash.base.paths"
local sys = require "moonflash.core.sys"

local shared = {}

local PATIENCE_MS, AGAIN_MS = 40000, 20 -- longer than a service takes to stop or start

local function take(root)
  local deadline = sys.clock_ms() + PATIENCE_MS
  while true do
    local held, problem = sys.lock(paths.below(root, "/run/moonflash/services.lock"))
    if held or problem.code ~= "sys.locked" or sys.clock_ms() > deadline then return held end
    if not sys.sleep_ms(AGAIN_MS) then return nil end
  end
end

--- Does something while no other run stops or starts services; without the lock, should that fail.
-- @tparam string root
-- @tparam function action
-- @return what it returns
function shared.alone(root, action)
  local held = take(root)
  local result, problem = action()
  if held then held:release() end
  return result, problem
end

local function is_at_work(root, socket)
  local held, problem = lock.take_socket(root, socket, lock.ASKS)
  if held then held:release() end
  return not held and lock.is_jobs(problem)
end

local function lists(noted, name, kinds)
  for _, entry in ipairs(noted.entries) do
    if entry.name == name and kinds[entry.kind].service then return true end
  end
  return false
end

--- Whether another run that is at work counts on a service being off.
-- @tparam string root
-- @tparam string socket that of the modem of the run that asks
-- @tparam string name of the service
-- @tparam table kinds those of moonflash.host.services
-- @treturn boolean
function shared.is_needed(root, socket, name, kinds)
  for _, other in ipairs(journal.sockets(root)) do
    local counts = other ~= socket and lists(journal.read(root, other, kinds), name, kinds)
    if counts and is_at_work(root, other) then return true end
  end
  return false
end

return shared

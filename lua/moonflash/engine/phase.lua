--- How far the jobs have come whose modem is sent images, whoever opened the port: a job's phase decides the
-- exit status, and whether what was changed may still be put back.
-- @module moonflash.engine.phase

local context = require "moonflash.base.run"

local phase = {}

local function is_at(path, opener, job)
  return job ~= nil and (job == opener or job.device.nodes.qdl == path)
end

-- The jobs at a port that the script itself has opened; or what stands for one where it has none.
local function by_hand(path, opener)
  local script, found = context.current(), {}
  for _, job in ipairs(script.opened or {}) do
    if is_at(path, opener, job) then found[#found + 1] = job end
  end
  if found[1] or not script.loose or is_at(path, opener, script.at_work) then return found end
  script.loose[path] = script.loose[path] or {}
  return { script.loose[path] }
end

--- An image was opened: the modem may hold a part of it.
-- @tparam string path of the port
-- @tparam ?table opener the job that opened the port, if one did
function phase.image_opened(path, opener)
  local work = context.current().at_work
  if is_at(path, opener, work) then work.phase = "transfer" end
  for _, job in ipairs(by_hand(path, opener)) do job.phase = "transfer" end
end

--- The modem was told to restart. Steps see to that themselves.
-- @tparam string path of the port
-- @tparam ?table opener
function phase.was_reset(path, opener)
  for _, job in ipairs(by_hand(path, opener)) do
    if job.phase == "transfer" then job.phase = "booting" end
  end
end

--- The job that says most of how a script left its modems.
-- @tparam table request of the script
-- @treturn ?table
function phase.worst(request)
  local jobs = { unpack(request.opened) }
  for _, job in pairs(request.loose) do jobs[#jobs + 1] = job end
  for _, job in pairs(request.failed) do jobs[#jobs + 1] = job end
  for _, name in ipairs { "transfer", "booting", "entering" } do
    for _, job in ipairs(jobs) do
      if job.phase == name then return job end
    end
  end
  return request.opened[1]
end

return phase

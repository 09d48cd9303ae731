--- The routes that go by AT.
-- @module moonflash.procedure.routes_by_at

local at = require "moonflash.protocol.at"
local leaving = require "moonflash.procedure.routes_leaving"

local by_at = {}

local not_sent = leaving.not_sent

local AT_SECONDS = 5

local function depart(job, session, command)
  return leaving.by(job, function() return session:command(command, job:ms(AT_SECONDS)) end)
end

-- The modem's AT session. Some firmware needs no unlocking and some does not know it, so a refusal
-- of that says nothing about the commands that follow.
local function unlocked(job)
  local session, problem = job:at()
  if not session then return nil, problem end
  local answer, refusal = session:unlock(job:ms(AT_SECONDS))
  if not answer and not at.is_refusal(refusal) then return nil, refusal end
  return session
end

--- AT!BOOTHOLD, after unlocking.
function by_at.boothold(job)
  local session, problem = unlocked(job)
  if not session then return not_sent(problem) end
  return depart(job, session, "AT!BOOTHOLD")
end

-- Which of the two a firmware knows does not always follow from its model.
local preference_commands = { "AT!IMPREF", "AT!GOBIIMPREF" }

-- Each form with the model's command and then with the other. The full form names any pair; a carrier
-- alone, the one that the modem stores of it. What AT calls the settings is <carrier>_<config>.
local function forms(job, pair)
  local carrier, own = pair.carrier, job.model.preference_command
  local words = { ('"%s","%s","%s_%s"'):format(pair.firmware, carrier, carrier, pair.config) }
  if job.stored_already then words[2] = ('"%s"'):format(carrier) end
  local commands = {}
  for _, value in ipairs(words) do
    commands[#commands + 1] = own .. "=" .. value
    for _, name in ipairs(preference_commands) do
      if name ~= own then commands[#commands + 1] = name .. "=" .. value end
    end
  end
  return commands
end

-- Prefers a pair; refused is what refuses all forms, with the answer to the first. Only a refusal says that
-- the modem does not prefer it.
local function prefer(job, session, pair)
  local first
  for _, form in ipairs(forms(job, pair)) do
    local answer, problem = session:command(form, job:ms(AT_SECONDS))
    if answer then return answer end
    first = first or problem
    if not at.is_refusal(problem) then return nil, problem end
  end
  return nil, first
end

local function restore(job, pair)
  local session, problem = unlocked(job)
  if not session then return nil, problem end
  local answer, refusal = prefer(job, session, pair)
  if not answer then return nil, refusal end
  job:follow()
  local restarted, refused = depart(job, session, "AT!RESET")
  job:close_at()
  if not restarted then return nil, refused end
  return job:wait_for_device({ application = true }, job:ms(240))
end

-- When QMI has set the preference, QMI also puts it back. What counts is what was preferred at first, not
-- what an earlier attempt has set.
local function undo_preference(job, before)
  job.at_preference_before = job.at_preference_before or before and before.preferred
  local pair = not job.preference_set and job.at_preference_before
  if not (pair and pair.firmware and pair.carrier and pair.config) then return end
  job:undo("restore the preference", function() return restore(job, pair) end)
end

--- Prefers the pair of the images, and restarts.
function by_at.prefer_images(job)
  local session, problem = unlocked(job)
  if not session then return not_sent(problem) end
  local before = session:ask("preference", job:ms(AT_SECONDS))
  local answer, unset = prefer(job, session, job.set)
  if not answer and at.is_refusal(unset) then return not_sent(unset) end
  job.phase = "entering"
  undo_preference(job, before)
  if not answer then return not_sent(unset) end
  return depart(job, session, "AT!RESET")
end

return by_at

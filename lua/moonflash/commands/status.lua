-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The state of a modem, its causes, and what to do about it. Changes nothing. In download mode the port is only
-- listened to: a byte sent there could keep the modem in download mode.

local causes = require "moonflash.procedure.low_power"
local checks = require "moonflash.procedure.checks"
local jobs = require "moonflash.commands.job"
local results = require "moonflash.commands.result"
local sahara = require "moonflash.protocol.sahara"
local versions = require "moonflash.procedure.versions"

local status = {}

local LISTEN_SECONDS = 0.5
local NO_SLOT, NO_COUNT = 255, 255

local advice = {
  ["boot-rom"] = "the loader is lost: only the maker's tools help; moonflash cannot cure this",
  ["memory-debug"] = "the modem crashed and waits for its memory to be read: `moonflash recover` resets it",
  download = "the modem waits for an image: `moonflash update FILE...` sends one, `moonflash recover` restarts a "
    .. "modem whose images are complete",
}

-- Whether a stored image is the one that runs, by its build id: in the list of images, the index of the running one
-- counts images on some modems and is a slot on others.
local function is_active(state, kind, image)
  local seen = versions.of_preference { { type = "pri", unique_id = image.unique_id, build_id = image.build_id } }
  if not seen or not seen.firmware then return false end
  if kind == "modem" then return seen.firmware == state.running.firmware end
  return versions.agree(seen, state.running)
end

-- The stored images, one row each.
local function rows_of(state)
  local rows = {}
  for _, group in ipairs(state.stored or {}) do
    for _, image in ipairs(group.images) do
      rows[#rows + 1] = {
        type = group.type, unique_id = image.unique_id, build_id = image.build_id,
        slot = image.storage_index ~= NO_SLOT and image.storage_index or nil,
        failures = image.failure_count ~= NO_COUNT and image.failure_count or 0,
        active = is_active(state, group.type, image),
      }
    end
  end
  return rows
end

-- A modem whose ids belong to a model of another family than it names. Images for that model are refused.
local function other_family(job, state)
  for _, model in ipairs(job.models) do
    if model.name == job.device.model and state.family and state.family ~= model.family:upper() then
      return ("the modem says that it is %s: images for the %s (%s) are refused"):format(state.family, model.name,
        model.family)
    end
  end
end

-- A modem in application mode is asked over QMI and, where it has a port for it, over AT.
local function ask(job, seen)
  local state, problem = versions.read(job)
  if not state then return problem end
  seen.running, seen.preferred, seen.stored = state.running, state.preferred, rows_of(state)
  seen.power = { mode = state.mode, causes = {} }
  if state.mode ~= "online" then causes.find(job, state, seen) end
  local family = other_family(job, state)
  seen.checks = checks.list(job, seen, state, family)
  if family then table.insert(seen.advice, 1, family) end
end

-- A loader that speaks Firehose says hello once, to the first program that listens: an update needs that hello.
local function listen(job, seen)
  local path = job.device.nodes.qdl
  if path and job:download_protocol() == "qdl" and sahara.offers_memory(path, job:ms(LISTEN_SECONDS)) then
    seen.device.mode = "memory-debug"
  end
end

local function look(job)
  local seen = { device = job.device, stored = {}, power = { causes = {} }, advice = {} }
  local free, problem = job:lock(true)
  if not free then return seen, problem end
  if job.device.mode == "application" then
    problem = ask(job, seen)
  elseif job.device.mode == "download" then
    listen(job, seen)
  end
  seen.checks = seen.checks or checks.list(job, seen)
  local other = job.device.other
  table.insert(seen.advice, other and ("moonflash does not support the %s: %s"):format(other.name, other.reason)
    or advice[seen.device.mode])
  return seen, problem
end

--- Reads the state of one modem. The result has status = { device, running, preferred, stored, power = { mode,
-- causes }, checks (moonflash.procedure.checks), advice }.
function status.read(request)
  local job, none = jobs.find(request)
  if not job then return results.bad(none) end
  local seen, problem = look(job)
  job:finalize()
  local result = results.of(job, problem)
  result.status = seen
  return result
end

return status

-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Several modems of one model: which modems an update with the option `all` means.

local device = require "moonflash.device"
local failure = require "moonflash.base.failure"
local model = require "moonflash.engine.model"

local fleet = {}

-- --model decides between scripts, not which modems are meant.
local function is_of(work)
  local dev = work.device
  return not dev.model and not dev.other or dev.model and model.answers_to(work.model, dev.model)
    or model.is_for(work.model, dev, work.models)
end

local function fitting(devices, work_for)
  local found, first = {}, nil
  for _, dev in ipairs(devices) do
    local work, problem = work_for(dev)
    if work and is_of(work) then found[#found + 1] = work end
    first = first or problem
  end
  if found[1] then return found end
  return nil, first or failure.new("device.none", "there is no modem that the images fit")
end

-- Why these modems cannot be updated together; nil: they can.
local function obstacle(found, set)
  for _, work in ipairs(found) do
    if work.model ~= found[1].model then
      return failure.new("device.ambiguous", "the images fit modems of several models", {
        evidence = device.describe(found[1].device) .. "; " .. device.describe(work.device),
        hint = "choose one model with --model",
      })
    end
  end
  for _, image in ipairs(found[2] and set.images or {}) do
    if image.read_once then
      return failure.new("source.read_once", image.file .. " can be read only once, for one modem")
    end
  end
end

--- The devices that are meant: those that the selection and the images fit, all of one model; or nil and a failure.
-- work_for gives a job for a device, or nil and a failure.
function fleet.choose(devices, selection, set, work_for)
  local found, problem = fitting(device.matching(devices, selection), work_for)
  problem = problem or obstacle(found, set)
  if problem then return nil, problem end
  local chosen = {}
  for index, work in ipairs(found) do chosen[index] = work.device end
  return chosen
end

return fleet

--- Several modems of one kind, one after the other: which they are, and what came of it.
-- @module moonflash.commands.fleet

local device = require "moonflash.device"
local exit = require "moonflash.commands.result"
local failure = require "moonflash.base.failure"
local model = require "moonflash.engine.model"

local fleet = {}

-- From the best to the worst: what a person has to look after most comes last.
local order = {
  exit.NOTHING_TO_DO, exit.DONE, exit.USAGE, exit.BAD_IMAGE, exit.NO_MODEM, exit.REFUSED, exit.SCRIPT_ERROR,
  exit.INTERRUPTED, exit.NOT_ENTERED, exit.NOT_CONFIRMED, exit.TRANSFER_FAILED,
}
local rank = {}
for place, status in ipairs(order) do rank[status] = place end

local function check_once(set, count)
  for _, image in ipairs(count > 1 and set.images or {}) do
    if image.read_once then
      return nil, failure.new("source.read_once", image.file .. " can be read only once, for one modem")
    end
  end
  return true
end

-- --model decides between scripts, not which modems are meant.
local function is_of(work)
  local name = work.device.model
  return not name or model.answers_to(work.model, name) or model.is_for(work.model, work.device, work.models)
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

local function check_one_kind(found)
  for _, work in ipairs(found) do
    if work.model ~= found[1].model then
      return nil, failure.new("device.ambiguous", "the images fit modems of several models", {
        evidence = device.describe(found[1].device) .. "; " .. device.describe(work.device),
        hint = "choose one kind with --model",
      })
    end
  end
  return true
end

--- The modems that are meant: those that the selection and the images fit, all of one model.
-- @tparam table devices that are plugged
-- @tparam table selection
-- @tparam table set of images
-- @tparam function work_for gives a job for a device, or nil and a failure
-- @treturn table array of devices, or nil and a failure
function fleet.choose(devices, selection, set, work_for)
  local found, problem = fitting(device.matching(devices, selection), work_for)
  if not found then return nil, problem end
  local good
  good, problem = check_one_kind(found)
  if good then good, problem = check_once(set, #found) end
  if not good then return nil, problem end
  local chosen = {}
  for index, work in ipairs(found) do chosen[index] = work.device end
  return chosen
end

local function worst_of(results)
  local worst = results[1]
  for _, result in ipairs(results) do
    if rank[result.exit] > rank[worst.exit] then worst = result end
  end
  return worst
end

local function text_of(results, count)
  local parts = {}
  for _, result in ipairs(results) do
    if not result.ok then parts[#parts + 1] = result.place .. ": " .. tostring(result.failure) end
  end
  if count > #results then parts[#parts + 1] = ("%d not begun"):format(count - #results) end
  return table.concat(parts, "; ")
end

--- The result of all.
-- @tparam table results array, each with its place
-- @tparam number count how many modems there were to be
-- @treturn table result: the worst exit status; ok when all are
function fleet.result(results, count)
  local worst = worst_of(results)
  if worst.ok then return { ok = true, exit = worst.exit } end
  local bad = 0
  for _, result in ipairs(results) do bad = bad + (result.ok and 0 or 1) end
  local message = ("%d of %d modems could not be updated"):format(bad + count - #results, count)
  return { ok = false, exit = worst.exit, failure = failure.new(worst.failure.code, message,
    { evidence = text_of(results, count), hint = failure.hint(worst.failure) }) }
end

return fleet

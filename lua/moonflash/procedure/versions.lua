-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- What a modem runs, prefers and stores, as read over QMI:
-- VERSIONS = { firmware = "02.33.03.00", carrier = "GENERIC", config = "002.072_000" }.

local dms = require "moonflash.protocol.qmi.dms"
local failure = require "moonflash.base.failure"
local model = require "moonflash.engine.model"
local version = require "moonflash.base.version"

local versions = {}

local known = version.known

-- Offline reasons of a modem whose preferred and stored images do not agree (reference: DMS 0x002d).
local mismatch_reasons = { host_image = true, pri_image = true, pri_version = true }

--- The firmware version in a revision text such as "SWI9X30C_02.33.03.00 r8209 ...".
function versions.of_revision(text)
  return text and text:match "_(%d+%.%d+%.%d+%.%d+)"
end

--- VERSIONS of a firmware preference: its PRI entry has all of them; the modem entry may read "?_?".
-- The build id is <firmware>_<carrier>, the unique id is the config. A list without these texts names no images: nil.
function versions.of_preference(list)
  for _, entry in ipairs(list or {}) do
    if entry.type == "pri" then
      local firmware, carrier = entry.build_id:match "^%s*([%d%.]+)_(.*)$"
      local found = { firmware = firmware, carrier = known(carrier), config = known(entry.unique_id) }
      return (found.carrier or found.config) and found or nil
    end
  end
end

-- Some models and firmware refuse some requests: that is no failure.
local function optional(job, message)
  local answer, problem = job:request(message)
  if answer then return answer end
  if problem.code == "qmi.refused" then
    job:note(("%s: %s"):format(message.name or "request", tostring(problem)))
    return {}
  end
  return nil, problem
end

local questions = {
  { "current", dms.swi_get_current_firmware }, { "preference", dms.get_firmware_preference },
  { "stored", dms.list_stored_images }, { "power", dms.get_operating_mode },
}

local function running(revision, current, preferred)
  local firmware = versions.of_revision(current.amss_version) or versions.of_revision(revision)
  local result = {
    firmware = firmware, carrier = known(current.carrier), config = known(current.config_version),
  }
  -- MC7354 does not report its PRI: it runs the one it prefers, unless the firmware differs
  if preferred and preferred.firmware == firmware then
    result.carrier = result.carrier or preferred.carrier
    result.config = result.config or preferred.config
  end
  return result
end

-- Refuses images for another family than the modem names itself: its word outranks ids, model and options. A text
-- without a family proves nothing.
local function check_family(job, texts)
  for _, text in ipairs(job.set and texts or {}) do
    local family = version.parse(text).family
    local said = { family = family, product = family and family:match "^SWI(9X%d%d)" }
    local fits, words = model.fits(said, job.set)
    if not fits then
      return nil, failure.new("image.wrong_model", "these images are not for this modem",
        { evidence = ("%s; the modem says %s"):format(words, text), final = true })
    end
  end
  return true
end

-- A modem that knows no preference tells only its firmware. Without the QMI module a refusal may pass: AT is not
-- ready right after a start.
local function read_by_at(job, missing)
  local session, problem = job:at()
  local identity, preference
  if session then identity, problem = session:ask "identity" end
  if not identity then return nil, problem end
  local fits, other = check_family(job, { identity.revision or "" })
  if not fits then return nil, other end
  preference, problem = session:ask "preference"
  if not preference and not require("moonflash.protocol.at").is_refusal(problem) then return nil, problem end
  if not preference and missing.code == "qmi.unavailable" then
    problem.hint = failure.hint(missing)
    return nil, problem
  end
  preference = preference or {}
  return { revision = identity.revision, family = identity.family, preferred = preference.preferred,
    running = preference.current or { firmware = identity.firmware } }
end

--- Reads them from a modem in application mode. A modem without a QMI port is asked over AT, and so are all modems
-- without the QMI module when `by_at` is given.
-- @tparam table job with the images to send, if there are any
-- @tparam ?boolean by_at
-- @treturn table { revision, family, running, preferred, preference, stored, mode, reasons }; or nil and a failure:
-- image.wrong_model when the modem says that it is of another family than the images
function versions.read(job, by_at)
  local revision, problem = job:request(dms.get_revision)
  local has_no_qmi = problem and (problem.code == "device.no_port" or by_at and problem.code == "qmi.unavailable")
  if has_no_qmi and job.device.nodes.at then return read_by_at(job, problem) end
  if not revision then return nil, problem end
  local answers = {}
  for _, question in ipairs(questions) do
    local name, message = question[1], question[2]
    answers[name], problem = optional(job, message)
    if not answers[name] then return nil, problem end
  end
  local fits, other = check_family(job, { revision.revision or "", answers.current.amss_version or "" })
  if not fits then return nil, other end
  local preferred = versions.of_preference(answers.preference.images)
  return {
    revision = revision.revision, family = version.parse(revision.revision or "").family,
    running = running(revision.revision, answers.current, preferred),
    preferred = preferred,
    preference = answers.preference.images,
    stored = answers.stored.groups,
    mode = answers.power.mode,
    reasons = answers.power.offline_reasons,
  }
end

-- A preference of zeros and AUTO-SIM names no firmware: the modem chooses it by its SIM.
local function names_something(text)
  return text ~= nil and text:find "[^0%._]" ~= nil and text:upper() ~= version.AUTO_SIM
end

--- Whether VERSIONS are the wanted ones. A field in which `wanted` names nothing agrees with every value. Letter case
-- makes no difference: a modem answers GENERIC to a Generic.
-- @tparam table wanted VERSIONS
-- @tparam ?table found VERSIONS
-- @tparam[opt] boolean exactly letter case makes a difference
function versions.agree(wanted, found, exactly)
  if not found then return false end
  for _, name in ipairs { "firmware", "carrier", "config" } do
    local want, have = wanted[name], found[name]
    if names_something(want) and want ~= have
      and (exactly or not have or want:lower() ~= have:lower()) then return false end
  end
  return true
end

--- Whether the modem keeps its radio off because preferred and stored images do not agree. Without offline reasons
-- the reason is that it prefers images that it does not run, letter by letter.
function versions.mismatch(state)
  if state.mode == "online" then return false end
  for reason in pairs(state.reasons or {}) do
    if mismatch_reasons[reason] then return true end
  end
  return state.reasons == nil and state.preferred ~= nil
    and not versions.agree(state.preferred, state.running, state.mode ~= nil)
end

--- How a modem differs from what is wanted, in words; nil when it runs and prefers that and no mismatch keeps its radio
-- off.
-- @tparam table wanted VERSIONS
-- @tparam table state of versions.read
-- @tparam[opt] table runs VERSIONS that it has to run, those that are wanted by default
function versions.difference(wanted, state, runs)
  local preferred = state.preferred
  if not versions.agree(runs or wanted, state.running) then return "it runs " .. versions.text(state.running) end
  local is_automatic = version.is_automatic(wanted)
  if is_automatic and not version.is_automatic(preferred)
    or not is_automatic and preferred and not versions.agree(preferred, wanted) then
    return "it prefers " .. versions.text(preferred)
  end
  if versions.mismatch(state) then return "it is in low power: preferred and stored images do not agree" end
end

--- Tells that the modem will no longer choose its firmware by its SIM.
function versions.warn_of_automatic(job)
  if job.phase ~= "untouched" or not version.is_automatic(job.state.preferred) then return end
  job:warn("modem.auto_sim", ("the modem chooses its firmware by its SIM (AUTO-SIM); afterwards it prefers %s; "
    .. "`moonflash switch AUTO-SIM` sets AUTO-SIM again"):format(versions.text(job.set)))
end

--- "02.33.03.00 GENERIC 002.072_000", for messages.
function versions.text(found)
  if not found then return "unknown" end
  if version.is_automatic(found) then return "what its SIM asks for (AUTO-SIM)" end
  return ("%s %s %s"):format(found.firmware or "?", found.carrier or "?", found.config or "?")
end

return versions

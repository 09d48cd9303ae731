-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The checklist of `status`. A row is { name, state = "ok", "warning" or "bad", message, fix = what to do }. Nothing
-- is changed, and a question that the modem does not answer waits 3 s at most.
-- @module moonflash.procedure.checks

local device = require "moonflash.device"
local dms = require "moonflash.protocol.qmi.dms"
local nas = require "moonflash.protocol.qmi.nas"
local port_users = require "moonflash.host.port_users"
local services = require "moonflash.host.services"
local stored = require "moonflash.procedure.stored_images"
local version = require "moonflash.base.version"
local versions = require "moonflash.procedure.versions"

local checks = {}

local ANSWER_SECONDS = 3
local FULL_SPEED_MBIT = 12

local function ok(message) return { state = "ok", message = message } end
local function warning(message, fix) return { state = "warning", message = message, fix = fix } end
local function bad(message, fix) return { state = "bad", message = message, fix = fix } end

-- --- what the modem runs ------------------------------------------------------------------------------------

local modes = {
  application = ok "application mode",
  download = warning("download mode: the modem waits for an image",
    "`moonflash update FILE...` sends one, `moonflash recover` restarts a modem whose images are complete"),
  ["memory-debug"] = bad("the modem crashed and waits for its memory to be read", "`moonflash recover` resets it"),
  ["boot-rom"] = bad("the loader is lost: only the boot ROM answers",
    "only the maker's tools help; moonflash cannot cure this"),
}

local function look_at_mode(facts)
  local other = facts.device.other
  if other then return warning(("moonflash does not support the %s: %s"):format(other.name, other.reason)) end
  return modes[facts.device.mode]
end

local function look_at_images(facts)
  local state = facts.state
  local runs = versions.text(state.running) or "unknown firmware"
  if facts.family then return bad(facts.family, "use images for the family that the modem names") end
  if not state.running.carrier then return warning(runs .. ", with settings that the modem does not name") end
  if state.stored and not stored.has(state.stored, state.running) then
    return warning(runs .. ", which is not among the stored images", "`moonflash update FILE...` stores it again")
  end
  return ok(runs .. ", stored")
end

local function look_at_preference(facts)
  local state = facts.state
  local preferred, words = state.preferred, versions.text(state.preferred)
  if version.is_automatic(preferred) then
    return ok "AUTO-SIM: the modem chooses its images by its SIM; `moonflash switch CARRIER` chooses one"
  elseif not preferred then
    return ok "none"
  elseif versions.agree(preferred, state.running) then
    return ok "what it runs"
  elseif state.stored and not stored.has(state.stored, preferred) then
    return bad(words .. ", which it does not store", "`moonflash recover` goes back to images that it stores")
  end
  return warning(words .. ", which it runs after its next restart", "`moonflash at 'AT!RESET'` restarts it")
end

-- The causes and what to do are those that moonflash.procedure.low_power has found.
local function look_at_power(facts)
  local power, advice = facts.report.power, facts.report.advice
  if power.mode == "online" then return ok "online" end
  local causes = power.causes[1] and ": " .. table.concat(power.causes, ", ") or ""
  return bad((power.mode or "unknown") .. causes, table.concat(advice, "; "))
end

-- --- SIM and network ----------------------------------------------------------------------------------------

local ENTER_PIN = [[`moonflash at 'AT+CPIN="1234"'` with its PIN]]

local pins = {
  not_verified = warning("the SIM waits for its PIN", ENTER_PIN),
  blocked = warning("the SIM waits for its PUK", "enter the PUK in a telephone"),
  permanently_blocked = bad("the SIM is blocked for ever", "use another SIM"),
}

local function look_at_sim(facts)
  local answer = facts.ask(dms.uim_get_state)
  local pin = answer and answer.state ~= "absent" and facts.ask(dms.uim_get_pin_status)
  if not answer then return warning "the modem does not say" end
  if answer.state == "absent" then return warning("no SIM", "insert one; an update needs none") end
  if pin and pin.pin1 and pins[pin.pin1.status] then return pins[pin.pin1.status] end
  if answer.state == "ready" then return ok "ready" end
  return warning("the SIM is locked or does not work", ENTER_PIN .. ", or use another SIM")
end

local registrations = {
  registered = ok "registered",
  searching = warning "the modem searches for a network",
  denied = warning("the network refuses the modem", "ask the operator; look at carrier and SIM"),
  not_registered = warning("not registered", "look at power and SIM, then at the antenna"),
}

local function look_at_network(facts)
  local answer = facts.ask(nas.get_serving_system)
  return answer and answer.serving and registrations[answer.serving.registration] or warning "the modem does not say"
end

-- --- computer -----------------------------------------------------------------------------------------------

local function ports_of(dev)
  local kinds = {}
  for _, kind in ipairs { "qmi", "mbim" } do
    if dev.nodes[kind] and dev.nodes[kind][1] then kinds[#kinds + 1] = kind end
  end
  for _, kind in ipairs { "at", "diag", "qdl" } do kinds[#kinds + 1] = dev.nodes[kind] and kind end
  return table.concat(kinds, ", ")
end

local function look_at_usb(facts)
  local speed = facts.device.speed
  local words = ("%s Mbit/s, ports: %s"):format(speed and ("%g"):format(speed) or "?", ports_of(facts.device))
  if speed and speed <= FULL_SPEED_MBIT then return warning(words, "check cable, adapter and socket") end
  return ok(words)
end

local function look_at_drivers(facts)
  local missing, over_usb
  for _, one in ipairs(facts.device.missing or {}) do
    if one.over_usb then over_usb = true else missing = missing or one end
  end
  if not missing then return ok(over_usb and "no serial driver: its ports are reached over USB" or "bound") end
  if missing.holder then
    return bad(("interface %s is held by %s"):format(missing.interface, missing.holder),
      "end the program or virtual machine that uses the modem")
  end
  local fix = ("load %s (OpenWrt: install %s)"):format(missing.module, missing.package)
  return bad(("interface %s has none"):format(missing.interface), fix)
end

local function look_at_ports(facts)
  local users = port_users.words(facts.job)
  local paused = services.list(facts.job.root, facts.device)
  if not users then return ok "no other program has one open" end
  if paused[1] then return ok(("%s; an update pauses %s"):format(users, table.concat(paused, ", "))) end
  return warning(users, "end it before an update")
end

-- In the order of the list. `running`: only of a modem that answered.
local rows = {
  { name = "mode", look = look_at_mode },
  { name = "images", look = look_at_images, running = true },
  { name = "preference", look = look_at_preference, running = true },
  { name = "power", look = look_at_power, running = true },
  { name = "sim", look = look_at_sim, running = true },
  { name = "network", look = look_at_network, running = true },
  { name = "usb", look = look_at_usb },
  { name = "drivers", look = look_at_drivers },
  { name = "ports", look = look_at_ports },
}

--- The checklist of a modem.
-- @tparam table job
-- @tparam table report of moonflash.commands.status: device, power, advice
-- @tparam ?table state of versions.read; nil when the modem could not be asked
-- @tparam ?string family words, when the modem names another family than its ids
-- @treturn table array of rows
function checks.list(job, report, state, family)
  local facts = { job = job, device = report.device, report = report, state = state, family = family,
    ask = function(message) return (job:request(message, nil, ANSWER_SECONDS)) end }
  local list = {}
  for _, row in ipairs(rows) do
    local found = (state or not row.running) and device.is_there(job.device) and row.look(facts)
    if found then
      list[#list + 1] = { name = row.name, state = found.state, message = found.message, fix = found.fix }
    end
  end
  return list
end

return checks

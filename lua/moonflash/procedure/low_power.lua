-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The causes of low power, and what to do about each. The modem reports them over QMI (offline reasons of DMS
-- 0x002d) and over AT (the voters of AT!PCINFO?).

local failure = require "moonflash.base.failure"
local stored = require "moonflash.procedure.stored_images"
local versions = require "moonflash.procedure.versions"

local low_power = {}

local MISMATCH = "`moonflash recover` goes back to images that the modem stores, `moonflash update FILE...` sends "
  .. "those it prefers"

local OVER_THE_AIR = "let the session of the network end, then restart the modem: `moonflash at 'AT!RESET'`"
local PERSISTENT = { "low power is persistent (AT!PCINFO?)",
  "when nothing else keeps the radio off, `moonflash at 'AT+CFUN=1'` switches it on" }

-- Voters of AT!PCINFO?: the cause and the advice.
local voters = {
  IMSWITCH = { "image mismatch (IMSWITCH)", MISMATCH },
  GOBIIM = { "image mismatch (GOBIIM)", MISMATCH },
  BIOS = { "FCC lock (BIOS)", "a laptop's lock, not a failed update: `moonflash qmi dms 0x555f` unlocks it "
    .. "until the next power-up" },
  W_DISABLE = { "the W_DISABLE pin", "release the pin, or have it ignored: `moonflash at 'AT!PCOFFEN=2'`" },
  User = { "the user (AT+CFUN)", "`moonflash at 'AT+CFUN=1'` switches the radio on" },
  FOTA = { "firmware over the air (FOTA)", OVER_THE_AIR },
  OMADM = { "a device management session (OMADM)", OVER_THE_AIR },
  LWM2M = { "a device management session (LWM2M)", OVER_THE_AIR },
  RFCAL = { "radio calibration (RFCAL)", "this is a state of the factory: ask the maker of the modem" },
  Temp = { "temperature", "let the modem cool down" },
  Volt = { "supply voltage", "check the modem's power supply" },
}

-- Offline reasons of QMI: the same.
local reasons = {
  host_image = { "firmware mismatch (host image)", MISMATCH },
  pri_image = { "settings mismatch (PRI image)", MISMATCH },
  pri_version = { "settings are not for this firmware (PRI version)", MISMATCH },
  memory_full = { "the image memory is full", "delete a stored image: `moonflash at 'AT!IMAGE=0'` keeps the "
    .. "running one only" },
}

local function add_once(list, text)
  for _, known in ipairs(list) do
    if known == text then return end
  end
  list[#list + 1] = text
end

-- A modem that stores no pair needs files, whatever the cause of a mismatch.
local function add(report, cause, state)
  local pair, none = true, nil
  if cause[2] == MISMATCH and state.stored then pair, none = stored.way_back(state) end
  add_once(report.power.causes, cause[1])
  add_once(report.advice, pair and cause[2] or failure.hint(none))
end

local function sorted(set)
  local names = {}
  for name, given in pairs(set or {}) do
    if given and given ~= 0 then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

-- What a modem says over AT, if it has a port for that and answers there.
local function ask(job)
  local session = job:at()
  return session and session:ask "power" or {}
end

--- Adds the causes to power.causes and advice of a status report. Takes the state of versions.read.
function low_power.find(job, state, report)
  local said = ask(job)
  for _, name in ipairs(sorted(said.votes)) do
    add(report, voters[name] or { "the voter " .. name, "see the modem's AT manual: AT!PCINFO" }, state)
  end
  if said.persistent then add(report, PERSISTENT, state) end
  for _, name in ipairs(sorted(state.reasons)) do
    if reasons[name] then add(report, reasons[name], state) end
  end
  if #report.power.causes == 0 and versions.mismatch(state) then add(report, { "image mismatch", MISMATCH }, state) end
end

return low_power

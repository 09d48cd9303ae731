-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The power state of the radio, the votes against it, and the answers to requests to change it (reference: qmi 3, at
-- 4, procedures 5).

local power = {}

local online, low_power, offline, reset = 0, 1, 3, 4
-- QMI errors (reference: qmi 6)
local internal, invalid_transition, no_effect, hardware_restricted = 3, 60, 26, 83
-- Offline reasons
local firmware_mismatch, settings_mismatch = 1, 2

--- The offline reasons that come from the stored images: bits, 0 for none.
function power.offline_reason(modem)
  local firmware, settings = modem.store:mismatch()
  return (firmware and firmware_mismatch or 0) + (settings and settings_mismatch or 0)
end

--- The votes that keep the radio off, by their names in AT!PCINFO?.
function power.votes(modem)
  local mismatch = power.offline_reason(modem) ~= 0
  return {
    User = modem.user_off, W_DISABLE = modem.faults:value "w-disable" and not modem.ignores_pin,
    BIOS = modem.fcc_locked, IMSWITCH = mismatch, GOBIIM = mismatch,
  }
end

--- The modem boots: the FCC lock is on again, and any vote keeps the radio off.
function power.boot(modem)
  modem.fcc_locked = modem.faults:value "fcc-lock"
  for _, against in pairs(power.votes(modem)) do
    if against then
      modem.power = low_power
      return
    end
  end
  modem.power = online
end

-- The first vote decides the answer. The user's own vote ends with this request.
local refusals = {
  { "IMSWITCH", invalid_transition }, { "BIOS", internal }, { "W_DISABLE", hardware_restricted },
}

local function why_not_online(modem)
  local votes = power.votes(modem)
  for _, refusal in ipairs(refusals) do
    if votes[refusal[1]] then return refusal[2] end
  end
end

local settable = { [online] = true, [low_power] = true, [offline] = true }

--- Sets the operating mode, or returns nil and a QMI error. Only a reset leaves offline, and a reset needs offline.
function power.set(modem, mode)
  if modem.restarting then return nil, invalid_transition end
  if mode == reset and modem.power == offline then
    modem:restart(modem.seconds.reset)
    return true
  end
  if not settable[mode] or modem.power == offline and mode ~= offline then return nil, invalid_transition end
  local refused = mode == online and why_not_online(modem)
  if refused then return nil, refused end
  modem.power = mode
  if mode ~= offline then modem.user_off = mode == low_power or nil end
  modem.recorder:note("power", { power = mode })
  return true
end

--- Removes the FCC lock until the next boot, or returns nil and a QMI error.
function power.unlock(modem)
  if not modem.fcc_locked then return nil, no_effect end
  modem.fcc_locked = nil
  return true
end

return power

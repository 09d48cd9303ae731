--- The causes of low power, and what to do about each. The modem reports them over QMI (offline reasons of DMS
-- 0x002d) and over AT (the voters of AT!PCINFO?).
-- @module moonflash.procedure.low_power

local versions = require "moonflash.procedure.versions"

local low_power = {}

local MISMATCH = "`moonflash recover` goes back to images that the modem stores, `moonflash update FILE...` sends "
  .. "those it prefers"

-- Voters of AT!PCINFO?: the cause and the advice.
local voters = {
  IMSWITCH = { "image mismatch (IMSWITCH)", MISMATCH },
  GOBIIM = { "image mismatch (GOBIIM)", MISMATCH },
  BIOS = { "FCC lock (BIOS)", "a laptop's lock, not a failed update: `moonflash qmi dms 0x555f` unlocks it "
    .. "until the next power-up" },
  W_DISABLE = { "the W_DISABLE pin", "release the pin, or have it ignored: `moonflash at 'AT!PCOFFEN=2'`" },
  User = { "the user (AT+CFUN)", "`moonflash at 'AT+CFUN=1'` switches the radio on" },
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

local function add(report, cause)
  add_once(report.power.causes, cause[1])
  add_once(report.advice, cause[2])
end

local function sorted(set)
  local names = {}
  for name, given in pairs(set or {}) do
    if given and given ~= 0 then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

-- The voters of a modem that has an AT port and answers there.
local function votes_of(job)
  local session = job:at()
  local state = session and session:ask "power"
  return state and state.votes or {}
end

--- Adds the causes to power.causes and advice of a status report.
-- @tparam table job
-- @tparam table state of versions.read
-- @tparam table report see moonflash.commands.status
function low_power.find(job, state, report)
  for _, name in ipairs(sorted(votes_of(job))) do
    if voters[name] then add(report, voters[name]) end
  end
  for _, name in ipairs(sorted(state.reasons)) do
    if reasons[name] then add(report, reasons[name]) end
  end
  if #report.power.causes == 0 and versions.mismatch(state) then add(report, { "image mismatch", MISMATCH }) end
end

return low_power

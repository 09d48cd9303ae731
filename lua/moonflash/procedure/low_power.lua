--- Why a modem keeps its radio off, and the cure for each reason. The modem tells over QMI (offline
-- reasons of DMS 0x002d) and over AT (the voters of AT!PCINFO?).
-- @module moonflash.procedure.low_power

local versions = require "moonflash.procedure.versions"

local causes = {}

local MISMATCH = "`moonflash recover` goes back to images it stores, `moonflash update FILE...` brings those "
  .. "it prefers"

-- Voters of AT!PCINFO? by their names there.
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

local reasons = {
  host_image = { "firmware mismatch (host image)", MISMATCH },
  pri_image = { "settings mismatch (PRI image)", MISMATCH },
  pri_version = { "settings are not for this firmware (PRI version)", MISMATCH },
  memory_full = { "the image memory is full", "delete a stored image: `moonflash at 'AT!IMAGE=0'` keeps the "
    .. "running one only" },
}

local function add(seen, cause)
  local list = seen.power.causes
  for _, known in ipairs(list) do
    if known == cause[1] then return end
  end
  list[#list + 1] = cause[1]
  for _, known in ipairs(seen.advice) do
    if known == cause[2] then return end
  end
  table.insert(seen.advice, cause[2])
end

local function sorted(set)
  local names = {}
  for name, given in pairs(set or {}) do
    if given and given ~= 0 then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

-- The voters, where the modem has an AT port and answers there.
local function votes_of(job)
  local session = job:at()
  local state = session and session:ask "power"
  return state and state.votes or {}
end

--- Fills in power.causes and advice.
-- @tparam table job
-- @tparam table state of versions.read
-- @tparam table seen what status has seen so far
function causes.find(job, state, seen)
  for _, name in ipairs(sorted(votes_of(job))) do
    if voters[name] then add(seen, voters[name]) end
  end
  for _, name in ipairs(sorted(state.reasons)) do
    if reasons[name] then add(seen, reasons[name]) end
  end
  if #seen.power.causes == 0 and versions.mismatch(state) then add(seen, { "image mismatch", MISMATCH }) end
end

return causes

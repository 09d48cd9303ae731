--- The words of a request, and what they may stand for.
-- @module moonflash.base.request_checks

local blame = require "moonflash.engine.blame"

local words = {}

-- What a request and its options may say. A word that is written wrong would be taken for not said, a value
-- that cannot be would be noticed when the modem is already in download mode.
local requests = {
  string = "path pair root", table = "files arguments selection options", ["function"] = "emit",
}
-- What a request carries for ourselves once it was filled in: see context.current.
local ours = { at_work = true, failed = true, loose = true, opened = true }
local options = {
  boolean = "force all keep_services bind_driver mbim proxy", table = "skip trace",
  number = "storage_index chunk_size timeout_scale",
  string = "carrier config_version firmware_version route model cdc_wdm tty",
}
local most = { storage_index = 255, chunk_size = 67108864 } -- both are whole numbers from 1 on

-- What a field must be; nil and the names of all that there are.
local function kind_of(name, known)
  local all = {}
  for kind, names in pairs(known) do
    for word in names:gmatch "%S+" do
      if word == name then return kind end
      all[#all + 1] = word
    end
  end
  table.sort(all)
  return nil, table.concat(all, " ")
end

--- Raises, at the caller's own line, for a field that there is not or that is of the wrong type; false is
-- one that is not given.
-- @tparam ?table given
-- @tparam table known names of fields by the type they must have, with blanks between
-- @tparam string what it is, for the message
function words.check_fields(given, known, what)
  for name, value in pairs(given or {}) do
    local kind, names = kind_of(name, known)
    if not kind then blame.caller(("%s has no field %s; it has: %s"):format(what, tostring(name), names)) end
    if value and type(value) ~= kind then blame.caller(("%s: %s must be a %s"):format(what, name, kind)) end
    local number = value and most[name]
    if number and not (value >= 1 and value <= number and value % 1 == 0) then
      blame.caller(("%s: %s must be a whole number from 1 to %.0f"):format(what, name, number))
    end
  end
end

--- Raises, at the caller's own line, for a list of something else than names: what comes behind a nil must
-- not be lost.
-- @tparam ?table list
-- @tparam string what these are, for the message
function words.check_names(list, what)
  for index = 1, table.maxn(list or {}) do
    local word = list[index]
    if type(word) ~= "string" or word:find "%z" then blame.caller(what .. " must be texts") end
  end
end

--- Raises, at the caller's own line, for what a request cannot be.
-- @param given
function words.check(given)
  if type(given) ~= "table" then blame.caller "a request must be a table" end
  local said = {}
  for name, value in pairs(given) do
    if not ours[name] then said[name] = value end
  end
  words.check_fields(said, requests, "a request")
  words.check_names(given.files, "files")
  words.check_fields(given.options, options, "options")
  local scale = (given.options or {}).timeout_scale
  if scale and not (scale > 0 and scale <= 1000) then
    blame.caller "options: timeout_scale must be above 0, at most 1000"
  end
end

return words

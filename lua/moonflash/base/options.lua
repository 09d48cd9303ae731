--- All options, in one table. The command line, its help, the checks of a request, the arguments of a child
-- process and the options that a replay takes from a trace are made from it; the completion of bash and the man
-- page are checked against it. A group has a title and its options; an option is a row:
--
--     [1]        name; on the command line "--" and the name with "-" for "_"
--     [2]        the help
--     letter     the short option
--     value      the word for its value in the help; a row without it is a flag
--     type       see moonflash.base.option_types; "text" when not given, "flag" for a flag
--     goes_to    the field of a request that holds the value, "selection" or "options"; else: command line only
--     repeated   it may be given several times
--     excludes   the option that cannot be given together with it
--     commands   the only commands that have it, as a set; nil: all
--     replayed   a replay takes it from the trace
--
-- `goes_to` and `replayed` of a group hold for all its rows.
-- @module moonflash.base.options

local tables = require "moonflash.base.table"
local types = require "moonflash.base.option_types"

local groups = {
  { title = "Which modem", goes_to = "selection",
    { "cdc_wdm", "the modem with this QMI or MBIM port", letter = "w", value = "PATH" },
    { "tty", "the modem with this serial port", letter = "t", value = "PATH" },
    { "vid_pid", "the modem with these USB ids", letter = "d", value = "VID[:PID]", type = "usb_ids" },
    { "busnum_devnum", "the modem with this bus and device number", letter = "s", value = "[BUS:]DEV",
      type = "bus_device" },
    { "place", "the modem at this USB port path, like 1-1.4", value = "PLACE", type = "place" },
    { "serial", "the modem with this serial number", value = "SERIAL" },
    { "root", "look for /sys and /dev below DIR (also MOONFLASH_ROOT)", value = "DIR", goes_to = false },
  },
  { title = "How to update", goes_to = "options", replayed = true,
    { "force", "send the images even if the modem already stores or runs them" },
    { "storage_index", "store the images in this slot", value = "N", type = "slot" },
    { "carrier", "the carrier, if the images do not name it", value = "NAME" },
    { "config_version", "the version of the settings, if the images do not name it", value = "VERSION" },
    { "firmware_version", "the version of the firmware, if the images do not name it", value = "VERSION" },
    { "route", "how to enter download mode", value = "ROUTE" },
    { "chunk_size", "how much to send between two answers of the modem", value = "BYTES", type = "bytes" },
    { "timeout_scale", "wait X times as long as usual", value = "X", type = "factor" },
    { "model", "treat the modem as this model, or as the model of a script: --model ./mine.lua", value = "NAME" },
    { "all", "update every modem that the selection and the images fit, one after the other" },
    { "keep_services", "do not pause ModemManager and network interfaces" },
    { "bind_driver", "give a serial driver the ids of the modem, if it does not know them" },
    { "skip", "continue in spite of this finding (may be repeated)", value = "FINDING", type = "names",
      repeated = true },
  },
  { title = "How to open the control port", goes_to = "options",
    { "qmi", "speak QMI", goes_to = false, excludes = "mbim" },
    { "mbim", "speak QMI inside MBIM", replayed = true },
    { "proxy", "share the port with other programs", letter = "p" },
  },
  { title = "What to print",
    { "json", "print one JSON object per line; text for people goes to standard error" },
    { "verbose", "print more", letter = "v", excludes = "quiet" },
    { "quiet", "print only results, warnings and errors", letter = "q" },
    { "log", "append everything, with times, to FILE", letter = "L", value = "FILE" },
    { "trace", "write all messages to and from the modem to FILE, without identifiers", value = "FILE",
      goes_to = "options" },
    { "no_progress", "do not show progress" },
    { "help", "show this help, or the help of a command", letter = "h" },
    { "version", "show the version" },
  },
  { title = "Simulation",
    { "dir", "where its sys, dev and uevent are made; a temporary folder if not given", value = "DIR",
      commands = { simulate = true } },
    { "images", "write small images for these modems to DIR (of --firmware-version, --carrier ...)", value = "DIR",
      commands = { simulate = true } },
    { "time_scale", "take X times as long as a real modem (replay, test-script: 0.01 if not given)", value = "X",
      type = "factor", commands = { simulate = true, replay = true, ["test-script"] = true } },
    { "fault", "show this fault (may be repeated); N:FAULT for the Nth modem alone", value = "FAULT",
      repeated = true, commands = { simulate = true } },
  },
}

local options = { groups = groups, by_name = {} }

-- Completes a row with what its group and its value say.
local function complete(row, group)
  row.name, row.help = row[1], row[2]
  row.long = "--" .. row.name:gsub("_", "-")
  row.type = types[row.type or row.value and "text" or "flag"]
  if row.goes_to == nil then row.goes_to = group.goes_to end
  row.replayed = row.replayed or group.replayed
  options.by_name[row.name] = row
end

for _, group in ipairs(groups) do
  for _, row in ipairs(group) do complete(row, group) end
end

-- How the command line's values get into a request, where that is not one field of the same name.
local put = {
  vid_pid = function(into, ids) into.selection.vid, into.selection.pid = ids.vid, ids.pid end,
  busnum_devnum = function(into, address)
    into.selection.bus, into.selection.number = address.bus, address.number
  end,
  qmi = function(into) into.options.mbim = false end,
  skip = function(into, findings)
    into.options.skip = {}
    for _, finding in ipairs(findings) do into.options.skip[finding] = true end
  end,
}

--- The selection and the options of a request.
-- @tparam table given values of the command line by name
-- @treturn table selection
-- @treturn table options
function options.to_request(given)
  local into = { selection = {}, options = {} }
  for name, value in pairs(given) do
    local row = options.by_name[name]
    if put[name] then
      put[name](into, value)
    elseif row and into[row.goes_to] then
      into[row.goes_to][name] = value
    end
  end
  return into.selection, into.options
end

local function pair_of(first, second)
  return first and second and first .. ":" .. second or first or second
end

local function add_words(words, name, value)
  local long = "--" .. name:gsub("_", "-")
  if type(value) == "table" then
    for _, one in ipairs(value) do words[#words + 1] = long .. "=" .. one end
  elseif value == true then
    words[#words + 1] = long
  elseif value then
    words[#words + 1] = long .. "=" .. tostring(value)
  end
end

-- The inverse of `put`.
local function values_of(selection, given)
  local skipped = {}
  for finding, skip in pairs(given.skip or {}) do skipped[#skipped + 1] = skip and finding or nil end
  table.sort(skipped)
  local values = tables.merge(selection, given, {
    vid_pid = pair_of(selection.vid, selection.pid), busnum_devnum = pair_of(selection.bus, selection.number),
    qmi = given.mbim == false, skip = skipped,
  })
  values.vid, values.pid, values.bus, values.number = nil, nil, nil, nil
  return values
end

--- The words of the command line for a selection and options; the inverse of to_request. Options that only the
-- command line has (log, quiet ...) are allowed.
-- @tparam ?table selection
-- @tparam ?table given options
-- @treturn table array of words
function options.to_words(selection, given)
  local values, words = values_of(selection or {}, given or {}), {}
  for _, name in ipairs(tables.sorted_keys(values)) do add_words(words, name, values[name]) end
  return words
end

return options

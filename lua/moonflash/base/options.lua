-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- All options, in one table. The command line, its help, the checks of a request, the arguments of a child
-- process and the options that a replay takes from a trace are made from it; the completion of bash and the man
-- page are checked against it. A group has a title and its options; an option is a row:
--
--     [1]        name; on the command line "--" and the name with "-" for "_"
--     [2]        the help
--     letter     the short option
--     value      the word for its value in the help; a row without it is a flag
--     type       one of options.types; "text" when not given, "flag" for a flag
--     goes_to    the field of a request that holds the value, "selection" or "options"; else: command line only
--     repeated   it may be given several times
--     excludes   the option that cannot be given together with it
--     commands   the only commands that have it, as a set; nil: all
--     replayed   a replay takes it from the trace
--
-- `goes_to` and `replayed` of a group hold for all its rows.

local options = { by_name = {} }

-- --- types ---------------------------------------------------------------------------------------

-- The value of a word of the command line; nil when it is wrong. An empty value is most often an unset variable of
-- a shell script.
local function read_text(text)
  return text ~= "" and text or nil
end

local function number(expected, fits)
  return { lua = "number", expected = expected, fits = fits, read = function(text)
    local value = tonumber(text)
    return value and fits(value) and value or nil
  end }
end

local function whole_number(most)
  return number(("a whole number from 1 to %.0f"):format(most), function(value)
    return value >= 1 and value <= most and value % 1 == 0
  end)
end

local function choice(names)
  local known = {}
  for _, name in ipairs(names) do known[name] = true end
  return { lua = "string", names = names, expected = "one of " .. table.concat(names, ", "), read = read_text,
    fits = function(value) return known[value] == true end }
end

local function read_place(text)
  return text:find "^%d+%-[%d.]*%d$" and text or nil
end

local function usb_id(digits)
  return #digits <= 4 and ("0"):rep(4 - #digits) .. digits:lower() or nil
end

local function read_usb_ids(text)
  local vid, colon, pid = text:gsub("0[xX]", ""):match "^(%x+)(:?)(%x*)$"
  if not vid or (colon == ":") ~= (pid ~= "") then return nil end
  vid, pid = usb_id(vid), usb_id(pid)
  return vid and pid and { vid = vid, pid = colon == ":" and pid or nil }
end

-- Leading zeros of lsusb are allowed.
local function read_bus_device(text)
  local bus, device = text:match "^(%d?%d?%d):(%d?%d?%d)$"
  device = tonumber(device or text:match "^%d?%d?%d$")
  if not device or device < 1 or device > 255 then return nil end
  return { bus = bus and tonumber(bus), number = device }
end

--- Types of values: lua = the type of the value in a request; read = function(text): the value of a word of the
-- command line, nil when it is wrong; fits = function(value): whether a number is in range or a text is one of the
-- names; names = the only values, if they are known here; expected = what a value has to be, in words; fields = the
-- fields of the selection that hold the value.
options.types = {
  flag = { lua = "boolean" },
  text = { lua = "string", expected = "a text that is not empty", read = read_text },
  -- In a request a set: { name = true }.
  names = { lua = "table", expected = "a text that is not empty", read = read_text },
  slot = whole_number(255),
  bytes = whole_number(67108864),
  tcp_port = whole_number(65535),
  transport = choice { "auto", "tty", "usb" },
  factor = number("a number above 0, at most 1000, like 2 or 0.5",
    function(value) return value > 0 and value <= 1000 end),
  place = { lua = "string", expected = "a USB port path like 1-1.4 (see `moonflash devices`)", read = read_place },
  usb_ids = { lua = "table", fields = { "vid", "pid" }, read = read_usb_ids,
    expected = "VID or VID:PID (hexadecimal, as lsusb shows them: 1199:9071)" },
  bus_device = { lua = "table", fields = { "bus", "number" }, read = read_bus_device,
    expected = "DEV or BUS:DEV (decimal, as lsusb shows them: 001:005)" },
}

-- --- rows ----------------------------------------------------------------------------------------

--- The groups, in the order of the help.
options.groups = {
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
  { title = "How to open the ports", goes_to = "options",
    { "qmi", "speak QMI", goes_to = false, excludes = "mbim" },
    { "mbim", "speak QMI inside MBIM", replayed = true },
    { "proxy", "share the port with other programs", letter = "p" },
    { "transport", "reach serial ports by their driver, or over USB without one", value = "TRANSPORT",
      type = "transport" },
  },
  { title = "What to print",
    { "json", "print one JSON object per line; text for people goes to standard error" },
    { "verbose", "print more", letter = "v", excludes = "quiet" },
    { "quiet", "print only results, warnings and errors", letter = "q" },
    { "log", "append everything, with times, to FILE", letter = "L", value = "FILE" },
    { "trace", "write all messages to and from the modem to FILE, without identifiers", value = "FILE",
      goes_to = "options" },
    { "no_progress", "do not show progress" },
    { "watch", "look again every 2 s, until Ctrl-C", commands = { devices = true, status = true } },
    { "help", "show this help, or the help of a command", letter = "h" },
    { "version", "show the version" },
  },
  { title = "Simulation",
    { "dir", "where its sys, dev and uevent are made; a temporary folder if not given", value = "DIR",
      commands = { simulate = true } },
    { "usb", "attach them to this computer as USB devices, by the kernel's vhci_hcd (root)",
      excludes = "usb_port", commands = { simulate = true } },
    { "usb_port", "serve them as USB devices on this TCP port, for `usbip attach` of any computer", value = "PORT",
      type = "tcp_port", commands = { simulate = true } },
    { "images", "write small images for these modems to DIR (of --firmware-version, --carrier ...)", value = "DIR",
      commands = { simulate = true } },
    { "time_scale", "take X times as long as a real modem (replay, test-script: 0.01 if not given)", value = "X",
      type = "factor", commands = { simulate = true, replay = true, ["test-script"] = true } },
    { "fault", "show this fault (may be repeated); N:FAULT for the Nth modem alone", value = "FAULT",
      repeated = true, commands = { simulate = true } },
  },
}

-- Completes a row with what its group and its value say.
local function complete(row, group)
  row.name, row.help = row[1], row[2]
  row.long = "--" .. row.name:gsub("_", "-")
  row.type = options.types[row.type or row.value and "text" or "flag"]
  if row.goes_to == nil then row.goes_to = group.goes_to end
  row.replayed = row.replayed or group.replayed
  options.by_name[row.name] = row
end

for _, group in ipairs(options.groups) do
  for _, row in ipairs(group) do complete(row, group) end
end

return options

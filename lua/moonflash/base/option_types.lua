--- The types of option values. A type is a table:
--
--     lua        the type of the value in a request
--     read       function(text): the value of a word of the command line; nil when it is wrong
--     fits       function(value): whether a number is in range
--     expected   what a value has to be, for messages
--
-- @module moonflash.base.option_types

local types = {}

types.flag = { lua = "boolean" }

-- An empty value is most often an unset variable of a shell script.
types.text = {
  lua = "string", expected = "a text that is not empty",
  read = function(text) return text ~= "" and text or nil end,
}

--- A set of names: { name = true }.
types.names = { lua = "table", expected = types.text.expected, read = types.text.read }

local function number_type(pattern, expected, fits)
  return { lua = "number", expected = expected, fits = fits, read = function(text)
    local value = text:find(pattern) and tonumber(text)
    return value and fits(value) and value or nil
  end }
end

local function whole_number(most)
  return number_type("^%d+$", ("a whole number from 1 to %.0f"):format(most), function(value)
    return value >= 1 and value <= most and value % 1 == 0
  end)
end

types.slot = whole_number(255)
types.bytes = whole_number(67108864)
types.factor = number_type("^%d*%.?%d+$", "a number above 0, at most 1000, like 2 or 0.5",
  function(value) return value > 0 and value <= 1000 end)

local function usb_id(digits)
  return #digits <= 4 and ("0"):rep(4 - #digits) .. digits:lower() or nil
end

--- USB ids, hexadecimal: "1199" or "1199:9071" gives { vid, pid }.
types.usb_ids = {
  lua = "table", expected = "VID or VID:PID (hexadecimal, as lsusb shows them: 1199:9071)",
  read = function(text)
    local vid, colon, pid = text:gsub("0[xX]", ""):match "^(%x+)(:?)(%x*)$"
    if not vid or (colon == ":") ~= (pid ~= "") then return nil end
    vid, pid = usb_id(vid), usb_id(pid)
    return vid and pid and { vid = vid, pid = colon == ":" and pid or nil }
  end,
}

--- Bus and device number, decimal: "5" or "1:5" gives { bus, number }. Leading zeros of lsusb are allowed.
types.bus_device = {
  lua = "table", expected = "DEV or BUS:DEV (decimal, as lsusb shows them: 001:005)",
  read = function(text)
    local bus, number = text:match "^(%d?%d?%d):(%d?%d?%d)$"
    number = tonumber(number or text:match "^%d?%d?%d$", 10)
    if not number or number < 1 or number > 255 then return nil end
    return { bus = bus and tonumber(bus, 10), number = number }
  end,
}

--- A USB port path as in /sys.
types.place = {
  lua = "string", expected = "a USB port path like 1-1.4 (see `moonflash devices`)",
  read = function(text) return text:find "^%d+%-[%d.]*%d$" and text or nil end,
}

return types

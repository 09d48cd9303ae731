--- Option values: each function takes the text of the command line and gives the value, or nil and
-- what it should have been.
-- @module moonflash.cli.values

local values = {}

local function wrong(text, expected)
  return nil, ("'%s' is not %s"):format(text, expected)
end

local function id(text)
  return #text <= 4 and ("0"):rep(4 - #text) .. text:lower() or nil
end

--- USB ids, hexadecimal: `1199` or `1199:9071`.
function values.vid_pid(text)
  local vid, colon, pid = text:gsub("0[xX]", ""):match "^(%x+)(:?)(%x*)$"
  if not vid or not id(vid) or not id(pid) or (colon == ":") ~= (pid ~= "") then
    return wrong(text, "VID or VID:PID (hexadecimal, as lsusb shows them: 1199:9071)")
  end
  return { vid = id(vid), pid = pid ~= "" and id(pid) or nil }
end

--- Bus and device number, decimal: `5` or `1:5`; lsusb's leading zeros are fine.
function values.bus_device(text)
  local bus, number = text:match "^(%d+):(%d+)$"
  number = tonumber(number or text:match "^%d+$", 10)
  if not number or number < 1 or number > 255 or #text > 7 then
    return wrong(text, "DEV or BUS:DEV (decimal, as lsusb shows them: 001:005)")
  end
  return { bus = bus and tonumber(bus, 10), number = number }
end

--- A place on USB: `1-1.4`.
function values.place(text)
  if text:find "^%d+%-[%d.]*%d$" then return text end
  return wrong(text, "a place on USB like 1-1.4 (see `moonflash devices`)")
end

--- A whole number of at least 1.
function values.count(text)
  local number = text:find "^%d%d?%d?%d?%d?%d?%d?%d?%d?$" and tonumber(text, 10)
  if number and number >= 1 then return number end
  return wrong(text, "a whole number from 1 to 999999999")
end

--- A modem's slot for images; from 1.
function values.slot(text)
  local number = values.count(text)
  if number and number <= 255 then return number end
  return wrong(text, "a storage index (1 to 255)")
end

--- How much is sent between two answers.
function values.chunk(text)
  local number = values.count(text)
  if number and number <= 67108864 then return number end
  return wrong(text, "a number of bytes (1 to 67108864)")
end

--- A factor for times.
function values.scale(text)
  local number = text:find "^%d*%.?%d+$" and tonumber(text)
  if number and number > 0 and number <= 1000 then return number end
  return wrong(text, "a factor above 0, at most 1000, like 2 or 0.5")
end

--- Some text: an empty value is most often an unset variable in a script.
function values.text(text)
  if text ~= "" then return text end
  return wrong(text, "a value (it is empty)")
end

return values

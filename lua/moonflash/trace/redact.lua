--- What a trace must not tell: whose modem it is, and whose SIM. Digits become 0, lengths stay.
-- @module moonflash.trace.redact

local qmi = require "moonflash.protocol.qmi"

local redact = {}

local IDENTIFIER = 14 -- digits in a row: IMEI 15 (14 without check digit), IMSI 15, ICCID 19 or 20
local TELEPHONE = 7 -- digits behind a "+"
local RESULT = 0x02

-- Hex digits, where one of them is a digit: READY is a word.
local function zeroed(text)
  return (text:gsub("%x+", function(run) return run:find "%d" and ("0"):rep(#run) end))
end

-- Digits in a row, as identities may be written: 01-234567-890123-4.
local function zeroed_run(digits)
  local made, count = digits:gsub("%d", "0")
  return count >= IDENTIFIER and made or nil
end

-- Digits that a message shows in hex: "33 35 39 ...".
local function zeroed_hex(pairs_of_hex)
  local made, count = pairs_of_hex:gsub("3%d", "30")
  return count >= IDENTIFIER and made or nil
end

-- "+" and the digits of a telephone number in international form.
local function zeroed_number(digits)
  return #digits >= TELEPHONE and "+" .. zeroed(digits) or nil
end

--- A text without long runs of digits, and without telephone numbers in international form.
-- @tparam string text
-- @treturn string of the same length
function redact.text(text)
  text = text:gsub("%d[%d-]+", zeroed_run):gsub("%+(%d+)", zeroed_number)
  return (text:gsub("%f[%w]3%d[ 3%d]+", zeroed_hex))
end

--- A serial number: its digits.
-- @tparam string text
-- @treturn string
function redact.serial(text)
  return (text:gsub("%d", "0"))
end

-- Words of AT commands and answers behind which something personal stands: identities, numbers and codes.
local labels = {
  "imei", "imsi", "iccid", "ccid", "meid", "esn", "fsn", "serial", "msisdn", "atd",
  "+cgsn", "+cimi", "+cpin", "+clip", "+csca", "+colp", "+clcc", "+ccfc", "+crsm", "+csim",
}

-- And those behind which words are as personal: names, messages, passwords.
local wordy = { "+cgauth", "$qcpdpp", "+cpwd", "+clck", "+cnum", "+cmg", "+cmt", "+cds", "+cusd", "+cpb" }

-- Where the first label in a line ends, and whether it is wordy.
local function end_of_label(line)
  local lower, from, is_wordy = line:lower(), nil, false
  for _, list in ipairs { labels, wordy } do
    for _, label in ipairs(list) do
      local _, stop = lower:find(label, 1, true)
      if stop and (not from or stop < from) then from, is_wordy = stop, list == wordy end
    end
  end
  return from, is_wordy
end

local function redact_line(line)
  local from, is_wordy = end_of_label(line)
  if not from then return redact.text(line) end
  local behind = line:sub(from + 1)
  return line:sub(1, from) .. (is_wordy and behind:gsub("%w", "0") or zeroed(behind))
end

--- A text for people, or a word of the command line: as redact.text, and neither digits nor quoted words
-- behind what stands for something personal (a message may cite the AT command it is about).
-- @tparam string text
-- @treturn string of the same length
function redact.words(text)
  local from, is_wordy = end_of_label(text)
  from = from or #text
  local behind = redact.serial(text:sub(from + 1))
  if is_wordy then behind = behind:gsub('"[^"]*"', function(quoted) return (quoted:gsub("%w", "0")) end) end
  return redact.text(text:sub(1, from) .. behind)
end

--- Whole lines said on an AT port.
-- @tparam string text
-- @treturn string of the same length
function redact.at_lines(text)
  return (text:gsub("[^\r\n]+", redact_line))
end

--- A line that broke off on an AT port: what it would have become cannot be known.
-- @tparam string text
-- @treturn string of the same length
function redact.at_rest(text)
  return redact.serial(text)
end

--- The value of a TLV. Of a message with `personal = true` all digits become 0. Of a message that no table in
-- protocol/qmi/ has, only the length remains.
-- @tparam number service
-- @tparam number message
-- @tparam number tlv
-- @tparam string value
-- @treturn string of the same length
function redact.tlv(service, message, tlv, value)
  local entry = qmi.message(service, message)
  if tlv == RESULT then return redact.text(value) end
  if not entry or not entry.name then return ("\0"):rep(#value) end
  return entry.personal and zeroed(value) or redact.text(value)
end

return redact

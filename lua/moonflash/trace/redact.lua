-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Removes identifiers from what a trace contains: those of the modem, of its SIM card and of this machine.
-- Digits become 0; lengths stay the same.

local qmi = require "moonflash.protocol.qmi"

local redact = {}

local IDENTIFIER = 14 -- digits in a row: IMEI 15 (14 without check digit), IMSI 15, ICCID 19 or 20
local TELEPHONE = 7 -- digits after a "+"
local RESULT = 0x02

-- Zeroes runs of hex digits that have a decimal digit: READY stays.
local function zeroed(text)
  return (text:gsub("%x+", function(run) return run:find "%d" and ("0"):rep(#run) end))
end

local function zeroed_identifier(digit, zero)
  return function(text)
    local made, count = text:gsub(digit, zero)
    return count >= IDENTIFIER and made or nil
  end
end

local zeroed_run = zeroed_identifier("%d", "0") -- it may have dashes: 01-234567-890123-4
local zeroed_hex = zeroed_identifier("3%d", "30") -- as a message shows bytes: "33 35 39 ..."

-- A telephone number in international form.
local function zeroed_number(digits)
  return #digits >= TELEPHONE and "+" .. zeroed(digits) or nil
end

--- Zeroes long runs of digits and telephone numbers in international form.
function redact.text(text)
  text = text:gsub("%d[%d-]+", zeroed_run):gsub("%+(%d+)", zeroed_number)
  return (text:gsub("%f[%w]3%d[ 3%d]+", zeroed_hex))
end

--- Zeroes all digits, as in a serial number.
function redact.serial(text)
  return (text:gsub("%d", "0"))
end

-- Words of AT commands and answers before a personal value: an identity, a number or a code.
local labels = {
  "imei", "imsi", "iccid", "ccid", "meid", "esn", "fsn", "serial", "msisdn", "atd",
  "+cgsn", "+cimi", "+cpin", "+clip", "+csca", "+colp", "+clcc", "+ccfc", "+crsm", "+csim",
}

-- Words before a personal text: a name, a message or a password.
local text_labels = { "+cgauth", "$qcpdpp", "+cpwd", "+clck", "+cnum", "+cmg", "+cmt", "+cds", "+cusd", "+cpb" }

-- Splits a line after its first label. Returns nil for the rest when there is no label, and whether a text
-- follows the label.
local function split_at_label(line)
  local lower, at, is_text = line:lower(), #line + 1, false
  for _, list in ipairs { labels, text_labels } do
    for _, label in ipairs(list) do
      local _, stop = lower:find(label, 1, true)
      if stop and stop < at then at, is_text = stop, list == text_labels end
    end
  end
  return line:sub(1, at), at <= #line and line:sub(at + 1) or nil, is_text
end

local function at_line(line)
  local before, value, is_text = split_at_label(line)
  if not value then return redact.text(line) end
  return before .. (is_text and value:gsub("%w", "0") or zeroed(value))
end

local function zeroed_quotes(text)
  return (text:gsub('"[^"]*"', function(quoted) return (quoted:gsub("%w", "0")) end))
end

--- A message for people, or an argument of the command line. As redact.text; after a label all digits are
-- zeroed, and quoted texts too, since a message may cite its AT command.
function redact.message(text)
  local before, value, is_text = split_at_label(text)
  value = redact.serial(value or "")
  return redact.text(before .. (is_text and zeroed_quotes(value) or value))
end

--- Whole lines of an AT port.
function redact.at_lines(text)
  return (text:gsub("[^\r\n]+", at_line))
end

--- The value of a TLV. Of a message with `personal = true` all digits become 0. Of a message that no table in
-- protocol/qmi/ has, only the length remains.
function redact.tlv(service, message, tlv, value)
  local entry = qmi.message(service, message)
  if tlv == RESULT then return redact.text(value) end
  if not entry or not entry.name then return ("\0"):rep(#value) end
  return entry.personal and zeroed(value) or redact.text(value)
end

-- --- texts of one run ---------------------------------------------------------------------------

local Cleaner = {}
Cleaner.__index = Cleaner

--- A cleaner for the texts of one run. It also removes the names of this machine's folders.
function redact.cleaner()
  return setmetatable({ replacements = {}, known = {} }, Cleaner)
end

local function escaped(text)
  return (text:gsub("%p", "%%%0"))
end

-- Longer texts are replaced first.
local function replace(self, text, by, pattern)
  if text == "" or text == by or self.known[text] then return end
  self.known[text] = true
  by = by:gsub("%%", "%%%%")
  table.insert(self.replacements, { length = #text, pattern = pattern or escaped(text), by = by })
  table.sort(self.replacements, function(a, b) return a.length > b.length end)
end

--- Paths below this root are shown as below "/". A relative root can be any word, so it is replaced only where a
-- path begins with it.
function Cleaner:know_root(root)
  root = root:gsub("/+$", "")
  replace(self, root, "", "%f[%w._~/-]" .. escaped(root) .. (root:find "^/" and "%f[^%w._~-]" or "%f[/]"))
end

--- A file (path or URL) is shown by its name, without folder, host, user and password, or by another name.
function Cleaner:know_file(path, name)
  local plain = path:find "^%a+://" and path:gsub("[?#].*", "") or path
  replace(self, path, name or plain:match "([^/]*)/*$")
end

--- A text is never shown.
function Cleaner:know_secret(text, instead)
  replace(self, text, instead)
end

--- A value with all its texts cleaned, at every depth; a table is copied.
function Cleaner:clean(value)
  if type(value) == "string" then
    for _, known in ipairs(self.replacements) do value = value:gsub(known.pattern, known.by) end
    return redact.message(value)
  end
  if type(value) ~= "table" then return value end
  local copy = {}
  for key, inner in pairs(value) do copy[key] = self:clean(inner) end
  return copy
end

return redact

-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The version texts of images and their file names (reference: CWE container, sections 5 and 6):
--
--     <SKU>_<part>_<device>_<firmware>_<boot block>_<carrier>_<PRI version>_<package>
--
-- Everything but the firmware may be missing, `?` stands for "does not apply", a file name leaves out
-- the boot block. The device is the family, except in an OEM's settings, where it is the model.

local version = {}

local function carrier_of(word)
  return word:match "^[%w%-]*%a[%w%-]*$"
end

local function config_of(pri, package)
  local count = package:match "^%d+"
  if count and (pri:match "^%d+%.%d+$" or pri:match "^%d+$") then return pri .. "_" .. count end
end

local function split(text)
  local words = {}
  for word in (text .. "_"):gmatch "([^_]*)_" do words[#words + 1] = word end
  return words
end

-- The text before the firmware version, the version, and the text behind it.
local function split_at_firmware(text)
  for at in text:gmatch "()%f[%w.]%d%d%.%d%d%.%d%d%.%d%d" do
    local firmware, after = text:match("^(%d%d%.%d%d%.%d%d%.%d%d)(.*)$", at)
    if not after:find "^%.?%d" then return text:sub(1, at - 1), firmware, after end
  end
end

-- The words before the firmware version, the last one first. Of "Copy of SWI9X30C" and "TMO (Generic)@SWI9X30C" only
-- the last letters and digits count.
local function words_before(text)
  local words, reversed = split((text:gsub("[_%s-]+$", ""))), {}
  for index = #words, 1, -1 do reversed[#reversed + 1] = words[index]:match "%w*$" end
  return reversed
end

-- The family (SWI9X30C, in any letter case) and the model (MC7354, EM7455B, DW5811e) that a word is. A file's name may
-- have any other word there.
local function device_of(word)
  if word:lower():match "^swi%d%w+$" then return word:upper(), nil end
  return nil, word:match "^%a%a%d%d%d%d%a*$"
end

local function number_of(word)
  return word and (word:match "^%d+$" or word:match "^INTERNAL$")
end

-- Texts of a modem for a value that it does not have.
local nothing = { [""] = true, unknown = true, none = true }

--- A text of a modem without the blanks around it; nil for texts that mean no value, such as "unknown".
function version.known(text)
  local trimmed = text and text:match "^%s*(.-)%s*$"
  return not nothing[trimmed and trimmed:lower() or ""] and trimmed or nil
end

--- The carrier in the preference of a modem that chooses its firmware by the SIM.
version.AUTO_SIM = "AUTO-SIM"

--- Whether versions are such a preference.
function version.is_automatic(versions)
  return versions ~= nil and (versions.carrier or ""):upper() == version.AUTO_SIM
end

--- Reads the text of a header, or a file name without folder and extension: firmware, family, model, sku, part,
-- carrier, config, as far as the text names them. The version text may be anywhere in it. Empty when there is none.
function version.parse(text)
  local before, firmware, after = split_at_firmware(text)
  if not firmware then return {} end
  local device, words = words_before(before), split(after:match "^_(.*)" or "")
  local family, model = device_of(device[1] or "")
  local settings = (words[1] == "?" or words[1]:match "^%d%d$") and 2 or 1
  return {
    firmware = firmware, family = family, model = model,
    part = (family or model) and number_of(device[2]) or nil, sku = (family or model) and number_of(device[3]) or nil,
    carrier = carrier_of(words[settings] or ""),
    config = config_of(words[settings + 1] or "", words[settings + 2] or ""),
  }
end

--- The same for the name of a file, with or without its folder.
function version.of_file(path)
  return version.parse((path:match "[^/]*$":gsub("%.%a+$", "")))
end

-- What the user may give for each field: no empty or odd value reaches a modem.
local shapes = {
  firmware = function(text) return text:match "^%d%d%.%d%d%.%d%d%.%d%d$" ~= nil end,
  carrier = function(text) return carrier_of(text) ~= nil end,
  config = function(text)
    local pri, package = text:match "^([%d%.]+)_(%d+)$"
    return pri ~= nil and config_of(pri, package) == text
  end,
}

--- Whether a text may be the value of a field: firmware, carrier or config.
function version.is(field, text)
  return shapes[field](text)
end

return version

--- The version texts of images and their file names (reference: CWE container, sections 5 and 6):
--
--     <SKU>_<part>_<device>_<firmware>_<boot block>_<carrier>_<PRI version>_<package>
--
-- Everything but the firmware may be missing, `?` stands for "does not apply", a file name leaves out
-- the boot block. The device is the family, except in an OEM's settings, where it is the model.

local version = {}

local UNKNOWN = "?"

local function firmware_of(word)
  return (word .. " "):match "^(%d%d%.%d%d%.%d%d%.%d%d)[^%d%.]"
end

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

local function find_firmware(words)
  for at, word in ipairs(words) do
    local firmware = firmware_of(word)
    if firmware then return at, firmware end
  end
end

local function known(word)
  if word and word ~= "" and word ~= UNKNOWN then return word end
end

-- Texts of a modem for a value that it does not have.
local nothing = { [""] = true, unknown = true, none = true }

--- A text of a modem without the blanks around it; nil when it stands for no value.
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
-- carrier, config, as far as the text names them. Empty when it is no version text.
function version.parse(text)
  local words = split(text:match "^%S*")
  local at, firmware = find_firmware(words)
  if not at then return {} end
  local device = known(words[at - 1])
  local is_family = device and device:match "^SWI%w+$"
  local next_word = words[at + 1] or ""
  local settings = (next_word == UNKNOWN or next_word:match "^%d%d$") and at + 2 or at + 1
  return {
    firmware = firmware,
    family = is_family and device or nil,
    model = not is_family and device or nil,
    part = known(words[at - 2]),
    sku = known(words[at - 3]),
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
  firmware = function(text) return firmware_of(text) == text end,
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

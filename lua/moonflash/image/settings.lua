-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The settings inside an image: their names, and those that change the USB ids or interfaces of a modem.

local bytes = require "moonflash.core.bytes"

local settings = {}

local MOST = 2000 -- listed entries; all are counted

local function hex16(value, at)
  local number = bytes.get_u16le(value, at)
  return number and bytes.hex_number(number, 4)
end

local function raw(value)
  return bytes.hex(value)
end

local function id(value)
  return hex16(value, 1) or raw(value)
end

local function pair(value)
  if not hex16(value, 3) then return raw(value) end
  return ("%s in application mode, %s in download mode"):format(hex16(value, 1), hex16(value, 3))
end

local function composition(value)
  local mask = bytes.get_u32le(value, 5)
  return mask and "interfaces " .. bytes.hex_number(mask, 8) or raw(value)
end

local function text(value)
  return (value:gsub("[^\32-\126]", "?"))
end

-- Settings that change the modem on USB, and the text of their values (reference: CWE container, section 7).
local usb = {
  USB_VENDOR_ID = { "vendor id", id }, USB_APP_BOOT_PIDS = { "product ids", pair },
  USB_COMP = { "composition", composition }, USB_PROD_NAME = { "product name", text },
  USB_SERIALNUMBER = { "serial number", text },
}

local function usb_change(entry)
  local name = (entry.name or ""):match "[^/]*$"
  local known = usb[name]
  if known then return ("%s (%s): %s"):format(name, known[1], known[2](entry.value)) end
  if name:match "^USB_" then return ("%s: %s"):format(name, raw(entry.value)) end
end

local function note(report, words, ...)
  table.insert(report.notes, words:format(...))
end

--- Collects the settings of an image. take(entry) is called with each entry that the verifier finds; fill(report) sets
-- contents = { entries } and changes_usb = { text }, and adds notes.
function settings.collect()
  local entries, count, changes, broken = {}, 0, {}, {}
  local function take(entry)
    if entry.kind == "broken" then
      broken[#broken + 1] = entry.offset
      return
    end
    count = count + 1
    if count > MOST then return end
    entry.usb = usb_change(entry)
    entries[count], changes[#changes + 1] = entry, entry.usb
  end
  local function fill(report)
    report.contents, report.changes_usb = entries, changes
    if #changes > 0 then
      note(report, "the modem may come back under other USB ids or with other interfaces: these settings change %s",
        table.concat(changes, "; "))
    end
    if count > MOST then note(report, "%d settings, of which %d are listed", count, MOST) end
    for _, offset in ipairs(broken) do
      note(report, "the settings from offset %.0f on have a format that moonflash does not know: they are not listed, "
        .. "and are sent as they are", offset)
    end
  end
  return { take = take, fill = fill }
end

return settings

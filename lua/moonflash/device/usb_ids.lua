-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- USB ids of models: the modes in which a model has them, and the ids of the same modem in its other mode.

local bytes = require "moonflash.core.bytes"

local usb_ids = {}

local function contains(list, ids)
  for _, own in ipairs(list or {}) do
    if own:lower() == ids then return true end
  end
  return false
end

--- The modes in which a model has ids (in lower case): { application, download }; nil when it has them in none.
function usb_ids.modes(model, ids)
  local modes = { application = contains(model.usb.application, ids), download = contains(model.usb.download, ids) }
  return (modes.application or modes.download) and modes or nil
end

local function decremented(ids)
  local vid, pid = ids:match "^(%x+):(%x+)$"
  return vid .. ":" .. bytes.hex_number(math.max(tonumber(pid, 16), 1) - 1, 4)
end

--- The ids in download mode of a modem with these ids in application mode: the same, or the product id minus one; else
-- any of the same vendor, perhaps none. No rule holds for all models (reference: devices, 1).
function usb_ids.download(model, ids)
  for _, likely in ipairs { ids, decremented(ids) } do
    if contains(model.usb.download, likely) then return { likely } end
  end
  local same_vendor = {}
  for _, own in ipairs(model.usb.download or {}) do
    if own:lower():sub(1, 5) == ids:sub(1, 5) then same_vendor[#same_vendor + 1] = own:lower() end
  end
  return same_vendor
end

--- All ids that a modem with these ids may have, in both modes, these ids first.
function usb_ids.of_modem(model, ids)
  local all, modes = { ids }, usb_ids.modes(model, ids) or {}
  local function add(list)
    for _, other in ipairs(list) do
      if not contains(all, other) then all[#all + 1] = other end
    end
  end
  if modes.application then add(usb_ids.download(model, ids)) end
  for _, own in ipairs(modes.download and model.usb.application or {}) do
    if contains(usb_ids.download(model, own:lower()), ids) then add { own:lower() } end
  end
  return all
end

--- Modems that no script can update, as models with the reason.
usb_ids.others = {
  { name = "EM7345", reason = "it has an Intel chip", usb = { application = { "1199:a001" } } },
  { name = "MC77xx", reason = "its loader has an older protocol",
    usb = { application = { "1199:68a2" }, download = { "1199:68a2" } } },
  { name = "EM7590", reason = "nothing is known of its loader", usb = {
    application = { "1199:c081" }, download = { "1199:c080" } } },
  { name = "EM9xxx", reason = "its loader speaks another Firehose than that of the EM7565", usb = {
    application = { "1199:90d3", "1199:90e3", "1199:90e5" }, download = { "1199:90d2", "1199:90e2", "1199:90e4" } } },
}

return usb_ids

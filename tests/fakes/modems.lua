-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Models, and modems to plug into tests/fakes/sysfs.lua.

local fake = require "tests.fakes.sysfs"

local modems = {}

modems.models = {
  { name = "MC7455", aliases = { "EM7455" },
    usb = { application = { "1199:9071", "413c:81b6" }, download = { "1199:9070", "413c:81b5" } } },
  { name = "MC7354", aliases = { "MC7304" },
    usb = { application = { "1199:68C0" }, download = { "1199:68C0" } } },
  { name = "EM7305", usb = { application = { "1199:9063" }, download = { "1199:9062" } } },
}

--- A copy with some fields changed; false removes a field.
function modems.copy(given, changes)
  local made = {}
  for name, value in pairs(given) do made[name] = value end
  for name, value in pairs(changes or {}) do made[name] = value end
  return made
end

-- An MC7455: at 2-3 (USB 3) in application mode, at 1-6 in download mode, as in a log.
modems.running = {
  place = "2-3", peer = "1-6", vid = "1199", pid = "9071", number = 4, speed = 5000,
  serial = "LF123", product = "EM7455", manufacturer = "Sierra Wireless, Incorporated",
  interfaces = {
    fake.serial(0, "ttyUSB4"), fake.serial(2, "ttyUSB5"), fake.serial(3, "ttyUSB6"),
    fake.qmi(8, "cdc-wdm0", "wwan0"), fake.qmi(10, "cdc-wdm1", "wwan1"),
  },
}
modems.waiting = {
  place = "1-6", peer = "2-3", vid = "1199", pid = "9070", number = 9, speed = 480,
  product = "MC7455-CP", interfaces = { fake.serial(0, "ttyUSB4") },
}


--- A second MC7455 in download mode, beside the first.
modems.twin = modems.copy(modems.waiting, { place = "1-2", peer = "2-1", number = 6,
  interfaces = { fake.serial(0, "ttyUSB0") } })

--- The second MC7455 in application mode, with the serial number of the first.
modems.running_twin = modems.copy(modems.running,
  { place = "2-1", peer = "1-2", number = 6, interfaces = {} })

return modems

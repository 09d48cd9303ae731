-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- NAS, the network access service. Source: libqmi, qmi-service-nas.json.
-- @module moonflash.protocol.qmi.nas

local message = require "moonflash.protocol.qmi.message"

local registration = { "u8", names = { not_registered = 0, registered = 1, searching = 2, denied = 3, unknown = 4 } }

return message.define("nas", {
  get_serving_system = { id = 0x0024, personal = true, response = {
    serving = { 0x01, { record = { { "registration", registration } } } },
  } },
})

-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- CTL, the service that allocates client ids. Source: libqmi, qmi-service-ctl.json.

local message = require "moonflash.protocol.qmi.message"

local client = { record = { { "service", "u8" }, { "id", "u8" } } }

local response = { client = { 0x01, client } }

return message.define("ctl", {
  allocate_client = { id = 0x0022, request = { service = { 0x01, "u8" } }, response = response },
  release_client = { id = 0x0023, request = { client = { 0x01, client } }, response = response },
})

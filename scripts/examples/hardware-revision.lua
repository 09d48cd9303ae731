-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- A QMI message that moonflash does not know: a table with its number and its fields.
--
--     moonflash run examples/hardware-revision.lua

local flash = require "moonflash"

local messages = flash.qmi.messages("dms", {
  get_hardware_revision = { id = 0x002c, response = { revision = { 0x01, "text" } } },
})

return function(job)
  local answer, problem = job:request(messages.get_hardware_revision)
  if not answer then return nil, problem end
  flash.log.say("hardware revision %s", answer.revision)
end

-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Starts tests/fakes/dbus.c: a message bus with a ModemManager that accepts, refuses, denies or is silent.
--
--     local server = fake_dbus.start(folder .. "/bus", "accept")
--     server:line()   --> "InhibitDevice /sys/devices/... true", then "gone"

local support = require "tests.support"

local fake_dbus = {}

--- The program, nil when it was not built.
fake_dbus.program = os.getenv "MOONFLASH_FAKE_DBUS"

--- Starts one; support.finish() stops it.
-- @tparam string path of its socket
-- @tparam string manner accept, refuse, probe, deny or silent
-- @treturn table a child of tests.support, with the field path
function fake_dbus.start(path, manner)
  local child = support.start { fake_dbus.program, path, manner }
  assert(child:line() == "ready")
  child.path = path
  return child
end

return fake_dbus

-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- How long each wait may take, in seconds; tests/README.md has the sums. The waits for a modem are multiplied by
-- --timeout-scale (job:ms). Steps have limits of their own (`within`, `most`, `after_restart`, `final_ack`), and so has
-- QDL (moonflash.protocol.qdl.timing).

return {
  -- the ports of a modem
  qmi_open = 20, qmi_request = 10, qmi_close = 5,
  at_command = 5,
  node = 3,        -- a node that has just appeared may refuse for a moment

  -- a modem that restarts
  settle = 3,      -- all ports of a modem that was plugged in a moment ago
  relocate = 60,   -- a modem that has left by itself
  disconnect = 30, -- from an accepted reset to the disconnect: 20 s were seen
  boot = 150,      -- from a reset that is undone to application mode
  crashed = 240,   -- from the reset of a modem that crashed
  driver = 10,     -- a driver, which may be a module that has to be loaded; never less
  further = 2,     -- the last interfaces and ttys of a modem in application mode; never less
  usb = 0.1,       -- a driver of a loader that is reached over USB without one; never less
  memory_reset = 5, -- the reset of a modem that offers its memory
  run = 10,        -- a modem that is reset a few times soon after its start may stay in its loader
  answer = 295,    -- from a restart until the modem answers; the close of its port comes on top
  undo = 290,      -- one undo function

  -- an update that begins, and one that fails
  loader = 10, restless = 60, -- the loader of a modem that restarts again and again
  restore = 20, retry = 5,    -- the old preference

  -- other programs on this computer; not multiplied
  query = 20,      -- the query of another moonflash; its modem may be slow
  files = 60,      -- the files of paused services; longer than a service takes to stop or start
  command = 30,    -- the stop or the start of a service
  probe = 60,      -- a ModemManager that probes; without a SIM it does for half a minute
  ports = 20,      -- a paused program that closes its ports

  source = 30,     -- an image from a pipe or the network: no data; multiplied
}

-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- A modem's QMI port on a pseudo terminal, in a process of its own so that tests can wait for it.
--
--     local modem = fake.start [[ on[0x0023] = answer "02 04 00 00 00 00 00 01 02 00 4d 43" ]]
--     modem.path       the port;   modem:seen()  parsed requests so far;   modem:stop()
--
-- The script given runs in the modem's process (qmi_modem.lua) and says what it does with each
-- message: on[number] = function(request) ... end, ctl[number] for the CTL service, made with answer,
-- answer_as, send, silence, hang_up, both, after, turns. With mbim = { done, done, done } the port
-- speaks MBIM; these are what it does at the opening, the closing and other commands.
local sys = require "moonflash.core.sys"
local qmux = require "tests.fakes.qmux"

local fake = {}
fake.__index = fake

local START_MS = 10000

-- The modem's process writes a line for its path and then one of hex for each request.
local function read_lines(self)
  local data, problem = sys.read(self.output, 65536)
  if not data then return nil, problem end
  self.pending = self.pending .. data
  self.pending = self.pending:gsub("([^\n]*)\n", function(line)
    self.lines[#self.lines + 1] = line
    return ""
  end)
  return true
end

local function wait_for_lines(self, count, ms)
  local deadline = sys.clock_ms() + ms
  while #self.lines < count do
    local left = deadline - sys.clock_ms()
    assert(left > 0, "the fake modem says nothing")
    sys.poll({ { fd = self.output, read = true } }, left)
    local ok, problem = read_lines(self)
    assert(ok or problem.code == "sys.again", "the fake modem has died")
  end
end

function fake.start(script)
  local read_end, write_end = assert(sys.pipe())
  local pid = assert(sys.spawn({ "lua5.1", "tests/fakes/qmi_modem.lua", script or "" },
    { stdin = false, stdout = write_end }))
  sys.close(write_end)
  local self = setmetatable({ pid = pid, output = read_end, pending = "", lines = {} }, fake)
  wait_for_lines(self, 1, START_MS)
  self.path = self.lines[1]
  return self
end

--- The requests received so far; waits until there are `count`.
function fake:seen(count)
  wait_for_lines(self, (count or 0) + 1, START_MS)
  while read_lines(self) do end
  local requests = {}
  for index = 2, #self.lines do requests[index - 1] = qmux.parse(qmux.hex(self.lines[index])) end
  return requests
end

function fake:stop()
  if not self.pid then return end
  sys.kill(self.pid, "KILL")
  sys.wait(self.pid, START_MS)
  sys.close(self.output)
  self.pid = nil
end

return fake

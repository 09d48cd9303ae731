-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The download port of a 9x50: Sahara up to the command that switches to Firehose (reference: firehose 4), then
-- moonflash.sim.firehose_loader.
--
-- The hello comes when a program opens the port. A pseudo terminal does not notice that: there the hello waits, and a
-- host that sends the right message without having read it gets through. All other early bytes are noticed.

local bytes = require "moonflash.core.bytes"
local firehose = require "moonflash.sim.firehose_loader"
local send_answer = require "moonflash.sim.answer"
local T = require("moonflash.sim.template").new

local hello = T "01 00 00 00 30 00 00 00 02 00 00 00 01 00 00 00 00 04 00 00 <mode:4> <reserved:24b>"
local refused = T "04 00 00 00 10 00 00 00 00 00 00 00 <status:4>"
local memory_debug = 2 -- as an EM7565 says it, though it is not crashed
local unsupported = 0x1f
local restart_seconds = 1 -- in which the host reads the answer
local hello_ms = 100 -- in which the host turns off the echo of its terminal
-- A host that starts at once is refused the switch. Known hosts wait for 2 s; how long they must is not known.
local too_early_seconds = 1

local reset = { name = "reset", request = T "07 00 00 00 08 00 00 00":fill() }
local reset_answer = T "08 00 00 00 08 00 00 00":fill()

-- The requests by the state in which the loader takes them. Each has one form alone.
local steps = {
  greeting = { name = "response", answer = T "0b 00 00 00 08 00 00 00":fill(), next = "ready",
    request = T "02 00 00 00 30 00 00 00 02 00 00 00 02 00 00 00 00 00 00 00 03 00 00 00 <reserved:24b>":fill {
      reserved = "" } },
  ready = { name = "execute", answer = T "0e 00 00 00 10 00 00 00 00 ff 00 00 09 00 00 00":fill(), next = "executing",
    request = T "0d 00 00 00 0c 00 00 00 00 ff 00 00":fill() },
  executing = { name = "data", answer = "confirmed", next = "firehose",
    request = T "0f 00 00 00 0c 00 00 00 00 ff 00 00":fill() },
}

local function violation(self, text)
  self.modem.recorder:violation("sahara", text)
end

local function say_hello(self)
  if self.port.closed then return end
  self.state = "greeting"
  send_answer(self.modem, self.port, hello:fill { mode = self.mode, reserved = "" },
    self.modem.faults:at "sahara.hello")
end

-- Bytes that are no request of this state. The loader says hello once more, unless one is still to come, but refuses to
-- switch from then on.
local function spoil(self)
  local place = self.state and "in state " .. self.state or "before the hello"
  violation(self, ("%s %s"):format(bytes.hex(self.rest:sub(1, 48), " "), place))
  self.rest, self.spoiled = "", true
  if self.state and not self.port.behind then say_hello(self) end
end

local function refuse(self, status, hits)
  self.state = "refused"
  send_answer(self.modem, self.port, refused:fill { status = status }, hits)
end

local function restart(self, hits)
  send_answer(self.modem, self.port, reset_answer, hits)
  if hits.silence or hits.deaf then return end
  self.modem:after(restart_seconds, function() self.modem:leave_download() end)
end

local function check_time(self)
  local ms = self.opened_at and self.modem.loop:now() - self.opened_at
  if not ms or ms >= self.modem:milliseconds(too_early_seconds) then return end
  self.spoiled = true
  violation(self, ("the hello is answered %.0f ms after the port was opened"):format(ms))
end

local function answer(self, step)
  local hits = self.modem.faults:at("sahara." .. step.name)
  self.modem.recorder:note("sahara", { command = step.name, request = bytes.hex(step.request, " ") })
  if step == reset then return restart(self, hits) end
  if hits.refuse then return refuse(self, tonumber(hits.refuse) or unsupported, hits) end
  if step == steps.ready and self.spoiled then return refuse(self, unsupported, hits) end
  if step == steps.greeting then check_time(self) end
  self.state = step.next
  send_answer(self.modem, self.port, step.answer, hits)
  if self.state == "firehose" then self.loader = firehose.new(self.modem, self.port) end
end

local function begins(whole, text)
  return whole:sub(1, #text) == text
end

-- The request whose first bytes came; nil when there is none.
local function expected(self)
  local step = steps[self.state]
  if step and begins(step.request, self.rest:sub(1, #step.request)) then return step end
  if begins(reset.request, self.rest:sub(1, #reset.request)) then return reset end
end

local function take(self)
  local step = expected(self)
  if not step then return spoil(self) end
  local size = #step.request
  if #self.rest > size then violation(self, "bytes behind " .. step.name .. ", before its answer") end
  if #self.rest < size then return end
  self.rest = ""
  answer(self, step)
end

local function receive(self, text)
  self.modem.active_at = self.modem.loop:now()
  if self.loader then return self.loader:receive(text) end
  self.rest = self.rest .. text
  take(self)
end

local function open(self)
  local noticed = self.port:has_transfers()
  self.opened_at = noticed and self.modem.loop:now()
  self.modem.loop:after(noticed and hello_ms or 0, function() say_hello(self) end)
end

--- Starts on a port.
-- @treturn function takes bytes from the host, in any split
return function(modem, port)
  local self = { modem = modem, port = port, rest = "", mode = modem.faults:value "hello-mode" or memory_debug }
  port:when_opened(function() open(self) end)
  return function(text) receive(self, text) end
end

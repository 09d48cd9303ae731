-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The process of tests/fakes/qmi.lua: answers QMUX frames on a pseudo terminal with canned TLVs.
-- Ends when its parent does.
local sys = require "moonflash.core.sys"
local qmux = require "tests.fakes.qmux"

local master, path = assert(sys.pty())
local parent_ms = 60000
local scheduled = {}
local modem = { on = {}, ctl = {} }

-- In MBIM, an answer names the command it is for.
local function write(data, request)
  if request and request.command then data = qmux.in_mbim(data, request.command) end
  while #data > 0 do
    local count = sys.write(master, data)
    if count then data = data:sub(count + 1) else sys.poll({ { fd = master, write = true } }, 100) end
  end
end

local function reply(request, tlvs, message)
  write(qmux.frame({
    modem = true, service = request.service, client = request.client, transaction = request.transaction,
    kind = request.service == 0 and 1 or 2, message = message or request.message,
  }, tlvs), request)
end

function modem.answer(hex)
  return function(request) reply(request, qmux.hex(hex)) end
end

function modem.answer_as(message, hex)
  return function(request) reply(request, qmux.hex(hex), message) end
end

function modem.send(hex)
  return function(request) write(qmux.hex(hex), request) end
end

function modem.silence() end

function modem.hang_up()
  os.exit(0)
end

-- Does one thing after another.
function modem.both(first, second)
  return function(request)
    first(request)
    second(request)
  end
end

-- Does something later; requests are taken meanwhile.
function modem.after(ms, action)
  return function(request)
    scheduled[#scheduled + 1] = { at = sys.clock_ms() + ms, request = request, action = action }
  end
end

-- First one action, the next time the next, the last from then on.
function modem.turns(...)
  local actions, turn = { ... }, 0
  return function(request)
    turn = math.min(turn + 1, #actions)
    actions[turn](request)
  end
end

local ok = "02 04 00 00 00 00 00"
modem.ctl[0x0022] = modem.answer(ok .. " 01 02 00 02 01")
modem.ctl[0x0023] = modem.answer(ok .. " 01 02 00 02 01")
modem.ctl[0x0027] = modem.answer(ok)
modem.ok = ok

local function take_due()
  for index, entry in ipairs(scheduled) do
    if entry.at <= sys.clock_ms() then return table.remove(scheduled, index) end
  end
end

-- Does what is due; returns the ms until more is.
local function run_scheduled()
  for entry in take_due do entry.action(entry.request) end
  local wait = parent_ms
  for _, entry in ipairs(scheduled) do wait = math.min(wait, entry.at - sys.clock_ms()) end
  return math.max(wait, 0)
end

local function take(frame, command)
  local request = qmux.parse(frame)
  request.command = command
  io.write((frame:gsub(".", function(c) return ("%02x"):format(c:byte()) end)), "\n")
  io.flush()
  local action = (request.service == 0 and modem.ctl or modem.on)[request.message]
  if action then action(request) end
end

-- mbim[1], mbim[2] and mbim[3] answer the opening, the closing, and commands that carry no QMI:
-- libqmi subscribes to indications.
local function take_mbim(data)
  local parts = qmux.parse_mbim(data)
  if parts.frame then
    take(parts.frame, parts.transaction)
  elseif modem.mbim[parts.kind] then
    modem.mbim[parts.kind](parts)
  end
end

function modem.done(parts)
  write(qmux.mbim_done(parts))
end

local function take_all(data)
  local take_next, act = qmux.take, take
  if modem.mbim then take_next, act = qmux.take_mbim, take_mbim end
  local whole
  repeat
    whole, data = take_next(data)
    if whole then act(whole) end
  until not whole
  return data
end

local script = assert((loadstring or load)(arg[1]))
setmetatable(modem, { __index = _G })
if setfenv then setfenv(script, modem) else debug.setupvalue(script, 1, modem) end -- Lua 5.4 has _ENV
script()

io.write(path, "\n")
io.flush()
local data, last = "", sys.clock_ms()
while sys.clock_ms() - last < parent_ms do
  sys.poll({ { fd = master, read = true } }, run_scheduled())
  local more = sys.read(master, 4096)
  if more then
    last = sys.clock_ms()
    data = take_all(data .. more)
  end
end

-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- A simulated modem that keeps every byte its ports were given: lua5.1 tests/platforms/modem.lua MODEL DIR
-- TIME_SCALE [FAULT...]. Each time a port is there, what comes over it goes to a file of its own,
-- DIR/wire/01-cdc-wdm0, DIR/wire/02-ttyUSB2 ...; prints DIR when ready.
local port = require "moonflash.sim.pty"
local sim = require "moonflash.sim"
local sys = require "moonflash.core.sys"

local model, dir, time_scale = arg[1], arg[2], tonumber(arg[3])
local open, read, files, count = port.open, sys.read, {}, 0

function port.open(loop, name)
  local made, problem = open(loop, name)
  if not made then return nil, problem end
  count = count + 1
  files[made.fd] = assert(io.open(("%s/wire/%02d-%s"):format(dir, count, name), "wb"))
  return made
end

function sys.read(fd, most)
  local bytes, problem = read(fd, most)
  if bytes and files[fd] then
    files[fd]:write(bytes)
    files[fd]:flush()
  end
  return bytes, problem
end

assert(sys.make_folder(dir .. "/wire"))
assert(sim.run { model = model, dir = dir, time_scale = time_scale, faults = { unpack(arg, 4) },
  ready = function(root)
    print(root)
    io.stdout:flush()
  end })

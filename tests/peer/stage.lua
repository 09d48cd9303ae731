-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The program on the independent modem: peer.py as a child, images, a run with its result, and what the modem
-- recorded.
--
--     local peer = stage.start { { model = "MC7455" } }
--     local run = stage.moonflash(peer, "update", unpack(stage.images "MC7455"))
--     assert.equal(0, run.status, run.stderr)
--     assert.same({}, stage.mistakes(peer))
--
-- A modem is a table of the fields in variants.py. Nothing here uses the program's own simulator.
-- @module tests.peer.stage

local cjson = require "cjson"
local packages = require "tests.images.packages"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local stage = {}

local DEADLINE_MS = 60000

-- Debian's interpreter: another python3 in the PATH may be a script that takes a second to find one. Without the site
-- module it starts in half the time; -B writes no bytecode into the sources.
local DEBIAN = "/usr/bin/python3"
local python = sys.stat(DEBIAN) and DEBIAN or "python3"

--- What the test images of each model contain.
stage.new = {
  MC7455 = { firmware = "02.33.03.00", carrier = "GENERIC", config = "002.072_000" },
  MC7354 = { firmware = "05.05.58.01", carrier = "VZW", config = "005.029_001" },
  EM7305 = { firmware = "05.05.58.01", carrier = "GENEU-4G", config = "005.026_000" },
}

local families = { MC7455 = "SWI9X30C", MC7354 = "SWI9X15C", EM7305 = "SWI9X15C" }

--- Writes images for a model.
-- @tparam string model
-- @tparam[opt] table more options of tests.images.packages
-- @tparam[opt] table kinds { "firmware", "settings" } if not given, or { "package" }
-- @treturn table paths
function stage.images(model, more, kinds)
  local pair, folder, paths = stage.new[model], support.folder(), {}
  local options = { family = families[model], version = pair.firmware, carrier = pair.carrier, config = pair.config,
    size = 60000 }
  for name, value in pairs(more or {}) do options[name] = value end
  for index, kind in ipairs(kinds or { "firmware", "settings" }) do
    paths[index] = packages.write(packages[kind](options), folder)
  end
  return paths
end

--- The arguments that start peer.py.
-- @tparam string root
-- @tparam string variant JSON
-- @treturn table argv
function stage.argv(root, variant)
  return { python, "-S", "-B", "-E", "tests/peer/peer.py", root, variant }
end

--- Starts modems and waits until they are there.
-- @tparam table modems
-- @treturn Child (see tests.support) with the fields root and variant, the JSON text
function stage.start(modems)
  local root, variant = support.folder(), cjson.encode { modems = modems }
  local child = support.start(stage.argv(root, variant))
  assert(child:line(DEADLINE_MS) == "ready")
  child.root, child.variant = root, variant
  return child
end

--- Starts the program with --json.
-- @treturn Child see tests.support
function stage.start_program(peer, ...)
  return support.start { support.program, "--root", peer.root, "--json", ... }
end

--- Waits for the end of the program.
-- @treturn table status, stdout, stderr, lines (decoded), result (the last of them)
function stage.finish_program(child)
  local status = child:wait(DEADLINE_MS)
  local run = { status = status, stdout = child.stdout, stderr = child.stderr, lines = {} }
  for line in run.stdout:gmatch "[^\n]+" do run.lines[#run.lines + 1] = cjson.decode(line) end
  run.result = run.lines[#run.lines]
  return run
end

--- Runs the program to its end.
-- @treturn table as of finish_program
function stage.moonflash(peer, ...)
  return stage.finish_program(stage.start_program(peer, ...))
end

--- Starts the program with --json, and sends it a signal after some lines of its output, unless it ended before.
-- @treturn number its exit status
function stage.stopped(peer, signal, lines, ...)
  local child = stage.start_program(peer, ...)
  for _ = 1, lines do
    if cjson.decode(child:line(DEADLINE_MS)).event == "result" then return child:wait(DEADLINE_MS) end
  end
  child:kill(signal)
  return child:wait(DEADLINE_MS)
end

--- What the modems recorded.
-- @tparam Child peer
-- @tparam[opt] string event only those
-- @tparam[opt] string modem the name; only that one
-- @treturn table list of tables
function stage.log(peer, event, modem)
  local found = {}
  for line in support.contents(peer.root .. "/log"):gmatch "([^\n]*)\n" do
    local entry = cjson.decode(line)
    if (not event or entry.event == event) and (not modem or entry.modem == modem) then
      found[#found + 1] = entry
    end
  end
  return found
end

--- How a modem is: its last state, with `mode` "away" while it is not plugged in or about to leave.
function stage.state(peer, modem)
  local state
  for _, entry in ipairs(stage.log(peer, nil, modem)) do
    if entry.event == "state" then state = entry end
    if entry.event == "detach" or entry.event == "restart" then state.mode = "away" end
  end
  return state
end

--- Waits until a modem is plugged in.
function stage.wait_for(peer, modem)
  local deadline = support.deadline(DEADLINE_MS)
  while stage.state(peer, modem).mode == "away" do
    assert(sys.clock_ms() < deadline, "the modem did not come back")
    sys.sleep_ms(10)
  end
end

--- Bytes that are none of a port's protocol, and mistakes in a protocol: the words of each.
-- @treturn table list of texts, empty for a good run
function stage.mistakes(peer)
  local found = {}
  for _, entry in ipairs(stage.log(peer)) do
    if entry.event == "stray" then
      found[#found + 1] = ("%.0f bytes at the port %s: %s"):format(entry.count, entry.port, entry.bytes)
    elseif entry.event == "violation" then
      found[#found + 1] = entry.words
    end
  end
  return found
end

--- An image that a modem took.
-- @tparam Child peer
-- @tparam string modem
-- @tparam number number from 1
-- @treturn ?string all its bytes
function stage.received(peer, modem, number)
  return sys.read_file(("%s/received/%s-%d"):format(peer.root, modem, number))
end

return stage

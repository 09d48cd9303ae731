-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- A slow reader of the output must not delay the modem.
local cjson = require "cjson"
local stage = require "tests.sim.stage"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

after_each(support.finish)

local FULL = 65536 -- bytes a pipe holds

-- The program with a pipe that is full already as its standard output; the other end of the pipe.
local function start_blocked(modem, ...)
  local pipe = support.folder() .. "/pipe"
  local child = support.start({ "sh", "-c",
    'mkfifo "$0" && echo made && exec >"$0" && head -c "$1" /dev/zero && shift && exec "$@"',
    pipe, tostring(FULL), support.program, "--root", modem.root, "--json", ... })
  assert.equal("made", child:line())
  return child, assert(sys.open(pipe, "r"))
end

local function read_all(descriptor)
  local parts = {}
  repeat
    assert(sys.poll({ { fd = descriptor, read = true } }, 20000)[1], "too late")
    local bytes = sys.read(descriptor, FULL)
    parts[#parts + 1] = bytes
  until not bytes
  return table.concat(parts)
end

describe("an output that nobody reads", function()
  it("does not stop an update; steps and the result come in order once it is read", function()
    local modem = stage.modem "mc7455"
    local child, pipe = start_blocked(modem, "update", unpack(stage.images "mc7455"))
    stage.wait_for(modem, "mode", { mode = "application" }, 2)
    local text = read_all(pipe)
    sys.close(pipe)
    assert.equal(0, child:wait())
    assert.equal(("\0"):rep(FULL), text:sub(1, FULL))
    local done, last = {}, nil
    for line in text:sub(FULL + 1):gmatch "[^\n]+" do
      last = cjson.decode(line)
      if last.state == "done" then done[#done + 1] = last.step end
      assert.not_equal("progress", last.event)
    end
    assert.equal("result", last.event)
    assert.is_true(last.ok)
    local order = table.concat(done, ", ")
    assert.truthy(order:find("enter download.*send images.*confirm"), order)
  end)
end)

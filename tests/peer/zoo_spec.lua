-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Updates of modems that are drawn: ten in a normal run, ZOO_DRAWS in the long form, from ZOO_SEED or the clock. A
-- failure names the seed of the draw; `ZOO_SEED=4711 ZOO_DRAWS=1` repeats it.
local rules = require "tests.peer.rules"
local stage = require "tests.peer.stage"
local support = require "tests.support"
local zoo = require "tests.peer.zoo"

local draws = tonumber(os.getenv "ZOO_DRAWS") or 10
local first = tonumber(os.getenv "ZOO_SEED") or os.time() % 1000000
local is_long = draws > 10

-- The modem answers at once, so deadlines are a fifth. Less is not possible: those of libqmi are whole seconds.
local SCALE = "0.2"

-- Some at a time: most of an update is waiting.
local AT_ONCE = 4

local function begin(animal)
  local peer = stage.start(animal.modems)
  local words = { "--timeout-scale", SCALE, "--place", animal.place, "update", unpack(zoo.images(animal)) }
  local began = stage.state(peer, "modem")
  local stopped = animal.signal and stage.stopped(peer, animal.signal, animal.lines, unpack(words))
  stage.wait_for(peer, "modem")
  return { animal = animal, peer = peer, began = began, stopped = stopped,
    program = stage.start_program(peer, unpack(words)) }
end

-- What is wrong with the end of an update, nil when nothing is.
local function finish(begun)
  local peer, run = begun.peer, stage.finish_program(begun.program)
  stage.wait_for(peer, "modem")
  local text = zoo.text(begun.animal)
  if is_long then
    io.stderr:write(("%s: exit %d after %.1f s\n"):format(text, run.status, (run.result.t or 0) / 1000))
  end
  local wrong = rules.broken(begun.animal, { run = run, began = begun.began, state = stage.state(peer, "modem"),
    stopped = begun.stopped, mistakes = stage.mistakes(peer), neighbour = stage.log(peer, nil, "other") })
  return wrong and ("%s\n%s\n%s\n"):format(text, wrong, peer.variant)
end

-- The seeds of a short run skip what takes long, unless they are given.
local function animals()
  local list, seed = {}, first
  while #list < draws do
    local animal = zoo.draw(seed)
    if not animal.is_long or is_long or os.getenv "ZOO_SEED" then list[#list + 1] = animal end
    seed = seed + 1
  end
  return list
end

describe("a modem of the zoo", function()
  after_each(support.finish)

  it(("ends right or as it began (%d draws from seed %d)"):format(draws, first), function()
    local red, begun = {}, {}
    for index, animal in ipairs(animals()) do
      begun[#begun + 1] = begin(animal)
      if #begun == AT_ONCE or index == draws then
        for _, each in ipairs(begun) do red[#red + 1] = finish(each) end
        support.finish()
        begun = {}
      end
    end
    assert.equal("", table.concat(red, "\n"))
  end)
end)

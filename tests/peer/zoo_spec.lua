-- Updates of modems that are drawn: ten in a normal run, ZOO_DRAWS in the long form, from ZOO_SEED or the clock. A
-- failure names the seed of the draw; `ZOO_SEED=4711 ZOO_DRAWS=1` repeats it.
local rules = require "tests.peer.rules"
local stage = require "tests.peer.stage"
local support = require "tests.support"
local sys = require "moonflash.core.sys"
local zoo = require "tests.peer.zoo"

local draws = tonumber(os.getenv "ZOO_DRAWS") or 10
local first = tonumber(os.getenv "ZOO_SEED") or os.time() % 1000000
local is_long = draws > 10

-- The modem answers at once, so deadlines are a fifth. Less is not possible: those of libqmi are whole seconds.
local SCALE = "0.2"

local function tell(animal, run, seconds)
  if not is_long then return end
  io.stderr:write(("%s: exit %d after %.1f s\n"):format(zoo.text(animal), run.status, seconds))
end

local function look(animal)
  local peer, since = stage.start(animal.modems), sys.clock_ms()
  local words = { "--timeout-scale", SCALE, "--place", animal.place, "update", unpack(zoo.images(animal)) }
  local began = stage.state(peer, "modem")
  local stopped = animal.signal and stage.stopped(peer, animal.signal, animal.lines, unpack(words))
  local run = stage.moonflash(peer, unpack(words))
  tell(animal, run, (sys.clock_ms() - since) / 1000)
  local wrong = rules.broken(animal, { run = run, began = began, state = stage.state(peer, "modem"), stopped = stopped,
    mistakes = stage.mistakes(peer), neighbour = stage.log(peer, nil, "other") })
  return wrong and ("%s\n%s\n%s\n"):format(zoo.text(animal), wrong, peer.variant)
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
    local red = {}
    for _, animal in ipairs(animals()) do
      red[#red + 1] = look(animal)
      support.finish()
    end
    assert.equal("", table.concat(red, "\n"))
  end)
end)

-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Draws a modem out of the many kinds that there are: from a seed, a variant for peer.py and what the program is run
-- with. The same seed draws the same modem.
--
--     local animal = zoo.draw(4711)
--     stage.start(animal.modems); zoo.images(animal); animal.place, animal.may_fail
--
-- A new difference between modems is one row below.
-- @module tests.peer.zoo

local cjson = require "cjson"
local stage = require "tests.peer.stage"

local zoo = {}

local NONE = cjson.null

-- --- numbers from a seed ----------------------------------------------------------------------------------

-- The random numbers of the C library differ between machines. The cube makes neighbouring seeds unlike each other.
local MULTIPLIER, MODULUS, SMALL = 16807, 2147483647, 1021

local function generator(seed)
  local state = seed % MODULUS
  local function next_below(count)
    state = (state * MULTIPLIER + (state % SMALL) ^ 3 + 1) % MODULUS
    return math.floor(state / MODULUS * count)
  end
  for _ = 1, 10 do next_below(2) end
  return next_below
end

local function merge(below, above)
  if type(below) ~= "table" or type(above) ~= "table" then return above end
  local made = {}
  for name, value in pairs(below) do made[name] = value end
  for name, value in pairs(above) do made[name] = merge(below[name], value) end
  return made
end

-- --- the differences --------------------------------------------------------------------------------------

local function messages(shape, ...)
  local made = {}
  for _, message in ipairs { ... } do made[message] = shape end
  return { messages = made }
end

local ASKED = { "0x0023", "0x5556", "0x0047", "0x0048", "0x0049", "0x002d", "0x002e" }

local function pair(firmware, carrier, config)
  return { firmware = firmware, carrier = carrier, config = config }
end

-- A choice: words (nothing is told of the usual one) and fields of the modem. models: only for these. neighbour: a
-- second modem of the same kind is there. may_fail: the update may be refused or fail, and the modem is then as it was.
-- is_long: it takes long.
local differences = {
  { {}, { words = "TLVs in reverse", fields = messages({ order = "reverse" }, unpack(ASKED)) },
    { words = "results last",
      fields = messages({ order = { "01", "10", "11", "12", "16", "17", "18" } }, unpack(ASKED)) } },
  { {}, { words = "no 0x5556", fields = messages({ error = 94 }, "0x5556") },
    { words = "0x5556 unknown", fields = messages({ error = 71 }, "0x5556") },
    { words = "0x5556 without settings", fields = messages({ omit = { "15", "16", "17", "18" } }, "0x5556") },
    { words = "0x5556 without revisions", fields = messages({ omit = { "11", "12" } }, "0x5556") } },
  { {}, {}, { words = "no 0x0049", fields = messages({ error = 94 }, "0x0049") },
    { words = "0x0049 without its list", fields = messages({ omit = { "01" } }, "0x0049") } },
  { {}, {}, { words = "0x002d without reasons", fields = messages({ omit = { "10", "11" } }, "0x002d") } },
  { {}, {}, { words = "0x0048 without its list", fields = { images = { lists = "absent" } } },
    { words = "0x0048 lists both images", fields = { images = { lists = "both" } } },
    { words = "0x0048 lists what is stored, too", fields = { images = { lists = "all" } } } },
  { {}, { words = "preference as it was given", fields = { images = { rewrites = false } } } },
  { {}, { words = "one slot, full", fields = { images = { slots = 2, places = 2 } } },
    { words = "an empty slot is listed", fields = { images = { empty_entry = true } } } },
  { {}, {}, { words = "exact letters", fields = { images = { exact = true } } } },
  { {}, { words = "no product text", fields = { product = NONE, loader_product = NONE } },
    { words = "a product text of no model", fields = { product = "Modem", loader_product = "QHSUSB__BULK" } },
    { words = "DW5811e", models = { MC7455 = true }, fields = { product = "DW5811e Snapdragon\226\132\162 X7 LTE",
      manufacturer = "Sierra Wireless, Incorporated", model_name = "EM7455",
      ids = { application = "413c:81b6", loader = "413c:81b5" } } },
    { words = "Lenovo", models = { MC7455 = true }, fields = { product = "Sierra Wireless EM7455 Qualcomm",
      ids = { application = "1199:9079", loader = "1199:9078" } } },
    { words = "MC7305", models = { MC7354 = true }, fields = { product = "MC7305",
      ids = { application = "1199:9041", loader = "1199:9040" } } },
    { words = "EM7355", models = { EM7305 = true }, fields = { product = "EM7355",
      ids = { application = "1199:901f", loader = "1199:901e" } } } },
  { {}, { words = "no manufacturer text", fields = { manufacturer = NONE } } },
  { {}, { words = "no serial number", fields = { serial = NONE } } },
  { {}, { words = "one control port", fields = { composition = "one" } },
    { words = "no AT port", fields = { composition = "no-at" } },
    { words = "QMI alone", fields = { composition = { 8, 10 } } },
    { words = "MBIM", fields = { composition = "mbim" } },
    { words = "MBIM alone", fields = { composition = "mbim-alone" } } },
  { {}, { words = "behind two hubs", fields = { places = { application = "1-1.2.4" } } },
    { words = "USB 3, the loader at its peer", fields = { places = { application = "2-3", loader = "1-6", speed = 5000,
      peers = { ["2-3"] = "1-6", ["1-6"] = "2-3" } } } } },
  { {}, {}, {}, { words = "slow", fields = { pace = { answer = 0.03, detach = 0.2, away = 0.3 },
    loader = { ack = 0.1, last_ack = 0.4 } } } },
  { {}, { words = "0x70 is acknowledged", fields = { loader = { switch = "ack" } } },
    { words = "0x70 is refused", fields = { loader = { switch = "error" } } } },
  { {}, {}, { words = "0x003e is refused", models = { MC7455 = true, MC7354 = true },
    fields = { firmware_id = false } } },
  { {}, {}, {}, {}, { words = "silent after it booted", fields = { pace = { boot = 0.3 } } } },
  { {}, {}, { words = "its ttys come late", fields = { pace = { ports = 0.3 } } } },
  { {}, { words = "indications", fields = { indications = true } } },
  { {}, {}, { words = "no answer to the reset", fields = messages({ lost = true }, "0x003e") } },
  { {}, {}, { words = "the loader answers byte by byte", fields = { loader = { split = true } } },
    { words = "the loader has texts", fields = { loader = { text = "not now, and with many words" } } } },
  { {}, {}, { words = "it starts in its loader", fields = { start = "loader" } },
    { words = "it starts in low power", fields = { power = 1 } } },
  { {}, { words = "blanks behind texts", fields = messages({ pad = "  " }, "0x0022", "0x0023", "0x5556") } },
  { {}, {}, { words = "AUTO-SIM", fields = { images = { preference = {
    { "modem", "?_?", "00.00.00.00_?" }, { "pri", "000.000_000", "00.00.00.00_AUTO-SIM" } } } } },
    { words = "nothing preferred",
      fields = { images = { preference = { { "modem", "", "" }, { "pri", "", "" } } } } } },
  { {}, {}, {}, { words = "0x0048 lists only with an override", fields = { images = { lists = "override" } } } },
  { {}, {}, { words = "other ids after an image", models = { MC7455 = true }, fields = { after_image = {
    ids = { application = "413c:81b6", loader = "413c:81b5" }, serial = NONE, composition = "one" } } },
    { words = "other ids after an image", models = { MC7354 = true }, fields = { after_image = {
      ids = { application = "1199:9041", loader = "1199:9040" } } } } },
  { {}, {}, {}, { words = "a second modem", neighbour = true } },
  { {}, {}, { words = "no echo", fields = { at = { echo = false } } } },
}

-- What an update does not get over, or gets over only later. The modem must not be worse afterwards.
local obstacles = {
  { words = "every open is refused with 2", may_fail = true,
    fields = { loader = { refuse_open = { 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2 } } } },
  { words = "the first open is refused with 6", may_fail = true, fields = { loader = { refuse_open = { 6 } } } },
  { words = "a loader of another family", may_fail = true, fields = { loader = { product = "9X50" } } },
  { words = "no restart leads into the loader", may_fail = true, is_long = true, fields = { never_loads = true } },
  { words = "the loader restarts once by itself", fields = { loader = { restarts = { after = 0.4, times = 1 },
    ack = 0.4 } }, may_fail = true },
  { words = "the loader swallows for 1 s", fields = { loader = { swallow = 1 } } },
  { words = "the loader is silent", may_fail = true, is_long = true,
    fields = { loader = { silent = true, window = 4 } } },
  { words = "offline is refused", may_fail = true, fields = messages({ error = 3 }, "0x002e") },
  { words = "the preference is refused", may_fail = true, fields = messages({ error = 48 }, "0x0048") },
}

local MESSAGES = { "0x0023", "0x5556", "0x0047", "0x0049", "0x002d", "0x0048", "0x002e", "0x003e" }
local INTERNAL, NOT_READY = 3, 52
local FAILED = 7 -- an error of QDL
local COMMANDS = { "switch", "hello", "open", "write", "done" }
-- after these the program waits as long as a flash may take
local writes_flash = { write = true, done = true }

-- What happens to the first message of a kind, once.
local function faults()
  local list = {}
  for _, message in ipairs(MESSAGES) do
    for _, shape in ipairs { { lost = true }, { error = NOT_READY }, { error = INTERNAL } } do
      local words = shape.lost and "is lost" or "is error " .. shape.error
      list[#list + 1] = { words = ("the first answer to %s %s"):format(message, words), may_fail = true,
        fields = messages(merge(shape, { answers = 1 }), message) }
    end
  end
  for _, command in ipairs(COMMANDS) do
    for _, fault in ipairs { { "silence" }, { "lost" }, { "error", FAILED } } do
      list[#list + 1] = { words = ("the loader's first answer to %s: %s"):format(command, fault[1]),
        is_long = writes_flash[command] and fault[1] ~= "error",
        fields = { faults = { ["qdl." .. command .. "#1"] = fault } } }
    end
  end
  return list
end

-- One draw of so many has an obstacle, and one a first run that is stopped after some lines of its output.
local ENCOUNTERS, MOST_LINES = 4, 16
local signals = { "INT", "TERM", "KILL" }

-- A newer EM7305 has images, the old one takes a package without any preference.
local models = {
  { "MC7455" }, { "MC7455" }, { "MC7354" }, { "EM7305" },
  { "EM7305", { words = "with images", fields = { running = pair("05.05.16.02", "Generic", "005.004_000"),
    messages = { ["0x5556"] = { error = NONE } }, images = { slots = 4, places = 50, exact = false, lists = "always",
      never_runs = {}, empty_entry = false, rewrites = true, keeps = true,
      stored = { pair("05.05.16.02", "Generic", "005.004_000") } } } } },
}

-- --- the draw ---------------------------------------------------------------------------------------------

local function apply(animal, choice)
  if not choice.words then return end
  animal.modem = merge(animal.modem, choice.fields or {})
  animal.has_neighbour = animal.has_neighbour or choice.neighbour or false
  animal.may_fail = animal.may_fail or choice.may_fail or false
  animal.is_long = animal.is_long or choice.is_long or false
  animal.words[#animal.words + 1] = choice.words
end

local function stop(animal, signal, lines)
  animal.signal, animal.lines = signal, lines
  animal.words[#animal.words + 1] = ("SIG%s after %d lines"):format(signal, lines)
end

local function fits(choice, model)
  return not choice.models or choice.models[model]
end

-- Fields of images for a modem that has none.
local function has_images(modem)
  return modem.model ~= "EM7305" or modem.running ~= nil
end

local function drop_images(modem)
  if not has_images(modem) then modem.images = nil end
end

local NEIGHBOUR = "1-7"

-- The second modem has other images and another serial number.
local function neighbour_of(modem)
  local other = merge(modem, { name = "other", serial = "LQ0000000002", start = "application" })
  other.places = { application = NEIGHBOUR, loader = NEIGHBOUR }
  return other
end

--- Draws a modem.
-- @tparam number seed
-- @treturn table seed, model, modems (for peer.py; the first one is updated), place, words (list), kinds of images,
-- may_fail, is_long, signal and lines of a run that is stopped
function zoo.draw(seed)
  local below = generator(seed)
  local function one_of(list) return list[below(#list) + 1] end
  local model = one_of(models)
  local animal = { seed = seed, model = model[1], modem = { model = model[1], name = "modem" }, words = {},
    may_fail = false }
  if model[2] then apply(animal, model[2]) end
  for _, choices in ipairs(differences) do
    local choice = one_of(choices)
    if fits(choice, animal.model) then apply(animal, choice) end
  end
  local obstacle = one_of(one_of { obstacles, faults() })
  local event, lines = below(ENCOUNTERS), below(MOST_LINES) + 1
  if event == 0 then apply(animal, obstacle) end
  if event == 1 then stop(animal, signals[below(#signals) + 1], lines) end
  drop_images(animal.modem)
  animal.modems = { animal.modem, animal.has_neighbour and neighbour_of(animal.modem) or nil }
  animal.place = (animal.modem.places or {}).application or "1-1"
  animal.kinds = (not has_images(animal.modem) or below(3) == 0) and { "package" } or { "firmware", "settings" }
  return animal
end

--- The images for a modem.
-- @treturn table paths
function zoo.images(animal)
  return stage.images(animal.model, {}, animal.kinds)
end

--- A modem in words.
-- @treturn string "seed 4711: MC7455, TLVs in reverse, no serial number"
function zoo.text(animal)
  return ("seed %d: %s, %s"):format(animal.seed, animal.model, table.concat(animal.words, ", "))
end

return zoo

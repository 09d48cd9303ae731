-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The cells of the fault matrix: models and their routes x the messages of a good run x faults.
-- @module tests.matrix.cells

local faults = require "tests.matrix.faults"
local flash = require "moonflash"
local messages = require "tests.matrix.messages"
local run = require "tests.matrix.run"
local stage = require "tests.sim.stage"
local sys = require "moonflash.core.sys"

local cells = {}

local SIZES = { size = 10000, settings_size = 5000 } -- three chunks and two

local CALM = 0.5

local files = {}

-- The images for a model, made once, until support.finish() takes them away.
local function files_for(model)
  local made = files[model]
  if not made or not sys.stat(made[1]) then files[model] = stage.images(model, SIZES) end
  return files[model]
end

-- The routes of a model's script, without those it has no port for.
local function routes_of(model)
  local names = {}
  for _, step in ipairs(assert(flash.script(model))) do
    for _, route in ipairs(step.routes or {}) do
      if model ~= "em7305" or route.name ~= "boothold" then names[#names + 1] = route.name end
    end
  end
  return names
end

--- Every model with every route of its script, or with one of them.
-- @tparam[opt] string only the name of a route
-- @treturn table list of { model=, route=, files=, new=, old= }; usb = true may be added, for a
-- modem in download mode that is a USB device of this machine and is reached without a serial driver
function cells.ways(only)
  local ways = {}
  for _, model in ipairs { "mc7455", "mc7354", "em7305", "em7565" } do
    for _, route in ipairs(routes_of(model)) do
      if not only or route == only then
        ways[#ways + 1] = { model = model, route = route, files = files_for(model),
          new = stage.new[model], old = stage.old[model] }
      end
    end
  end
  return ways
end

--- The messages of a good run by a way. It has time, so that none is sent twice.
-- @treturn table list of { name, number }
function cells.messages(way)
  local seen = run.update { model = way.model, route = way.route, files = way.files, faults = {},
    timeout_scale = CALM, usb = way.usb, new = way.new }
  assert(seen.result and seen.result.ok, "no good run: " .. seen.stderr)
  return messages.list(seen.log)
end

local function cell(way, message, row, texts)
  return {
    name = ("%s %s %s#%d %s"):format(way.model, way.route, message.name, message.number, row.name),
    task = "cell", again = message.number % 2 == 0 and "recover" or "update", message = message,
    row = row.name, mild = row.mild,
    model = way.model, route = way.route, files = way.files, new = way.new, old = way.old,
    faults = texts, usb = way.usb,
  }
end

--- The cells of a way.
-- @tparam table way
-- @tparam table messages_of_way from cells.messages
-- @tparam[opt] function wanted called with a message and a row: whether that cell is
-- @treturn table list
function cells.of(way, messages_of_way, wanted)
  local list = {}
  for _, message in ipairs(messages_of_way) do
    for _, row in ipairs(faults.rows) do
      local texts = faults.texts(row, message.name, message.number)
      if texts and (not wanted or wanted(message, row)) then
        list[#list + 1] = cell(way, message, row, texts)
      end
    end
  end
  return list
end

return cells

-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Every model by every route of its script, with both packagings: the update succeeds, and what went
-- over the wire is what the documents say, in their order (reference: procedures, 2).
local flash = require "moonflash"
local stage = require "tests.sim.stage"
local support = require "tests.support"

-- The commands that lead into download mode; each update sets the preference first.
local entering = {
  preference = { "offline", "reset" },
  ["firmware-id"] = { "003e" },
  boothold = { 'AT!ENTERCND="A710"', "AT!BOOTHOLD" },
  ["boot-download"] = { "0050 01", "offline", "reset" },
}
-- ... and what is put in order afterwards
local leaving = { ["boot-download"] = { "0050 00" } }

local function impref(model)
  local pair, name = stage.new[model], model == "mc7455" and "IMPREF" or "GOBIIMPREF"
  return { 'AT!ENTERCND="A710"', ('AT!%s="%s","%s","%s_%s"'):format(name, pair.firmware, pair.carrier,
    pair.carrier, pair.config), "AT!RESET" }
end

local image = { "hello", "open", "write", "done" }
local packagings = {
  ["cwe and nvu"] = { kinds = { "firmware", "settings" }, wire = { image, image } },
  ["spk"] = { kinds = { "package" }, wire = { image } },
}

local function joined(...)
  local list = {}
  for _, part in ipairs { ... } do
    for _, word in ipairs(part) do list[#list + 1] = word end
  end
  return list
end

local function expected(model, route, packaging)
  local way = route == "impref" and impref(model) or entering[route]
  return joined({ "0048" }, way, { "switch", "hello" }, packaging.wire[1], packaging.wire[2] or {},
    { "reset" }, leaving[route] or {})
end

local function routes_of(model)
  for _, step in ipairs(assert(flash.script(model))) do
    if step.routes then return step.routes end
  end
end

describe("an update of", function()
  after_each(support.finish)

  for _, model in ipairs { "mc7354", "mc7455", "em7305" } do
    for _, route in ipairs(routes_of(model)) do
      for name, packaging in pairs(packagings) do
        local has_port = model ~= "em7305" or route.name ~= "boothold" -- there it has no AT port
        if has_port then
          it(("%s by %s with %s"):format(model, route.name, name), function()
            local modem = stage.modem(model)
            local run = stage.moonflash(modem, "update", "--route", route.name,
              unpack(stage.images(model, nil, packaging.kinds)))
            assert.equal(0, run.status, run.stderr .. run.stdout)
            assert.same(stage.old[model], run.result.before)
            assert.same(stage.new[model], run.result.after)
            assert.same(expected(model, route.name, packaging), stage.commands(modem))
            assert.same({}, stage.log(modem, "violation"))
            assert.equal(0, stage.mode(modem).power)
          end)
        end
      end
    end
  end
end)

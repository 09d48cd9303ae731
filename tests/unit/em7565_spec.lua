-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- What the model EM7565 refuses, and what it advises; and which modems it is for.
local device = require "moonflash.device"
local fake = require "tests.fakes.sysfs"
local files = require "moonflash.engine.model_files"
local flash = require "moonflash"
local model = require "moonflash.engine.model"
local ports = require "moonflash.engine.job_ports"
local support = require "tests.support"

local em7565 = assert(files.script "em7565")

local function step_named(name)
  for _, step in ipairs(em7565) do
    if step.name == name then return step end
  end
end

local function image(kind, family)
  return { kind = kind, family = family or "SWI9X50C", file = kind .. ".file" }
end

-- Runs the check for images of a firmware on a modem that runs another one; nil: it is in download mode.
local function check(firmware, running, images)
  local warnings = {}
  local job = { set = { firmware = firmware, images = images or { image "firmware", image "settings" } },
    device = { mode = running and "application" or "download" },
    state = running and { running = { firmware = running } },
    warn = function(_, _, message) warnings[#warnings + 1] = message end }
  local good, problem = step_named "check versions".run(job)
  return good, problem, table.concat(warnings, "\n"), job
end

local function assert_refused(code, words, ...)
  local good, problem = check(...)
  assert.is_nil(good)
  assert.equal(code, problem.code)
  assert.matches(words, problem.message)
  assert.is_true(problem.final)
  return flash.failure.hint(problem)
end

describe("the model EM7565", function()
  it("says once that it is an experiment", function()
    local good, _, warnings, job = check("01.14.13.00", "01.14.02.00")
    assert.is_true(good)
    assert.matches("experimental: no real modem", warnings)
    job.warn = function() error "a second warning" end
    assert.is_true(step_named "check versions".run(job))
  end)

  it("refuses engineering firmware and firmware before 01.05.01.00, with the stepping stone", function()
    assert_refused("script.refused", "engineering firmware", "01.14.13.00", "00.06.02.00")
    assert.matches("01%.05%.01%.00", assert_refused("script.refused", "older than", "01.14.13.00", "01.02.01.00"))
    assert.is_true(check("01.14.13.00", "01.05.01.00"))
    assert_refused("script.refused", "not sent", "01.02.01.00", nil)
  end)

  it("does not go back behind 01.07, and warns of every way back from there", function()
    assert_refused("script.refused", "forbids to go back", "01.05.01.00", "01.07.02.00")
    local good, _, warnings = check("01.09.04.00", "01.14.13.00")
    assert.is_true(good)
    assert.matches("older than 01%.14%.13%.00", warnings)
    assert.is_true(check("01.05.01.00", "01.05.03.00"))
  end)

  it("needs both files, also in download mode", function()
    for _, images in ipairs { { image "firmware" }, { image "settings" }, { image "package" } } do
      assert_refused("image.incomplete_set", "two files", "01.14.13.00", nil, images)
    end
    assert.is_true(check("01.14.13.00", nil))
  end)

  it("refuses images that do not name the family", function()
    local other = { image "firmware", image("settings", "SWI9X30C") }
    assert_refused("image.wrong_model", "SWI9X50C", "01.14.13.00", nil, other)
    local nameless = image "firmware"
    nameless.family = nil
    assert_refused("image.wrong_model", "SWI9X50C", "01.14.13.00", nil, { nameless, image "settings" })
  end)

  it("takes the chip of its images by either name", function()
    for _, product in ipairs { "9X50", "9x55" } do
      assert.is_true(model.fits(em7565, { images = { { family = "SWI9X50C", product = product } } }))
    end
    assert.is_false(model.fits(em7565, { images = { { family = "SWI9X50C", product = "9X30" } } }))
  end)

  it("has a download protocol that is known", function()
    assert.equal("firehose", em7565.download)
    assert.has_error(function() flash.rename(em7565, { download = "sahara" }) end,
      'download must be "qdl" or "firehose"')
  end)
end)

describe("a modem with the ids of the EM7565", function()
  local tree
  before_each(function() tree = fake.new() end)
  after_each(function()
    tree:remove()
    support.finish()
  end)

  local models = files.all()

  local function plug(ids, product, interfaces)
    tree:plug { place = "1-1", vid = "1199", pid = ids, number = 2, product = product,
      interfaces = interfaces or { fake.serial(0, "ttyUSB0") } }
    local dev = device.list(tree.root, models)[1]
    tree:unplug "1-1"
    return dev
  end

  local function protocol(dev, options)
    return (ports.download_protocol { device = dev, models = models, options = options or {} })
  end

  it("is known by the product text of its loader", function()
    local dev = plug("9090", "Sierra Wireless EM7511 Qualcomm Snapdragon X16 LTE-A")
    assert.same({ "EM7565", "download", "firehose" }, { dev.model, dev.mode, protocol(dev) })
  end)

  it("is updated by its sister's model only when the user says so", function()
    local dev = plug("9090", "Sierra Wireless MC7421 Qualcomm Snapdragon X16 LTE-A")
    assert.is_nil(dev.model)
    assert.same({ "MC7421", nil }, { dev.other.name, dev.other.final })
    assert.matches("%-%-model mc7421", dev.other.reason)
    assert.is_true(model.answers_to(em7565, "mc7421"))
    assert.equal("firehose", protocol(dev))
  end)

  it("gets no QDL, whatever its name", function()
    assert.equal("firehose", protocol(plug("90c2", "Sierra Wireless WP7607")))
    assert.equal("qdl", protocol(plug("9070", "Sierra Wireless EM7455")))
    assert.equal("firehose", protocol(plug("ffff", "x"), { model = "EM7565" }))
    local job = { device = plug("9090", "Sierra Wireless EM7565"), models = models, options = { model = "mc7455" } }
    assert.same({ "firehose", true }, { ports.download_protocol(job) })
  end)

  it("has its ports where its composition has them", function()
    local function at_port(ids, number) return plug(ids, nil, { fake.serial(number, "ttyUSB1") }).nodes.at end
    assert.matches("ttyUSB1$", at_port("9091", 3))
    assert.matches("ttyUSB1$", at_port("90b1", 2))
    assert.is_nil(at_port("90b1", 3))
    assert.matches("ttyUSB1$", at_port("90c3", 0))
  end)
end)

-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The settings inside an image, as a report and `moonflash inspect` tell them.
local build = require "tests.images.build"
local cjson = require "cjson"
local image = require "moonflash.image"
local nvup = require "tests.images.nvup"
local packages = require "tests.images.packages"
local support = require "tests.support"
local vectors = require "tests.vectors.init"

local embedded = vectors.bytes "cwe-nvup-disableb5"

local usb = {
  nvup.variable("USB_VENDOR_ID", "\60\65"), nvup.variable("USB_APP_BOOT_PIDS", "\182\129\181\129"),
  nvup.variable("USB_COMP", "\1\0\0\0\13\16\0\0"), nvup.file("/nv/USB_PROD_NAME", "Snapdragon X7"),
  nvup.variable("USB_NEW_THING", "\1"),
}

describe("settings in an image", function()
  local folder

  before_each(function() folder = support.folder() end)
  after_each(support.finish)

  local function settings(options)
    return packages.write(packages.settings(options), folder)
  end

  it("are listed with their place", function()
    local report = image.inspect(settings())
    assert.equal(5, #report.contents)
    local first = report.contents[1]
    assert.same({ "variable", "CARRIERID", "\1\0", 4, 1610 },
      { first.kind, first.name, first.value, first.record, first.offset })
    assert.equal(0x0f0b, report.contents[3].item)
    assert.equal("/nv/item_files/modem/filler", report.contents[5].name)
    assert.same({}, report.changes_usb)
    assert.same({}, report.notes)
  end)

  it("are found in a package behind its firmware, in whatever pieces it is read", function()
    for size = 100000, 100010 do
      local report = image.inspect(packages.write(packages.package { size = size }, folder))
      assert.equal(5, #report.contents)
      assert.equal("CARRIERID", report.contents[1].name)
    end
  end)

  it("that change the USB side are pointed out with their values", function()
    local report = image.inspect(settings { more = usb })
    assert.same({
      "USB_VENDOR_ID (vendor id): 413c",
      "USB_APP_BOOT_PIDS (product ids): 81b6 in application mode, 81b5 in download mode",
      "USB_COMP (composition): interfaces 0000100d",
      "USB_PROD_NAME (product name): Snapdragon X7",
      "USB_NEW_THING: 01",
    }, report.changes_usb)
    assert.matches("other USB ids", report.notes[1])
  end)

  it("that are too short for what they should be are shown as they are", function()
    local report = image.inspect(settings { more = { nvup.variable("USB_VENDOR_ID", "\1"),
      nvup.variable("USB_APP_BOOT_PIDS", "\1\2"), nvup.variable("USB_COMP", "") } })
    assert.same({ "USB_VENDOR_ID (vendor id): 01", "USB_APP_BOOT_PIDS (product ids): 01 02",
      "USB_COMP (composition): " }, report.changes_usb)
  end)

  it("may be images themselves", function()
    local report = image.inspect(settings { more = { nvup.file("/a/b", embedded) } })
    local last = report.contents[6]
    assert.equal("NVUP", last.image.type)
    assert.equal("9999999_9901234_SWI9X30C_02.05.03.00_00_DisableB5_1_000", last.image.version)
    assert.equal(602, last.size)
  end)

  it("of an unknown format are no problem, but a note", function()
    local record = build.record({ type = "NVUP", product = "9X30" }, "\1\0\2\0\1\0\1\0\0\0rubbish!")
    local report = image.inspect(build.write(record, folder .. "/x.nvu"))
    assert.is_true(report.ok)
    assert.matches("settings from offset 418 on have a format", report.notes[1])
  end)

  it("are told by the program", function()
    local path = settings { more = usb }
    local told = support.run { support.program, "inspect", "-v", path }
    assert.equal(0, told.status, told.stderr)
    assert.matches("10 settings inside:", told.stdout)
    assert.matches("note: the modem may come back under other USB ids", told.stdout)
    assert.matches("not complete: the firmware", told.stdout)
    local json = support.run({ support.program, "--json", "inspect", path }).stdout
    local found = cjson.decode(json:match "[^\n]*").images[1]
    assert.equal("outer header", found.from.carrier)
    assert.equal(10, #found.settings)
    assert.equal("CARRIERID", found.settings[1].name)
    assert.equal(5, #found.changes_usb)
    assert.equal("9X30", found.records[1].product)
    assert.equal("settings", found.kind)
    local models = {}
    for _, name in ipairs(found.models) do models[name] = true end
    assert.is_true(models.MC7455)
  end)

  it("with nothing else are an update when they are an OEM's", function()
    local path = settings { sku = "1102662", device = "EM7455" }
    local told = support.run { support.program, "inspect", path }
    assert.equal(0, told.status)
    assert.matches("of an OEM %(1102662%)", told.stdout)
    assert.matches("together: 02.33.03.00 GENERIC 002.072_000", told.stdout)
  end)
end)

-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- What lua/README.md says under "Adding things": each thing is added in one place here, and used.
local files = require "moonflash.engine.model_files"
local flash = require "moonflash"
local models = require "moonflash.sim.models"
local qmi = require "moonflash.protocol.qmi"
local redact = require "moonflash.trace.redact"
local stage = require "tests.sim.stage"
local support = require "tests.support"
local sys = require "moonflash.core.sys"
local test_images = require "moonflash.sim.test_images"

local function write(path, text)
  assert(sys.make_folder(path:match "^(.*)/"))
  assert(sys.write_file(path, text))
end

describe("adding", function()
  after_each(support.finish)

  -- The row of a simulated model, as text: the simulator is another process.
  local row = [[{
    name = "MC7430", family = "SWI9X30C", place = "3-2", boot_place = "3-2", serial = "LQ70000000000000",
    application = { vid = "1199", pid = "9073", product = "Sierra Wireless MC7430",
      interfaces = { { number = 3, kind = "at" }, { number = 8, kind = "qmi" } } },
    download = { vid = "1199", pid = "9072", product = "MC7430", interfaces = { { number = 0, kind = "qdl" } } },
    identity = { manufacturer = "Sierra Wireless", build = "", imei = "359072060000000", imei_sv = "20",
      sku = "1103520", carrier_id = "202", package = "unknown" },
    store = { running = { firmware = "02.20.03.00", carrier = "GENERIC", config = "002.017_000" } },
    test_images = { firmware = "02.33.03.00", carrier = "GENERIC", config = "002.072_000" },
  }]]

  it("a model is one file, and one row of the simulator's table", function()
    local folder, folders = support.folder(), files.folders
    write(folder .. "/models/mc7430.lua", [[
      local flash = require "moonflash"
      return flash.model {
        name = "MC7430", family = "SWI9X30C", product = "9X30",
        usb = { application = { "1199:9073" }, download = { "1199:9072" } },
        flash.update_steps { enter_download = { routes = { flash.routes.preference } } },
      }]])
    local modem = support.start(support.lua(([[
      require("moonflash.sim.models").rows.mc7430 = %s
      require("moonflash.sim").run { model = "mc7430", dir = ..., time_scale = 0.005, faults = { "window=6000" },
        ready = function(dir) print(dir) io.stdout:flush() end }]]):format(row), folder .. "/root"))
    local root = modem:line()
    models.rows.mc7430 = assert(loadstring("return " .. row))()
    local images = assert(test_images.write("mc7430", folder, 50000))
    models.rows.mc7430 = nil
    files.folders = { folder }
    local updated = flash.update { files = images, root = root }
    files.folders = folders
    assert.is_true(updated.ok, tostring(updated.failure))
    assert.same({ firmware = "02.33.03.00", carrier = "GENERIC", config = "002.072_000" }, updated.after)
  end)

  it("a command is one row of the command line's table", function()
    local program = [[
      local results = require "moonflash.commands.result"
      table.insert(require "moonflash.cli.commands", {
        name = "greet", summary = "says hello", arguments = { { "NAME", "whom", field = "name" } },
        run = function(request, out)
          out:say("hello " .. request.name)
          return results.good()
        end,
      })
      os.exit(require("moonflash.cli").main(...))]]
    local ran = support.run(support.lua(program, "greet", "you"))
    assert.same({ 0, "hello you\n", "" }, { ran.status, ran.stdout, ran.stderr })
    assert.matches("greet +says hello", support.run(support.lua(program, "--help")).stdout)
    assert.equal(1, support.run(support.lua(program, "greet")).status)
    assert.matches('"ok":true,"exit":0', support.run(support.lua(program, "--json", "greet", "you")).stdout)
  end)

  it("a route is one entry that a model names", function()
    local mc7455 = assert(flash.script "mc7455")
    flash.routes.by_switch = { name = "by-switch", run = function(job)
      return job:request(flash.dms.set_firmware_id)
    end }
    local own = flash.change(mc7455, "enter download mode", { routes = { flash.routes.by_switch } })
    local modem = stage.mc7455()
    local updated = flash.update({ files = stage.images "mc7455", root = modem.root }, own)
    flash.routes.by_switch = nil
    assert.is_true(updated.ok, tostring(updated.failure))
    assert.same({ "0048", "003e" }, { unpack(stage.commands(modem), 1, 2) })
  end)

  it("a QMI message is one entry, and a service one file that is found by its name", function()
    local folder, path = support.folder(), package.path
    write(folder .. "/moonflash/protocol/qmi/nas.lua", [[
      return require("moonflash.protocol.qmi.message").define("nas", {
        get_signal_strength = { id = 0x0020, response = {
          signal = { 0x01, { record = { { "dbm", "i8" }, { "radio", "u8" } } } } } },
        get_home_network = { id = 0x0025, personal = true },
      })]])
    package.path = folder .. "/?.lua;" .. path
    local own = package.loaded["moonflash.protocol.qmi.nas"]
    package.loaded["moonflash.protocol.qmi.nas"] = nil
    local message = qmi.message("nas", "get-signal-strength")
    local modem = stage.mc7455()
    local session = assert(qmi.open(modem.root .. "/dev/cdc-wdm0"))
    assert.same({ signal = { dbm = -67, radio = 8 } }, assert(session:request(message)))
    session:close()
    assert.equal("cell 12", redact.tlv(3, 0x0020, 0x01, "cell 12"))
    assert.equal("cell 00", redact.tlv(3, 0x0025, 0x01, "cell 12"))
    assert.equal(("\0"):rep(7), redact.tlv(3, 0x0026, 0x01, "cell 12"))
    package.path, package.loaded["moonflash.protocol.qmi.nas"] = path, own
  end)

  it("a service's file that does not load is an error, not a service without messages", function()
    local folder, path = support.folder(), package.path
    write(folder .. "/moonflash/protocol/qmi/wds.lua", "return nothing at all")
    package.path = folder .. "/?.lua;" .. path
    assert.has_error(function() qmi.message("wds", 1) end)
    package.path = path
    assert.same({ service = 2, id = 0x7777 }, qmi.message("../dms", 1) or qmi.message("dms", 0x7777))
  end)
end)

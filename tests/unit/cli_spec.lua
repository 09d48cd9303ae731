-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- What the command line understands, and how every run ends.
local stage = require "tests.cli_stage"
local failure = require "moonflash.base.failure"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local function last(list)
  return list[#list]
end

describe("options", function()
  local meanings = {
    { { "-w", "/dev/cdc-wdm1" }, { cdc_wdm = "/dev/cdc-wdm1" } },
    { { "--cdc-wdm=/dev/cdc-wdm1" }, { cdc_wdm = "/dev/cdc-wdm1" } },
    { { "-t/dev/ttyUSB0" }, { tty = "/dev/ttyUSB0" } },
    { { "-d", "1199" }, { vid = "1199" } },
    { { "-d", "413C:81b6" }, { vid = "413c", pid = "81b6" } },
    { { "--vid-pid", "0x1199:0x71" }, { vid = "1199", pid = "0071" } },
    { { "-s", "5" }, { number = 5 } },
    { { "--busnum-devnum", "001:012" }, { bus = 1, number = 12 } },
    { { "--place", "1-1.4" }, { place = "1-1.4" } },
    { { "--serial", "LF1" }, { serial = "LF1" } },
  }
  for _, meaning in ipairs(meanings) do
    local words, selection = unpack(meaning)
    it("select a modem: " .. table.concat(words, " "), function()
      local before = { unpack(words) }
      before[#before + 1], before[#before + 2] = "update", "a.cwe"
      assert.same(selection, stage.run(before).request.selection)
      assert.same(selection, stage.run({ "update", "a.cwe", unpack(words) }).request.selection)
    end)
  end

  it("reach the engine under its names", function()
    local request = stage.run({ "--skip", "power", "update", "a", "--force", "--skip=holders", "b",
      "--storage-index", "2", "--carrier", "GENERIC", "--config-version", "1", "--firmware-version", "2",
      "--route", "boothold", "--chunk-size", "4096", "--timeout-scale", "2.5", "--model", "mc7455", "-p",
      "--mbim" }).request
    assert.same({ "a", "b" }, request.files)
    assert.equal("/", request.root)
    assert.same({ force = true, skip = { power = true, holders = true }, storage_index = 2,
      carrier = "GENERIC", config_version = "1", firmware_version = "2", route = "boothold",
      chunk_size = 4096, timeout_scale = 2.5, model = "mc7455", proxy = true, mbim = true }, request.options)
  end)

  it("leave open what is not said", function()
    assert.same({}, stage.run({ "update", "a" }).request.options)
    assert.is_false(stage.run({ "update", "a", "--qmi" }).request.options.mbim)
  end)

  it("take the root from the environment", function()
    local environment = { MOONFLASH_ROOT = "/tmp" }
    assert.equal("/tmp", stage.run({ "update", "a" }, { environment = environment }).request.root)
    local words = { "update", "a", "--root", "/usr" }
    assert.equal("/usr", stage.run(words, { environment = environment }).request.root)
  end)

  it("need no root from the environment where no modem is used", function()
    local said = stage.run({ "inspect", "/dev/null" }, { environment = { MOONFLASH_ROOT = "/nowhere" } })
    assert.is_nil(said.stderr:find("root", 1, true), said.stderr)
    assert.equal(4, said.status)
    said = stage.run({ "update", "a" }, { environment = { MOONFLASH_ROOT = "/nowhere" } })
    assert.matches("the root is not a folder", said.stderr)
  end)

  it("take a link to a folder for the root", function()
    local link = support.folder() .. "/link"
    assert(sys.symlink("/usr", link))
    assert.equal(link, stage.run({ "update", "a", "--root", link }).request.root)
    support.finish()
  end)

  it("leave everything behind SCRIPT to the script", function()
    local lines = {
      { { "run", "mine.lua", "-v", "--json", "--", "--help", "x" }, { "-v", "--json", "--", "--help", "x" } },
      { { "-L", "/dev/null", "run", "--place=1-1", "-vL", "/dev/null", "mine.lua", "-w" }, { "-w" } },
      { { "run", "--", "mine.lua", "-v" }, { "-v" } },
      { { "run", "mine.lua" }, {} },
    }
    for _, line in ipairs(lines) do
      local said = stage.run(line[1])
      assert.equal("run_script", said.call)
      assert.equal("mine.lua", said.request.path)
      assert.same(line[2], said.request.arguments)
    end
  end)
end)

describe("a wrong command line", function()
  local lines = {
    {}, { "updat" }, { "update" }, { "devices", "x" }, { "run" }, { "--bogus", "devices" },
    { "devices", "-d", "11993" }, { "devices", "-d", "1199:" }, { "devices", "-d", ":9071" },
    { "devices", "-d", "x" }, { "devices", "-s", "0" }, { "devices", "-s", "1:" },
    { "devices", "-s", "1:2:3" }, { "devices", "-s", "256" },
    { "devices", "--place", "1" }, { "devices", "--serial", "" },
    { "devices", "--root", "/nonexistent" }, { "devices", "--root" },
    { "update", "a", "--storage-index", "0" }, { "update", "a", "--chunk-size", "1k" },
    { "update", "a", "--chunk-size", "67108865" },
    { "update", "a", "--timeout-scale", "0" }, { "update", "a", "--timeout-scale", "1001" },
    { "update", "a", "--timeout-scale", "-1" },
    { "update", "a", "--route", "magic" }, { "update", "a", "--qmi", "--mbim" }, { "devices", "-q", "-v" },
    { "devices", "--log", "/nonexistent/log" },
    { "qmi", "dms" }, { "simulate" }, { "simulate", "mc7455", "--time-scale", "x" },
  }
  for _, words in ipairs(lines) do
    it(("gets one message and status 1: %s"):format(table.concat(words, " ")), function()
      local said = stage.run(words)
      assert.equal(1, said.status)
      assert.equal("", said.stdout)
      assert.matches("^error: [^\n]+\n", said.stderr)
      assert.matches("\n  to do: [^\n]+\n$", said.stderr)
      assert.is_nil(said.call)
    end)

    it(("ends with a result: --json %s"):format(table.concat(words, " ")), function()
      local said = stage.run({ "--json", unpack(words) })
      assert.equal(1, #said.objects)
      local result = said.objects[1]
      assert.same({ "result", false, 1, "usage" },
        { result.event, result.ok, result.exit, result.failure.code })
    end)
  end

  local messages = {
    { "there is no command updat\n  to do: did you mean update%?", "updat", "a" },
    { "there is no command udpate\n  to do: did you mean update%?", "udpate", "a" },
    { "there is no command stauts\n  to do: did you mean status%?", "stauts" },
    { "there is no command flash\n  to do: the commands are devices, status, inspect", "flash", "a" },
    { "there is no command x\n  to do: the commands are devices, status, inspect", "x" },
    { "there is no command help\n  to do: .*; see `moonflash %-%-help`", "help" },
    { "a command is missing\n  to do: the commands are devices, status, inspect" },
    { "there is no option %-%-jsn\n  to do: did you mean %-%-json%?", "devices", "--jsn" },
    { "there is no option %-%-froce\n  to do: did you mean %-%-force%?", "update", "--froce", "a" },
    { "there is no option %-%-bogus\n  to do: see `moonflash update %-%-help`", "update", "--bogus", "a" },
    { "there is no option %-u\n  to do: the command is a word: moonflash update FILE", "-d", "1199", "-u", "x.cwe" },
    { "there is no option %-U\n  to do: the command is a word: moonflash recover FILE", "-U", "-s", "1:8", "x.nvu" },
    { "there is no option %-%-update\n  to do: the command is a word: moonflash update", "--update", "x.cwe" },
    { "there is no option %-z\n  to do: the command is a word: moonflash inspect FILE", "-vz", "x.cwe" },
    { "there is no option %-%-timeout\n  to do: did you mean %-%-timeout%-scale%?", "update", "a", "--timeout", "2" },
    { "%-%-storage%-index: '%-1' is not a whole number from 1 to 255", "update", "a", "--storage-index", "-1" },
    { "%-%-timeout%-scale: '0' is not a number above 0, at most 1000", "update", "a", "--timeout-scale=0" },
    { "%-%-serial: the value is empty\n  to do: give a value: %-%-serial SERIAL", "devices", "--serial", "" },
    { "%-d: 'ash.cwe' is not VID or VID:PID .-\n  to do: a file whose name begins with %-", "plan", "-dash.cwe" },
    { "%-%-skip: 'nosuch' is not one of autosuspend, driver, holders, ", "update", "a", "--skip", "nosuch" },
    { "%-%-route: 'magic' is not one of boot%-download, boothold, ", "update", "a", "--route", "magic" },
    { "%-%-log needs a value: %-%-log FILE", "devices", "--log", "--json" },
    { "%-%-force takes no value", "update", "a", "--force=yes" },
    { "%-%-qmi and %-%-mbim cannot be given together", "update", "a", "--qmi", "--mbim" },
    { "update has no option %-%-dir\n  to do: it is an option of simulate", "update", "a", "--dir", "/tmp" },
    { "update needs FILE: firmware and settings", "update" },
    { "devices takes no argument 'x'", "devices", "x" },
    { "there is no message %-1 of the service dms\n  to do: .- get_revision", "qmi", "dms", "-1" },
    { "there is no QMI service nothing", "qmi", "nothing", "1" },
    { "inspect uses no modem: %-%-trace has nothing to write", "inspect", "a", "--trace", "/tmp/x" },
  }
  for _, message in ipairs(messages) do
    local pattern, words = message[1], { unpack(message, 2) }
    it("says what is wrong: " .. table.concat(words, " "), function()
      assert.matches("error: " .. pattern, stage.run(words).stderr)
    end)
  end
end)

describe("help and version", function()
  for _, words in ipairs { { "--help" }, { "-h" }, { "update", "--help" }, { "--version" } } do
    it("are told with status 0: " .. table.concat(words, " "), function()
      local said = stage.run(words)
      assert.equal(0, said.status)
      assert.equal("", said.stderr)
      assert.matches("moonflash", said.stdout)
    end)
  end

  it("name every command and option", function()
    local help = stage.run({ "--help" }).stdout
    local words = { "devices", "inspect", "plan", "update", "run", "qmi", "simulate", "--cdc-wdm", "-L" }
    for _, word in ipairs(words) do
      assert.is_truthy(help:find(word, 1, true), word)
    end
  end)
end)

describe("the commands", function()
  it("that talk to a modem can be traced and replayed", function()
    local replayed, traced = require("moonflash.sim.replay.command").arguments, {}
    for _, command in ipairs(require "moonflash.cli.commands") do
      traced[command.name] = command.traced and replayed[command.name]
    end
    assert.same(replayed, traced)
  end)

  it("show their arguments in their help", function()
    for _, command in ipairs(require "moonflash.cli.commands") do
      local help = stage.run({ command.name, "--help" }).stdout
      for _, argument in ipairs(command.arguments) do assert.truthy(help:find(argument[1], 1, true)) end
    end
  end)
end)

describe("the end of a run", function()
  for status = 0, 10 do
    it("has the engine's status " .. status, function()
      local problem = status ~= 0 and failure.new("qdl.stalled", "the modem stopped answering") or nil
      local said = stage.run({ "update", "a", "--json" },
        { result = { ok = status == 0, exit = status, failure = problem } })
      assert.equal(status, said.status)
      assert.equal(status, last(said.objects).exit)
    end)
  end

  it("is one sentence and status 10 for an error in moonflash itself", function()
    local path = os.tmpname()
    local said = stage.run({ "update", "a", "--json", "--log", path }, { raise = "attempt to index nothing" })
    local log = assert(io.open(path)):read "*a"
    os.remove(path)
    assert.equal(10, said.status)
    assert.equal("internal", last(said.objects).failure.code)
    assert.is_nil(said.stderr:find("traceback", 1, true))
    assert.matches("^error: internal error: [^\n]+\n  to do: [^\n]+%-%-log[^\n]+\n$", said.stderr)
    assert.is_truthy(log:find("stack traceback", 1, true))
  end)

  it("says what happened, what was seen and what to do", function()
    local problem = failure.new("device.not_seen", "the modem did not come back",
      { step = "wait", evidence = "nothing for 240 s", hint = "replug it" })
    local said = stage.run({ "update", "a" }, { result = { ok = false, exit = 8, failure = problem } })
    assert.equal("error: wait: the modem did not come back\n  seen: nothing for 240 s\n  to do: replug it\n",
      said.stderr)
  end)
end)

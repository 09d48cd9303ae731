-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- What each command asks of the engine and shows of the answer.
local cjson = require "cjson"
local failure = require "moonflash.base.failure"
local stage = require "tests.cli_stage"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local function with(fields, original)
  local copy = {}
  for name, value in pairs(original) do copy[name] = value end
  for name, value in pairs(fields) do copy[name] = value end
  return copy
end

describe("devices", function()
  it("is content without any", function()
    local said = stage.run { "devices" }
    assert.equal(0, said.status)
    assert.matches("no modem", said.stdout)
    assert.matches('^{"v":1,"devices":%[%]}\n{"v":1,"t":0,"event":"result","ok":true', stage.run({ "devices",
      "--json" }).stdout)
  end)

  it("says which script does not load", function()
    local function models(emit)
      emit { event = "warning", code = "script.invalid", message = "mine.lua:1: no; it is left out" }
      return {}
    end
    local devices = { list = function() return {} end }
    local said = stage.run({ "devices" }, { modules = {
      moonflash = false, ["moonflash.device"] = devices, ["moonflash.engine.model_files"] = { all = models },
      ["moonflash.commands.devices"] = false } })
    assert.equal(0, said.status)
    assert.matches("mine%.lua:1: no; it is left out", said.stderr)
  end)

  it("shows place, model, ids, mode and ports", function()
    local said = stage.run({ "devices" }, { devices = { stage.modem } })
    assert.matches("1%-1 +MC7455 +1199:9071 +application +LF0001 +qmi /dev/cdc%-wdm0\n +at /dev/ttyUSB2\n",
      said.stdout)
  end)

  it("says which driver is missing", function()
    local missing = { kind = "driver", interface = 2, module = "qcserial", package = "kmod-usb" }
    local modem = with({ missing = { missing }, serial = false, model = false }, stage.modem)
    local said = stage.run({ "devices" }, { devices = { modem } })
    assert.matches("1%-1: interface 2 has no driver: load qcserial %(OpenWrt: install kmod%-usb%)",
      said.stdout)
  end)

  it("has the documented JSON, and behind it all else that /sys tells", function()
    local interface = { number = 3, class = "ff", driver = "qcserial", tty = "/dev/ttyUSB2" }
    local modem = with({ bus = 1, number = 7, hub_depth = 0, interfaces = { interface }, transport = "tty" },
      stage.modem)
    local said = stage.run({ "devices", "--json" }, { devices = { modem } })
    assert.equal('{"v":1,"devices":[{"place":"1-1","peer":"2-1","model":"MC7455","vid":"1199","pid":"9071",'
      .. '"serial":"LF0001","mode":"application","speed":480,"nodes":{"qmi":["/dev/cdc-wdm0"],"mbim":[],'
      .. '"at":"/dev/ttyUSB2","diag":"/dev/ttyUSB0","qdl":null},'
      .. '"missing":[],"bus":1,"number":7,"hub_depth":0,"manufacturer":null,"product":null,'
      .. '"interfaces":[{"number":3,"class":"ff","driver":"qcserial",'
      .. '"tty":"/dev/ttyUSB2","control":null,"net":null}],"transport":"tty"}]}', said.stdout:match "[^\n]*")
  end)
end)

describe("inspect", function()
  local problem = { code = "image.corrupt", message = "the image CRC is wrong", offset = 400,
    evidence = "1 is not 2" }
  local bad = with({ file = "b.cwe", ok = false, problems = { problem }, failure = failure.new("image.corrupt",
    "b.cwe: the image CRC is wrong", { evidence = "1 is not 2" }) }, stage.report)

  local known = { reports = { ["a.cwe"] = stage.report } }

  it("shows the tree of records", function()
    local said = stage.run({ "inspect", "a.cwe" }, known)
    assert.equal(0, said.status)
    assert.matches("a%.cwe: good\n  64%.0 MB, SWI9X30C, 9X30\n  firmware 02%.33%.03%.00\n"
      .. "  SPKG +0 +64%.0 MB +header ok +image ok +x\n"
      .. "    BOOT +400 +17 bytes +header ok +image unchecked\n", said.stdout)
  end)

  it("ends with 4 for a damaged image and still shows it", function()
    local said = stage.run({ "inspect", "b.cwe", "--json" }, { reports = { ["b.cwe"] = bad } })
    assert.equal(4, said.status)
    assert.equal(400, said.objects[1].images[1].problems[1].offset)
    assert.equal("image.corrupt", said.objects[2].failure.code)
    assert.matches("PROBLEM: the image CRC is wrong: 1 is not 2 %(at offset 400%)", said.stderr)
    assert.matches("error: b.cwe: the image CRC is wrong\n  seen: 1 is not 2\n", said.stderr)
  end)

  it("ends with 4 for a missing file and still looks at the others", function()
    local said = stage.run({ "inspect", "gone", "a.cwe", "--json" }, known)
    assert.equal(4, said.status)
    assert.equal(2, #said.objects[1].images)
    assert.is_false(said.objects[1].images[1].ok)
    assert.equal("source.not_found", said.objects[2].failure.code)
  end)

  it("ends with 4 when the images do not fit together", function()
    local set = { ok = false, problems = { failure.new("image.mismatch", "two firmwares") } }
    local said = stage.run({ "inspect", "a.cwe", "--json" }, { reports = known.reports, set = set })
    assert.equal(4, said.status)
    assert.is_false(said.objects[1].set.ok)
    assert.equal("two firmwares", said.objects[1].set.problems[1].message)
  end)
end)

describe("inspect of a part of a set", function()
  it("is well when that part is", function()
    local problem = { code = "image.incomplete_set", message = "the .nvu is missing" }
    local set = { ok = false, problems = { problem } }
    local said = stage.run({ "inspect", "a.cwe" }, { reports = { ["a.cwe"] = stage.report }, set = set })
    assert.equal(0, said.status)
    assert.matches("not complete: the %.nvu is missing", said.stdout)
  end)
end)

describe("plan", function()
  local result = { ok = true, exit = 0, device = stage.modem, set = { ok = true, firmware = "02.33.03.00" },
    steps = { { step = "read versions", changes = false, seconds = 10 },
      { step = "send images", changes = true, seconds = 300 } } }

  it("shows the modem, the images and the steps", function()
    local said = stage.run({ "plan", "a" }, { result = result })
    assert.equal("plan", said.call)
    assert.matches("MC7455 at 1%-1.*02%.33%.03%.00.*read versions +about 10 s\n"
      .. "  send images +changes the modem +about 5 min", said.stdout)
  end)

  it("says of versions that the modem does not report that they are unknown", function()
    local unknown = with({ before = {}, set = { ok = true } }, result)
    local said = stage.run({ "plan", "a" }, { result = unknown })
    assert.equal(0, said.status)
    assert.matches("runs:   unknown\nimages: without versions\n", said.stdout)
    assert.is_nil(stage.run({ "plan", "a" }, { result = { ok = false, exit = 5 } }).stdout:find "runs:")
  end)

  it("has the device, the set and the steps in JSON", function()
    local plan = stage.run({ "plan", "a", "--json" }, { result = result }).objects[1]
    assert.equal("1-1", plan.device.place)
    assert.equal("02.33.03.00", plan.set.firmware)
    assert.same({ step = "send images", changes = true, seconds = 300, message = cjson.null }, plan.steps[2])
  end)
end)

describe("status", function()
  it("says of versions that the modem does not report that they are unknown", function()
    local stored = { { type = "pri", unique_id = "?_?", build_id = "02.33.03.00_GENERIC", failures = 0 } }
    local status = { device = with({ model = false }, stage.modem), running = {}, preferred = {}, stored = stored,
      power = { causes = {} }, advice = { "wait" }, checks = { { name = "power", state = "bad", message = "low_power",
        fix = "wait" }, { name = "usb", state = "ok", message = "480 Mbit/s" } } }
    local said = stage.run({ "status" }, { result = { ok = true, exit = 0, before = {}, status = status } })
    assert.equal(0, said.status)
    assert.equal("modem:     unknown at 1-1, application mode\nruns:      unknown\nprefers:   unknown\nstored:\n"
      .. "  pri    02.33.03.00_GENERIC  ?_?\nchecks:\n  bad  power  low_power\n"
      .. "              to do: wait\n  ok   usb    480 Mbit/s\n", said.stdout)
    said = stage.run({ "status", "--json" }, { result = { ok = true, exit = 0, status = status } })
    assert.matches('"running":{"firmware":null,"carrier":null,"config":null}', said.stdout)
  end)
end)

describe("qmi", function()
  local asked

  -- A modem that answers with these TLVs, or refuses.
  local function answering(tlvs, problem)
    local session = { raw = function(_, service, id, sent)
      asked = { service = service, id = id, sent = sent }
      return tlvs, problem
    end }
    local job = { qmi = function() return session end, ms = function(_, seconds) return seconds * 1000 end,
      finalize = function() asked.closed = true end }
    return { devices = { stage.modem }, job = job }
  end

  it("prints the fields of a message it knows", function()
    local modem = answering { [2] = "\0\0\0\0", [1] = "SWI9X30C" }
    local said = stage.run({ "qmi", "dms", "get-revision" }, modem)
    assert.same({ service = 2, id = 0x23, sent = {}, closed = true }, asked)
    assert.equal("revision: SWI9X30C\n", said.stdout)
  end)

  it("sends and prints any TLVs in hex", function()
    assert.equal(1, stage.run({ "qmi", "0xe7", "0x1234", "0x01", "c" }, answering {}).status)
    assert.equal(1, stage.run({ "qmi", "0xe7", "0x1234", "0c" }, answering {}).status)
    local tlvs = { "0x01", "0a0B", "0c", "0x10", "01", "0xff", "00" }
    local said = stage.run({ "qmi", "0xe7", "0x1234", "--json", unpack(tlvs) },
      answering { [2] = "\0\0\0\0", [1] = "\1\254" })
    local sent = { { 1, "\10\11\12" }, { 16, "\1" }, { 255, "\0" } }
    assert.same({ service = 0xe7, id = 0x1234, sent = sent, closed = true }, asked)
    assert.same({ ["0x01"] = "01 fe" }, said.objects[1].tlvs)
  end)

  it("writes lists as lists", function()
    local said = stage.run({ "qmi", "dms", "0x0047", "--json" }, answering { [2] = "\0\0\0\0", [1] = "\0" })
    assert.matches('"fields":{"images":%[%]}', said.stdout)
  end)

  it("ends with 3 when the modem refuses, and closes", function()
    local refusal = failure.new("qmi.refused", "dms reset: the modem refuses", { evidence = "NoEffect (26)" })
    local said = stage.run({ "qmi", "dms", "0x003e" }, answering(nil, refusal))
    assert.equal(3, said.status)
    assert.is_true(asked.closed)
    assert.matches("seen: NoEffect", said.stderr)
    assert.equal(3, stage.run({ "qmi", "dms", "0x003e" }, answering(nil, failure.new("device.none", "none"))).status)
    local interrupted = failure.new("qmi.interrupted", "stopped")
    assert.equal(9, stage.run({ "qmi", "dms", "0x003e" }, answering(nil, interrupted)).status)
  end)

  it("ends with 5 without a modem, and with 1 for an unknown message", function()
    assert.equal(5, stage.run({ "qmi", "dms", "0x23" }).status)
    assert.equal(1, stage.run({ "qmi", "nothing", "0x23" }).status)
    assert.equal(1, stage.run({ "qmi", "dms", "nothing" }).status)
    local empty = stage.run({ "qmi", "dms", "0x23", "0x10", "0x11", "02" }, answering { [2] = "\0\0\0\0" })
    assert.equal(1, empty.status)
    assert.truthy(empty.stderr:find("TLV 0x10, which has no bytes", 1, true), empty.stderr)
  end)
end)

describe("simulate", function()
  local given

  local function simulator(problem)
    return { modules = { ["moonflash.sim"] = { run = function(options)
      given = options
      options.ready(options.dir)
      return nil, problem
    end } } }
  end

  it("prints the root first, hands on its options and ends well when interrupted", function()
    local said = stage.run({ "simulate", "MC7455", "--dir", "/tmp/x", "--time-scale", "0.5", "--fault", "a",
      "--fault", "b" }, simulator(failure.new("sys.interrupted", "interrupted")))
    assert.equal("/tmp/x\n", said.stdout)
    assert.equal(0, said.status)
    assert.same({ { model = "mc7455", faults = { "a", "b" } } }, given.modems)
    assert.same({ "/tmp/x", 0.5 }, { given.dir, given.time_scale })
  end)

  it("takes several models, and faults of one of them", function()
    stage.run({ "simulate", "MC7455", "em7305", "--fault", "a", "--fault", "2:b=1", "--fault", "1:c" },
      simulator(failure.new("sys.interrupted", "interrupted")))
    assert.same({ { model = "mc7455", faults = { "a", "c" } },
      { model = "em7305", faults = { "a", "b=1" } } }, given.modems)
  end)

  it("writes images for its modems first", function()
    local folder = support.folder() .. "/images"
    local interrupted = simulator(failure.new("sys.interrupted", "interrupted"))
    local said = stage.run({ "simulate", "MC7455", "em7305", "--dir", "/x", "--images", folder }, interrupted)
    assert.equal("/x\n", said.stdout)
    assert.same({ "SWI9X15C_05.05.58.00.cwe", "SWI9X15C_05.05.58.00_GENERIC_005.025_002.nvu",
      "SWI9X30C_02.33.03.00.cwe", "SWI9X30C_02.33.03.00_GENERIC_002.072_000.nvu" }, sys.list(folder))
    assert.equal(1, stage.run({ "simulate", "mc1", "--images", folder }, interrupted).status)
    assert.equal(3, stage.run({ "simulate", "mc7455", "--images", "/proc/none" }, interrupted).status)
  end)

  it("removes its temporary folder", function()
    stage.run({ "simulate", "mc7455" }, simulator(failure.new("sys.interrupted", "interrupted")))
    assert.is_nil(sys.stat(given.dir))
  end)
end)

describe("the program", function()
  after_each(support.finish)

  it("gives the status and the version", function()
    local ran = support.run { support.program, "--version" }
    assert.same({ 0, "" }, { ran.status, ran.stderr })
    assert.matches("^moonflash %d+%.%d+%.%d+\n$", ran.stdout)
    assert.equal(1, support.run({ support.program }).status)
  end)

  it("says that it sees no USB device where there is no /sys", function()
    local root = support.folder()
    local ran = support.run { support.program, "--root", root, "devices" }
    assert.same({ 0, ("no modem seen: %s/sys is missing or not mounted\n"):format(root) }, { ran.status, ran.stdout })
    ran = support.run { support.program, "--root", root, "status" }
    assert.equal(5, ran.status)
    assert.truthy(ran.stderr:find("error: there is no modem\n  seen: " .. root .. "/sys is missing or not mounted\n"
      .. "  to do: mount /sys", 1, true), ran.stderr)
    assert(sys.make_folder(root .. "/sys") and sys.make_folder(root .. "/sys/bus"))
    ran = support.run { support.program, "--root", root, "devices" }
    assert.truthy(ran.stdout:find("/sys/bus/usb is missing: this system has no USB\n", 1, true), ran.stdout)
  end)

  it("lists the QMI services that it knows by name", function()
    local ran = support.run { support.program, "qmi", "nothing", "1" }
    assert.matches("to do: give its number, like 2 or 0x02, or one of: .*dms, .*nas, ", ran.stderr)
  end)

  it("works with closed streams", function()
    local command = 'exec "$0" --json devices --root "$1" '
    for _, closed in ipairs { ">&-", "2>&-", ">&- 2>&- <&-", "| head -c 0" } do
      local ran = support.run { "sh", "-c", command .. closed, support.program, support.folder() }
      assert.equal(0, ran.status)
    end
  end)

  it("ends with 10 when its output is lost", function()
    local command = 'exec "$0" --json devices --root "$1" >/dev/full'
    local ran = support.run { "sh", "-c", command, support.program, support.folder() }
    assert.equal(10, ran.status)
    assert.matches("error: standard output cannot be written\n  seen: .*No space left.-\n  to do: free space",
      ran.stderr)
  end)

  it("warns once when the log is full, goes on, and ends with 10", function()
    local ran = support.run { support.program, "--log", "/dev/full", "devices", "--root", support.folder() }
    assert.equal(10, ran.status)
    assert.equal(1, select(2, ran.stderr:gsub("warning: the log ends here: No space left", "")))
    assert.matches("\nerror: the log is not complete\n  seen: .*\n  to do: choose another file for %-%-log", ran.stderr)
    assert.matches("no modem seen", ran.stdout)
  end)

  it("is not hindered by signals that its parent blocked or ignored", function()
    for _, setting in ipairs { "--block-signal=TERM,INT,CHLD", "--ignore-signal=TERM,CHLD" } do
      local modem = support.start { "env", setting, support.program, "simulate", "mc7455" }
      assert.truthy(modem:line())
      modem:kill "TERM"
      assert.equal(0, modem:wait())
    end
  end)

  it("makes no file that everybody may write, whatever the umask of its parent", function()
    local trace, root = support.folder() .. "/trace", support.folder()
    local command = 'umask 0; exec "$0" --trace "$1" --root "$2" status'
    local ran = support.run { "sh", "-c", command, support.program, trace, root }
    assert.equal(5, ran.status, ran.stderr)
    assert.equal(tonumber("664", 8), sys.stat(trace).mode)
  end)
end)

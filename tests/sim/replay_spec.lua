-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Sessions recorded on the simulated modem and replayed without it: the same outcome, and a difference
-- told when program or trace are not what they were.
local bytes = require "moonflash.core.bytes"
local flash = require "moonflash"
local hdlc = require "moonflash.core.hdlc"
local models = require "moonflash.sim.models"
local sessions = require "tests.traces.sessions"
local stage = require "tests.sim.stage"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local DEADLINE_MS = 60000

local function images()
  return sessions.images(support.folder())
end

-- Records one command on a modem: the path of the trace, and how it ended.
local function record(modem, ...)
  local path = support.folder() .. "/recorded.trace"
  local run = support.run({ support.program, "--root", modem.root, "--trace", path, ... },
    { deadline_ms = DEADLINE_MS })
  return path, run
end

-- Replays a trace in a temporary folder of its own, in which nothing is left.
local function replay(path, ...)
  local folder = support.folder()
  local run = support.run({ support.program, "replay", path, ... },
    { deadline_ms = DEADLINE_MS, environment = { TMPDIR = folder } })
  assert.same({}, sys.list(folder))
  return run
end

local function await(holds)
  local deadline = sys.clock_ms() + DEADLINE_MS
  while not holds() and sys.clock_ms() < deadline do sys.sleep_ms(10) end
end

local function same(path, ...)
  local run = replay(path, ...)
  assert.equal(0, run.status, run.stderr)
  assert.truthy(run.stdout:find("the same outcome", 1, true))
end

local function differs(path, ...)
  local run = replay(path, ...)
  assert.equal(3, run.status, run.stdout .. run.stderr)
  assert.truthy(run.stderr:find("expected: .*; got: "))
  return run.stderr
end

local function tampered(path, from, to)
  local text, count = assert(sys.read_file(path)):gsub(from, to, 1)
  assert.equal(1, count, from)
  assert(sys.write_file(path, text))
  return path
end

describe("the traces that come with the tests", function()
  after_each(support.finish)

  for _, session in ipairs(sessions.list) do
    it("have the same outcome: " .. session.name, function()
      same("tests/traces/" .. session.name .. ".trace", unpack(images()))
    end)
  end

  for _, name in ipairs(sessions.kernel) do
    it("have the same outcome behind the kernel's drivers: " .. name, function()
      same("tests/traces/" .. name .. ".trace", unpack(images()))
    end)
  end
end)

describe("a recorded session", function()
  after_each(support.finish)

  local function repeats(faults, ...)
    local path, run = record(stage.mc7455(unpack(faults)), ...)
    local files = {}
    for _, word in ipairs { ... } do
      if word:find "^/" then files[#files + 1] = word end
    end
    same(path, unpack(files))
    return run
  end

  it("is an update that goes through", function()
    local files = images()
    assert.equal(0, repeats({}, "update", files[1], files[2]).status)
  end)

  it("is an update over MBIM", function()
    assert.equal(0, repeats({ "composition=9" }, "status").status)
  end)

  it("is one in which the modem vanishes in the middle of an image", function()
    local files = images()
    repeats({ "vanish-chunk=2" }, "update", "--chunk-size", "16384", files[1], files[2])
  end)

  it("is one whose modem answers byte by byte", function()
    local files = images()
    assert.equal(0, repeats({ "split=qdl.open" }, "update", files[1], files[2]).status)
  end)

  it("is one whose modem does not answer a greeting", function()
    local files = images()
    assert.equal(0, repeats({ "silence=qdl.hello" }, "update", files[1], files[2]).status)
  end)

  it("is one with nothing to do, a switch, a recovery, AT commands, a request", function()
    assert.equal(0, repeats({}, "switch", "SPRINT").status)
    assert.equal(0, repeats({ "start=download" }, "recover").status)
    assert.equal(0, repeats({}, "at", "ATI", "AT!IMPREF?").status)
    assert.equal(3, repeats({}, "at", "AT!NOSUCH").status)
    assert.equal(0, repeats({}, "qmi", "dms", "0x0025").status)
    assert.equal(3, repeats({}, "qmi", "dms", "0x7777").status)
  end)

  it("is one of a command that was given a port or a place", function()
    local modem = stage.mc7455 "place=10-12.3.4"
    local node = modem.root .. "/dev/"
    for _, words in ipairs {
      { 0, "at", "-t", node .. "ttyUSB2", "ATI" }, { 0, "qmi", "-w", node .. "cdc-wdm0", "dms", "0x0023" },
      { 0, "status", "--place", "10-12.3.4" }, { 5, "status", "--place", "9-9" },
      { 5, "qmi", "-w", node .. "cdc-wdm9", "dms", "0x0023" },
    } do
      local path, run = record(modem, unpack(words, 2))
      assert.equal(words[1], run.status, run.stderr)
      same(path)
    end
  end)

  it("is one of a port whose modem is not known", function()
    local master, slave = sys.pty()
    local path = support.folder() .. "/recorded.trace"
    local child = support.start { support.program, "--root", support.folder(), "--trace", path, "at", "-t",
      slave, "ATI", "AT+CGMM" }
    local asked, wanted = "", { "ATI\r", "AT+CGMM\r" }
    for index = 1, 2 do
      await(function()
        asked = asked .. (sys.read(master, 100) or "")
        return asked:find(wanted[index], 1, true)
      end)
      sys.write(master, "\r\nsome modem " .. index .. "\r\nOK\r\n")
    end
    assert.equal(0, child:wait(DEADLINE_MS), child.stderr)
    sys.close(master)
    same(path)
    differs(tampered(path, bytes.hex("ATI", ""), bytes.hex("ATX", "")))
  end)

  it("is one of a script or a recovery on a given port", function()
    local script = support.folder() .. "/status.lua"
    assert(sys.write_file(script, 'require("moonflash").status {}'))
    local modem = stage.mc7455()
    local path, run = record(modem, "-t", modem.root .. "/dev/ttyUSB2", "run", script)
    assert.equal(0, run.status, run.stderr)
    same(path, script)
    modem = stage.mc7455("start=download")
    path, run = record(modem, "recover", "-t", modem.root .. "/dev/ttyUSB0")
    assert.equal(0, run.status, run.stderr)
    same(path)
  end)

  it("is one of a script that opens ports itself", function()
    local script = support.folder() .. "/hand.lua"
    assert(sys.write_file(script, [[
      local flash = require "moonflash"
      local job = flash.try(flash.open())
      local at = flash.try(flash.at.open(job.device.nodes.at))
      print(flash.try(at:command "AT!SKU?")[1])
      at:close()
      local qmi = flash.try(flash.qmi.open(job.device.nodes.qmi[1]))
      print(flash.try(qmi:request(flash.dms.get_revision)).revision)
      qmi:close()]]))
    local path, run = record(stage.mc7455(), "run", script)
    assert.equal(0, run.status, run.stderr)
    local text = assert(sys.read_file(path))
    assert.truthy(text:find('"0x0023"', 1, true) and text:find(bytes.hex("AT!SKU?", ""), 1, true))
    same(path, script)
  end)

  it("is one of a script that lists modems and opens their ports itself", function()
    local script = support.folder() .. "/list.lua"
    assert(sys.write_file(script, [[
      local flash = require "moonflash"
      local device = flash.try(flash.devices())[1]
      local qmi = flash.try(flash.qmi.open(device.nodes.qmi[1]))
      print(flash.try(qmi:request(flash.dms.get_revision)).revision)
      qmi:close()]]))
    local path, run = record(stage.mc7455(), "run", script)
    assert.equal(0, run.status, run.stderr)
    same(path, script)
  end)

  it("is whole though its emit raises", function()
    local path, modem = support.folder() .. "/emit.trace", stage.mc7455()
    local told = 0
    local result = flash.trace(path, "plan", { files = images(), root = modem.root, emit = function()
      told = told + 1
      error "oh"
    end })
    assert.is_true(result.ok)
    assert.is_true(told > 1) -- it is called again
    same(path, unpack(images()))
  end)

  it("is one with a model of one's own", function()
    local model = support.folder() .. "/own.lua"
    assert(sys.write_file(model, 'local flash = require "moonflash"\nreturn flash.script "mc7455"'))
    local files = images()
    local path, run = record(stage.mc7455(), "--model", model, "plan", files[1], files[2])
    assert.equal(0, run.status, run.stderr)
    assert.falsy(assert(sys.read_file(path)):find(model:match "^(.*)/", 1, true))
    same(path, model, files[1], files[2])
  end)

  it("is one of a modem whose serial number is short", function()
    same((record(stage.mc7455 "serial=1", "status")))
    same((record(stage.mc7455 "serial=9071", "status")))
  end)

  it("is one without a modem", function()
    local script = support.folder() .. "/bad.lua"
    assert(sys.write_file(script, "error 'no'"))
    local path, run = record({ root = support.folder() }, "run", script)
    assert.equal(10, run.status)
    same(path, script)
    same((record(stage.mc7455(), "devices")))
  end)

  it("is one that was interrupted", function()
    local files, path = images(), support.folder() .. "/recorded.trace"
    local modem = support.simulator("mc7455", { time_scale = 0.2, faults = { "reset=2" } })
    local child = support.start { support.program, "--root", modem.root, "--trace", path, "update",
      files[1], files[2] }
    await(function() return (sys.read_file(path) or ""):find '"state":"left"' end)
    child:kill "INT"
    assert.equal(9, child:wait(DEADLINE_MS))
    same(path, "--time-scale", "1", files[1], files[2])
  end)
end)

describe("--trace", function()
  after_each(support.finish)

  it("replaces a trace, and no other file", function()
    local files, modem = images(), stage.mc7455()
    for _, others in ipairs { files, { files[2] } } do
      local run = support.run { support.program, "--root", modem.root, "--trace", files[1], "plan", unpack(others) }
      assert.equal(1, run.status)
      assert.truthy(run.stderr:find("would replace", 1, true))
      assert.truthy(#support.contents(files[1]) > 60000 - 1)
    end
    local path = support.folder() .. "/trace"
    for _ = 1, 2 do assert.is_true(flash.trace(path, "status", { root = modem.root }).ok) end
  end)

  it("warns when it can be written no longer, and takes no pipe", function()
    local modem = stage.mc7455()
    local run = support.run { support.program, "--root", modem.root, "--trace", "/dev/full", "status" }
    assert.equal(10, run.status)
    local _, count = run.stderr:gsub("warning: the trace ends here", "")
    assert.equal(1, count, run.stderr)
    assert.truthy(run.stderr:find("error: the trace is not complete", 1, true), run.stderr)
    local pipe = support.folder() .. "/pipe"
    assert.equal(0, support.run({ "mkfifo", pipe }).status)
    run = support.run { support.program, "--root", modem.root, "--trace", pipe, "status" }
    assert.equal(1, run.status)
    assert.truthy(run.stderr:find("is a fifo", 1, true))
  end)
end)

describe("a trace of another machine", function()
  after_each(support.finish)

  -- The bundled trace with another beginning, and what becomes of it.
  local function replay_as(start, ...)
    local path, text = support.folder() .. "/x.trace", assert(sys.read_file "tests/traces/update.trace")
    assert(sys.write_file(path, (text:gsub("^[^\n]*", (start:gsub("%%", "%%%%")), 1))))
    return replay(path, ...)
  end

  local function started(command, arguments, files, options)
    return ('{"t":0,"event":"start","schema":1,"version":"0","command":%q,"arguments":%s,"files":%s,'
      .. '"options":%s}'):format(command, arguments, files, options or "[]")
  end

  it("runs nothing that was not given", function()
    local folder = support.folder()
    local script, proof = folder .. "/own.lua", folder .. "/proof"
    assert(sys.write_file(script, ("io.open(%q, 'w'):close()"):format(proof)))
    local path = '["' .. script .. '"]'
    for _, start in ipairs {
      started("run", path, "[]"), started("update", path, "[]"), started("simulate", '["mc7455"]', "[]"),
      started("status", "[]", "[]", ('{"model":%q}'):format(script)),
    } do
      local run = replay_as(start)
      assert.equal(1, run.status, run.stderr)
    end
    local given = folder .. "/given"
    local run = replay_as(started("run", ('[%q,"given"]'):format(script), '["given"]'), given)
    assert.equal(1, run.status, run.stderr)
    run = replay_as(started("run", '["LICENSE"]', "[]")) -- a file in the folder of the tests
    assert.equal(1, run.status, run.stderr)
    assert.is_nil(sys.stat(proof))
  end)

  it("reaches no other modem and writes no file", function()
    local other, folder = stage.mc7455(), support.folder()
    local run = replay_as(started("at", '["AT+CFUN=0"]', "[]", ('{"tty":%q,"trace":%q,"log":%q}'):format(
      other.root .. "/dev/ttyUSB2", folder .. "/trace", folder .. "/log")))
    assert.equal(3, run.status, run.stderr)
    assert.same({}, support.log(other.root, "at"))
    assert.same({}, sys.list(folder))
  end)

  it("ends where its events have wrong types, and leaves nothing behind", function()
    local start = started("status", "[]", "[]") .. "\n"
    local device = '{"t":1,"event":"device","state":"found","device":{"vid":"1199","pid":"9071","place":"1-1",'
      .. '"interfaces":[%s]%s}}\n'
    for _, text in ipairs {
      started("status", "[1,{}]", "[]"), started("status", "[]", "[{}]"), started("status", "[]", "[]", "7"),
      start .. device:format("1", ""), start .. device:format('{"number":"x"}', ""),
      start .. device:format('{"number":1,"driver":2}', ',"serial":{}'),
      start .. device:format("", ',"vid":{}'), start .. device:format("", ',"interfaces":5'),
      start .. '{"t":1,"event":"port","if":0,"dir":">"}',
      start .. '{"t":1,"event":"step","step":"x","state":"done","message":{}}',
      start .. '{"t":1,"event":"result","exit":5,"failure":{"code":{}}}',
      start .. '{"t":1,"event":"result","exit":5,"failure":null}',
    } do
      local path = support.folder() .. "/x.trace"
      assert(sys.write_file(path, text .. "\n"))
      local run = replay(path)
      assert.is_true(run.status == 1 or run.status == 3, run.stderr)
      assert.is_nil((run.stdout .. run.stderr):find("traceback", 1, true))
    end
  end)

  it("is of one modem", function()
    local two = stage.modem("mc7455", { second = "em7305" })
    local script = support.folder() .. "/all.lua"
    assert(sys.write_file(script, [[local flash = require "moonflash"
      for _, device in ipairs(flash.try(flash.devices())) do
        flash.try(flash.open { selection = { place = device.place } }):finalize()
      end]]))
    local path, recorded = record(two, "run", script)
    assert.equal(0, recorded.status)
    local run = replay(path, script)
    assert.equal(1, run.status)
    assert.truthy(run.stderr:find("several modems", 1, true))
    path, recorded = record(two, "status")
    assert.equal(5, recorded.status)
    assert.truthy(replay(path).stderr:find("several modems", 1, true))
  end)
end)

describe("a difference", function()
  after_each(support.finish)

  local files, path

  before_each(function()
    files = images()
    path = support.folder() .. "/update.trace"
    assert(sys.write_file(path, assert(sys.read_file "tests/traces/update.trace")))
  end)

  it("is a request with other bytes", function()
    local said = differs(tampered(path, '"0x002e","service":2,"tlvs":%["01 03"%]',
      '"0x002e","service":2,"tlvs":["01 07"]'), files[1], files[2])
    assert.truthy(said:find("expected: QMI request 0x002e of service 2 (01 07); got: QMI request 0x002e of "
      .. "service 2 (01 03)", 1, true))
  end)

  it("is a request that is not made any more", function()
    local request = '{"t":9999,"event":"qmi","if":8,"dir":">","service":2,"message":"0x0023","tlvs":[]}'
    local said = differs(tampered(path, '\n([^\n]*"event":"result")', "\n" .. request .. "\n%1"),
      files[1], files[2])
    assert.truthy(said:find("got: the end", 1, true))
  end)

  it("is another image", function()
    local other = assert(sys.read_file(files[1]))
    assert(sys.write_file(files[1], other:sub(1, 300) .. "X" .. other:sub(302)))
    differs(path, files[1], files[2])
  end)

  it("is data with another checksum", function()
    local said = differs(tampered(path, '"bytes":16384,"crc":"%x+"', '"bytes":16384,"crc":"00000000"'),
      files[1], files[2])
    assert.truthy(said:find("CRC%-32 00000000; got"))
  end)

  it("is another packet, told from where it parts", function()
    local said = differs(tampered(path, "7e70000014467e", "7e71000014467e"), files[1], files[2])
    assert.truthy(said:find("expected: from byte 2 on 71", 1, true))
  end)

  it("is a step that ends otherwise", function()
    differs(tampered(path, "back at 2%-3", "back at 1-1"), files[1], files[2])
  end)

  it("is a trace that was cut off, and is reported at its end", function()
    local text = assert(sys.read_file(path))
    local _, lines = text:gsub("\n", "")
    for _, kept in ipairs { 2, 3, 20, 60, lines - 1 } do
      assert(sys.write_file(path, text:match(("[^\n]*\n"):rep(kept))))
      local began = sys.clock_ms()
      local said = differs(path, files[1], files[2])
      assert.truthy(said:find("cut off after line " .. kept, 1, true), said)
      assert.truthy(said:find("to do: record the session to its end", 1, true), said)
      assert.is_true(sys.clock_ms() - began < 5000)
    end
    assert(sys.write_file(path, text:match(("[^\n]*\n"):rep(20) .. "[^\n]*"):sub(1, -9)))
    local said = differs(path, files[1], files[2])
    assert.truthy(said:find("cut off after line 20", 1, true), said)
  end)

  it("is another exit status", function()
    local said = differs(tampered(path, '"exit":0', '"exit":8'), files[1], files[2])
    assert.truthy(said:find("expected: exit 8", 1, true))
  end)

  it("is a modem that answers otherwise", function()
    local refused = bytes.hex(hdlc.frame "\42\1\0\0\0", "") -- status 1 in the answer to done
    differs(tampered(path, "7e2a000000004ee37e", refused), files[1], files[2])
  end)

  it("is a script that was changed", function()
    local script = support.folder() .. "/mine.lua"
    local text = assert(sys.read_file "scripts/models/mc7455.lua")
    assert(sys.write_file(script, text))
    local recorded, run = record(stage.mc7455(), "run", script, files[1], files[2])
    assert.equal(0, run.status, run.stderr)
    same(recorded, script, files[1], files[2])
    local changed, count = text:gsub("route%.preference, ", "")
    assert.equal(1, count)
    assert(sys.write_file(script, changed))
    differs(recorded, script, files[1], files[2])
  end)

  it("is a step, though a request that follows from it comes first, or one more request", function()
    local folder = support.folder()
    local script, other = folder .. "/mine.lua", folder .. "/other.lua"
    local switch = 'local flash = require "moonflash"\nlocal result = flash.switch { pair = "%s" }\n%s '
      .. "return result"
    assert(sys.write_file(script, switch:format("SPRINT", "")))
    local recorded, run = record(stage.mc7455 "stored=02.08.02.00/SPRINT/002.012_001", "run", script)
    assert.equal(0, run.status, run.stderr)
    for _, change in ipairs {
      { "expected: step 'choose stored images' done: 02.08.02.00 SPRINT 002.012_001", "GENERIC", "" },
      { "expected: the end of the trace; got: QMI request 0x0022 of service 0", "SPRINT", "flash.status()" },
      { "other.lua:3: oops", "SPRINT", "error 'oops'" },
    } do
      assert(sys.write_file(other, switch:format(change[2], change[3])))
      local began = sys.clock_ms()
      local said = differs(recorded, other)
      assert.truthy(said:find(change[1], 1, true), said)
      assert.is_true(sys.clock_ms() - began < 5000 * support.slowness)
    end
  end)
end)

describe("replay", function()
  after_each(support.finish)

  it("wants the files that the session had", function()
    local run = replay("tests/traces/update.trace")
    assert.equal(1, run.status)
    assert.truthy(run.stderr:find("SWI9X30C_02.33.03.00.cwe", 1, true))
  end)

  it("wants a trace", function()
    assert.equal(1, replay("/nowhere").status)
    assert.equal(1, replay("CMakeLists.txt").status)
  end)

  it("is over when the program is, whatever that left running", function()
    local folder = support.folder()
    local path, script, pids = folder .. "/left.trace", folder .. "/leaves.lua", folder .. "/pids"
    assert(sys.write_file(script, ('os.execute "sleep 600 & echo $! >>%s"'):format(pids)))
    local recorded = support.run { "sh", "-c", '"$@" >/dev/null 2>&1', "sh", support.program,
      "--root", folder, "--trace", path, "run", script }
    assert.equal(0, recorded.status)
    local ended, why = pcall(same, path, script)
    for pid in sys.read_file(pids):gmatch "%d+" do sys.kill(tonumber(pid), "KILL") end
    assert.is_true(ended, why)
  end)

  it("ends its program when it is stopped", function()
    local files, folder = images(), support.folder()
    local child = support.start({ support.program, "replay", "--time-scale", "100",
      "tests/traces/update.trace", files[1], files[2] }, { environment = { TMPDIR = folder } })
    await(function() return (sys.list(folder) or {})[1] end)
    child:kill "TERM"
    assert.equal(9, child:wait(20000))
    assert.same({}, sys.list(folder))
  end)
end)

describe("a trace", function()
  after_each(support.finish)

  it("holds none of the modem's identities, in text or hex", function()
    local modem, files = stage.mc7455(), images()
    local row = models.find "mc7455"
    local card = row.sim_card
    for _, words in ipairs { { "update", files[1], files[2] }, { "status" }, { "qmi", "dms", "0x0025" },
                             { "at", "ATI" }, { "--serial", row.serial, "at", "ATI" },
                             { "at", "AT+CGSN", "AT+CIMI", "AT+CCID", "AT+CNUM" },
                             { "qmi", "dms", "0x0024" }, { "qmi", "dms", "0x003c" },
                             { "qmi", "dms", "0x0043" }, { "qmi", "nas", "0x0025" } } do
      local path, run = record(modem, unpack(words))
      assert.equal(0, run.status, run.stderr)
      local text = assert(sys.read_file(path))
      for _, secret in ipairs { row.identity.imei, row.serial, row.identity.imei:sub(1, 8), card.imsi,
                                card.iccid, card.number, card.number:sub(-4) } do
        assert.is_nil(text:find(secret, 1, true))
        assert.is_nil(text:find(bytes.hex(secret, ""), 1, true))
      end
      assert.is_nil(text:find(modem.root, 1, true))
      assert.is_nil(text:find(files[1], 1, true))
    end
  end)

  it("holds neither numbers nor codes that the command line had", function()
    local modem = stage.mc7455()
    for _, words in ipairs { { "at", 'AT+CPIN="4711"' }, { "at", "ATD+15551234711;" },
                             { "qmi", "dms", "0x0028", "0x01", "0104", "34 37 31 31" },
                             { "qmi", "nas", "0x0021", "0x01", "34373131" } } do
      local path = record(modem, unpack(words))
      local text = assert(sys.read_file(path))
      assert.is_nil(text:find("4711", 1, true), text)
      assert.is_nil(text:find(bytes.hex("4711", " ?"):gsub("%-", "%%-")), text)
      same(path)
    end
  end)

  it("does not grow with the image", function()
    local packages, folder = require "tests.images.packages", support.folder()
    local firmware = packages.write(packages.firmware { size = 3000000 }, folder)
    local settings = packages.write(packages.settings {}, folder)
    local path, run = record(stage.mc7455(), "update", firmware, settings)
    assert.equal(0, run.status, run.stderr)
    assert.is_true(sys.stat(path).size < 40000, tostring(sys.stat(path).size))
  end)

  it("cannot be written where there is no folder", function()
    local run = support.run { support.program, "--trace", "/nowhere/x", "status" }
    assert.equal(1, run.status)
  end)
end)

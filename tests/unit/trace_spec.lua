-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Traces: what they contain, in which form, and what they never contain.
local at = require "moonflash.protocol.at"
local bytes = require "moonflash.core.bytes"
local replay_events = require "moonflash.sim.replay.events"
local failure = require "moonflash.base.failure"
local flash = require "moonflash"
local port = require "moonflash.core.port"
local redact = require "moonflash.trace.redact"
local run = require "moonflash.base.run"
local support = require "tests.support"
local sys = require "moonflash.core.sys"
local trace = require "moonflash.trace"
local traced = require "moonflash.commands.traced"
local trace_ports = require "moonflash.trace.ports"

local IMEI = "359072060000123"

describe("redaction", function()
  it("zeroes long runs of digits and leaves versions alone", function()
    assert.equal("SWI9X30C_02.33.03.00 at 000000000000000", redact.text("SWI9X30C_02.33.03.00 at " .. IMEI))
    assert.equal("1234567890123", redact.text "1234567890123")
    assert.equal("00000000000000000000", redact.text "89490200001234567890")
  end)

  it("finds digits that a message shows in hex", function()
    local shown = bytes.hex(IMEI)
    assert.equal(("30 "):rep(15):sub(1, -2), redact.text(shown))
    assert.equal(bytes.hex "02.33.03.00", redact.text(bytes.hex "02.33.03.00"))
  end)

  local lines = {
    { "IMEI: " .. IMEI, "IMEI: 000000000000000" },
    { "IMEI SV: 20", "IMEI SV: 00" },
    { "FSN: LQ63350012031018", "FSN: LQ00000000000000" },
    { "ESN: 0x80A1B2C3", "ESN: 0x00000000" },
    { "MEID: A1000012ABCDEF", "MEID: 00000000000000" },
    { '+CNUM: "","+4915112345",145', '+CNUM: "","+0000000000",000' },
    { 'AT+CPIN="1234"', 'AT+CPIN="0000"' },
    { "atd+4915112345;", "atd+0000000000;" },
    { 'AT+CSCA="+13123149810",145', 'AT+CSCA="+00000000000",000' },
    { '+CRSM: 144,0,"98102143F5"', '+CRSM: 000,0,"0000000000"' },
    { '$QCPDPP: 1,1,"1234","user"', '$QCPDPP: 0,0,"0000","0000"' },
    { 'AT+CGAUTH=1,2,"s3cret","me"', 'AT+CGAUTH=0,0,"000000","00"' },
    { '+CUSD: 0,"Your number is"', '+CUSD: 0,"0000 000000 00"' },
    { "+CPIN: READY", "+CPIN: READY" },
    { "IMEI is 35-358006-123456-7", "IMEI is 00-000000-000000-0" },
    { "35-358006-123456-7", "00-000000-000000-0" },
    { "2016-05-12 02.33.03.00", "2016-05-12 02.33.03.00" },
    { IMEI, "000000000000000" },
    { "Revision: SWI9X30C_02.33.03.00 r8209", "Revision: SWI9X30C_02.33.03.00 r8209" },
    { 'AT!IMPREF="02.33.03.00"', 'AT!IMPREF="02.33.03.00"' },
  }
  for _, row in ipairs(lines) do
    it("makes of an AT line " .. row[2], function()
      assert.equal(row[2] .. "\r\nOK\r\n", redact.at_lines(row[1] .. "\r\nOK\r\n"))
    end)
  end

  it("leaves no digit behind such a word in messages and arguments either", function()
    assert.equal('AT+CPIN="0000": the modem refuses', redact.message 'AT+CPIN="4711": the modem refuses')
    assert.equal('AT+CGAUTH=0,0,"000000": the modem refuses',
      redact.message 'AT+CGAUTH=1,2,"secret": the modem refuses')
    assert.equal("ATD+00000000000;", redact.message "ATD+15551234567;")
    assert.equal("call +00000000000 or 12", redact.message "call +15551234567 or 12")
    assert.equal("route boothold, 02.33.03.00", redact.message "route boothold, 02.33.03.00")
  end)

  it("keeps lengths of QMI values and tells no identities", function()
    assert.equal(("0"):rep(15), redact.tlv(2, 0x0025, 0x11, IMEI))
    assert.equal("00", redact.tlv(2, 0x0025, 0x13, "20"))
    assert.equal("000000", redact.tlv(2, 0x003a, 0x01, "471147"))
    assert.equal("02.33.03.00", redact.tlv(2, 0x0023, 0x01, "02.33.03.00"))
  end)

  -- names of fields that identify a subscriber or a modem, or are codes
  local personal = { "esn", "imei", "imsi", "iccid", "meid", "msisdn", "number", "serial", "pin", "puk", "code",
    "key", "password", "user" }

  local function is_personal(name)
    for _, part in ipairs(personal) do
      if ("_" .. name .. "_"):find("_" .. part .. "_", 1, true) then return true end
    end
  end

  it("knows by a field of their tables which messages are personal", function()
    local services, checked = require("moonflash.protocol.qmi.message").services, 0
    for service in pairs(services) do
      local found, messages = pcall(require, "moonflash.protocol.qmi." .. service)
      for name, entry in pairs(found and messages or {}) do
        checked = checked + 1
        for _, fields in ipairs { entry.request or {}, entry.response or {} } do
          for field in pairs(fields) do
            assert(entry.personal or not is_personal(field), name .. " needs personal = true")
          end
        end
      end
    end
    assert.is_true(checked > 20)
  end)

  it("tells only the length of values of messages without a table", function()
    assert.equal(("\0"):rep(19), redact.tlv(2, 0x003c, 0x01, "8949020000123456789"))
    assert.equal("\0\0\0\0\0", redact.tlv(2, 0x0035, 0x01, "\1" .. "4711"))
    assert.equal("\0\0\0\0\0\0", redact.tlv(2, 0x0052, 0x01, "471147"))
  end)

  it("tells of an address neither who nor with what", function()
    local texts = redact.cleaner()
    texts:know_file "http://me:secret@host/new.cwe?token=a/b"
    assert.equal("reads new.cwe", texts:clean "reads http://me:secret@host/new.cwe?token=a/b")
  end)

  it("knows the root only where a path begins with it", function()
    local function clean(root, text)
      local texts = redact.cleaner()
      texts:know_root(root)
      return texts:clean(text)
    end
    assert.equal("a modem at /dev/a/b, not da/b", clean("a/", "a modem at a/dev/a/b, not da/b"))
    assert.equal("no /dev/x. Well...", clean(".", "no ./dev/x. Well..."))
    assert.equal("opens '/dev/ttyUSB0' below ", clean("/tmp/m", "opens '/tmp/m/dev/ttyUSB0' below /tmp/m"))
    assert.equal("/tmp/m2/dev /x/tmp/m/dev", clean("/tmp/m", "/tmp/m2/dev /x/tmp/m/dev"))
    assert.equal("/dev/ttyUSB0", clean("/", "/dev/ttyUSB0"))
  end)

  it("tells only the length of what other services say, and every result", function()
    assert.equal("\0\0\0\0", redact.tlv(0x0b, 0x0020, 0x11, "\8\9\10\11"))
    assert.equal("\0\0\48\0", redact.tlv(0x0b, 0x0020, 0x02, "\0\0\48\0"))
  end)
end)

describe("a trace", function()
  local path, written

  before_each(function()
    path = support.folder() .. "/x.trace"
    written = assert(trace.open(path))
    written:start { name = "update", options = { force = true }, arguments = { "/home/me/a.cwe" },
      files = { "/home/me/a.cwe" }, root = "/tmp/root/" }
  end)

  after_each(function()
    written:close()
    support.finish()
  end)

  local function read()
    written:close()
    return assert(replay_events.read(path))
  end

  local device = {
    place = "1-1", number = 4, vid = "1199", pid = "9071", mode = "application", serial = "LQ0815",
    nodes = { qmi = {}, mbim = {}, at = "/tmp/root/dev/ttyUSB2" },
    interfaces = { { number = 3, class = "ff", driver = "qcserial", tty = "/tmp/root/dev/ttyUSB2" } },
  }

  it("begins with what was run, files by their names", function()
    local start = read()[1]
    assert.same({ "start", "update", { "a.cwe" }, { "a.cwe" }, { force = true } },
      { start.event, start.command, start.arguments, start.files, start.options })
  end)

  it("tells no folders, no serial number and no identifiers in any text", function()
    written:found(device, { { name = "MC7455" } })
    written:emit { event = "warning", code = "usage",
      message = "/home/me/a.cwe for LQ0815 at /tmp/root/dev/ttyUSB2, IMEI " .. IMEI }
    local events = read()
    assert.equal("LQ0000", events[2].device.serial)
    assert.equal("/dev/ttyUSB2", events[2].device.interfaces[1].tty)
    assert.equal("a.cwe for LQ0000 at /dev/ttyUSB2, IMEI 000000000000000", events[3].message)
  end)

  it("tells steps, warnings and the result, and nothing of what is only for people", function()
    for _, name in ipairs { "note", "progress", "say" } do written:emit { event = name, message = "x" } end
    written:emit { event = "step", step = "confirm", state = "done" }
    local problem = failure.new("job.not_confirmed", "no", { step = "confirm" })
    written:finish { ok = false, exit = 8, failure = problem }
    local events = read()
    assert.equal(3, #events)
    assert.equal("confirm", events[2].step)
    assert.same({ code = "job.not_confirmed", message = "no", step = "confirm" }, events[3].failure)
  end)

  it("tells QMI requests and answers, and passes both on", function()
    written:found(device)
    local said = {}
    local wrapped = trace_ports.qmi(written, {
      request = function(_, ...)
        said = { ... }
        return { [2] = "\0\0\0\0", [0x11] = IMEI }
      end,
    }, 8)
    assert.equal(IMEI, wrapped:request(2, 1, 0x0025, { { 1, "\6" } }, 100)[0x11])
    assert.same({ 2, 1, 0x0025, { { 1, "\6" } }, 100 }, said)
    local events = read()
    assert.same({ 8, ">", "0x0025", { "01 06" } },
      { events[3]["if"], events[3].dir, events[3].message, events[3].tlvs })
    assert.same({ "02 00000000", "11 " .. ("30"):rep(15) }, events[4].tlvs)
  end)

  it("tells that a request was not answered", function()
    local wrapped = trace_ports.qmi(written, {
      request = function() return nil, failure.new("qmi.timeout", "no answer") end }, 8)
    local _, problem = wrapped:request(2, 1, 0x0025, {}, 100)
    assert.equal("qmi.timeout", problem.code)
    assert.equal("qmi.timeout", read()[3].failure)
  end)

  local function said_on_at_port(said)
    local master, slave = sys.pty()
    local tty = "/tmp/root/dev/ttyUSB2"
    local channel = assert(port.open(slave))
    written:found(device)
    channel = written:tap(channel, tty, "text")
    for _, piece in ipairs(said) do
      sys.write(master, piece)
      assert(channel:read(1000, 1000))
    end
    channel:close()
    sys.close(master)
    local text = ""
    for _, event in ipairs(read()) do text = text .. (event.hex and bytes.from_hex(event.hex) or "") end
    return text
  end

  it("finds identifiers on an AT port in every split", function()
    local answer = "\r\nIMEI: " .. IMEI .. "\r\nOK\r\n"
    for cut = 1, #answer - 1 do
      local said = said_on_at_port { answer:sub(1, cut), answer:sub(cut + 1) }
      assert.equal("\r\nIMEI: 000000000000000\r\nOK\r\n", said)
      written = assert(trace.open(path))
      written:start { name = "at", options = {}, arguments = {}, files = {}, root = "/tmp/root" }
    end
  end)

  it("knows what an AT session reads as text, on whatever port", function()
    local master, slave = sys.pty()
    local content
    local session = run.traced({ tap = function(_, channel, _, kind)
      content = kind
      return channel
    end }, at.open, slave)
    session:close()
    sys.close(master)
    assert.equal("text", content)
  end)

  it("tells many flags once", function()
    local master, slave = sys.pty()
    local channel = assert(port.open(slave))
    channel = written:tap(channel, slave)
    assert(channel:write(("~"):rep(2000), 1000))
    channel:close()
    sys.close(master)
    local count = 0
    for _, event in ipairs(read()) do count = count + (event.hex == "7e" and event.times or 0) end
    assert.equal(2000, count)
  end)

  it("tells no digits of a line that broke off", function()
    assert.equal("\r\nFSN: LQ0000", said_on_at_port { "\r\nFSN: LQ6335" })
  end)

  it("cannot be written where there is no folder", function()
    assert.equal("trace.failed", support.code_of(trace.open "/nowhere/x.trace"))
  end)
end)

describe("flash.trace", function()
  after_each(support.finish)

  it("checks the request before it opens the file", function()
    local path = support.folder() .. "/x.trace"
    for _, request in ipairs { { files = { 5 } }, { flies = {} }, { options = { force = 1 } }, 5 } do
      assert.is_false(pcall(flash.trace, path, "update", request))
      assert.is_nil(sys.stat(path))
    end
    assert.is_false(pcall(flash.trace, path, "no such command"))
    local _, problem = pcall(function() flash.trace(path, "update", { files = { 5 } }) end)
    assert.matches("^tests/unit/trace_spec%.lua:%d+: files must be texts", problem)
  end)

  it("is the option trace of a command", function()
    local root, path = support.folder(), support.folder() .. "/x.trace"
    local request = { root = root, options = { trace = path, force = true }, selection = { place = "1-1" } }
    assert.equal(5, flash.status(request).exit)
    local recorded = sys.read_file(path)
    assert.matches('"event":"start","arguments":%[%],"command":"status","files":%[%],"options":{"force":true}',
      recorded)
    assert.matches('"event":"result".*"exit":5', recorded)
    assert.same({ trace = path, force = true }, request.options)
    flash.trace(path, "status", { root = root, selection = { place = "1-1" }, options = { force = true } })
    assert.equal((recorded:gsub('"t":%d+', "")), (sys.read_file(path):gsub('"t":%d+', "")))
  end)

  it("is closed when the command raises", function()
    local path, closed = support.folder() .. "/x.trace", false
    local request = { root = "/", options = { trace = path }, emit = function() end }
    local ok, raised = pcall(traced.call, request, { name = "status", arguments = {}, files = {} }, function()
      local written = run.trace()
      local close = written.close
      function written:close()
        closed = true
        close(self)
      end
      error("oh", 0)
    end)
    assert.same({ false, "oh", true }, { ok, raised, closed })
    assert.is_nil(run.trace())
  end)

  it("lists the files among the arguments of a script, but no port", function()
    local folder = support.folder()
    local script, link, path = folder .. "/a.lua", folder .. "/link", folder .. "/x.trace"
    assert(sys.write_file(script, ""))
    assert(sys.symlink("/dev/null", link))
    flash.trace(path, "run", { path = script, arguments = { "/dev/null", link, script, "word" } })
    assert.same({ "a.lua", "a.lua" }, replay_events.read(path)[1].files)
  end)

  it("does not replace a file that is no trace", function()
    local image, link = support.folder() .. "/a.cwe", support.folder() .. "/link"
    assert(sys.write_file(image, "image"))
    assert(sys.symlink(image, link))
    for _, path in ipairs { image, link } do
      local result = flash.update { files = { image }, options = { trace = path } }
      assert.same({ 1, "usage" }, { result.exit, result.failure.code })
    end
    assert.equal("image", sys.read_file(image))
  end)
end)

describe("reading a trace", function()
  after_each(support.finish)

  local start = '{"t":0,"event":"start","schema":1,"command":"status","options":[],"arguments":[],'
    .. '"files":[]}\n'

  local function read(text)
    local path = support.folder() .. "/some.trace"
    assert(sys.write_file(path, text))
    return replay_events.read(path)
  end

  local function device(fields)
    return start .. '{"t":1,"event":"device","state":"found","device":{"vid":"1199",' .. fields .. "}}\n"
  end

  local harmful = {
    "", "x\n", '{"t":0,"event":"start","schema":2}\n', start .. start, start .. "x\n" .. start,
    device '"place":"../x"', device '"place":"1-1.."', device '"place":"1-1","peer":"../../x"',
    device '"place":7', start .. '{"t":1,"event":"device","device":5}\n',
    start .. '{"t":1,"event":"port","if":0,"dir":"<","hex":"7e7e","times":1048576}\n',
    start .. '{"t":1,"event":"signal","name":"SIGSTOP"}\n', start .. '{"event":"step"}\n',
    start .. '{"t":1e15,"event":"step","step":"x","state":"done"}\n', start .. "\n", "{",
  }
  for index, text in ipairs(harmful) do
    it("refuses what could do harm, " .. index, function()
      assert.equal("trace.unusable", support.code_of(read(text)))
    end)
  end

  it("ends, though the file does not", function()
    assert.equal("trace.unusable", support.code_of(replay_events.read "/dev/zero"))
  end)

  it("needs neither the end of the last line nor all of that line", function()
    assert.equal(1, #assert(read((start:gsub("\n", "")))))
    assert.equal(1, #assert(read(start .. '{"t":1,"event":"st')))
  end)

  it("says so when there is none", function()
    assert.equal("trace.failed", support.code_of(replay_events.read "/nowhere"))
  end)
end)

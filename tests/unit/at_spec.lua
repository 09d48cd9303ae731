-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- AT: answers in every split, what their lines mean, and sessions over a stand-in port.
local answers = require "moonflash.protocol.at_answers"
local at = require "moonflash.protocol.at"
local failure = require "moonflash.base.failure"
local reader = require "moonflash.protocol.at_reader"

local function lines(text)
  local list = {}
  for line in text:gmatch "[^\n]+" do list[#list + 1] = line end
  return list
end

local function read(command, pieces)
  local answer = reader.new(command)
  for _, piece in ipairs(pieces) do answer:feed(piece) end
  return answer
end

describe("an answer", function()
  local cases = {
    { "AT", "AT\r\r\nOK\r\n", {}, "OK", "done" },
    { "AT!SKU?", "AT!SKU?\r\r\n1102476\r\n\r\nOK\r\n", { "1102476" }, "OK", "done" },
    { "AT!SKU?", "\r\n  1102476 \t\r\n\r\n\r\nOK  \r\n", { "1102476" }, "OK", "done" },
    { "AT!BOOTHOLD", "\r\nERROR\r\n", {}, "ERROR", "error" },
    { "AT+CFUN=1", "AT+CFUN=1\r\r\n+CME ERROR: operation not supported\r\n", {},
      "+CME ERROR: operation not supported", "cme_error" },
    { "AT!GVER", "\r\nNOT IMPLEMENTED\r\n", {}, "NOT IMPLEMENTED", "not_implemented" },
    { "AT!BOOTHOLD", "\r\n!BOOTHOLD: NOT IMPLEMENTED\r\n", {}, "!BOOTHOLD: NOT IMPLEMENTED", "not_implemented" },
    { "AT!GVER", "\r\n!Gver : Not Implemented\r\nOK\r\n", {}, "!Gver : Not Implemented", "not_implemented" },
    { "AT!GVER", "\r\nnot implemented\r\nERROR\r\n", {}, "not implemented", "not_implemented" },
    { "ATI", "+CREG: 1\r\nATI\r\r\nModel: MC7455\r\n+CREG: 2\r\nRING\r\nIMEI SV: 20\r\nOK\r\n",
      { "Model: MC7455", "IMEI SV: 20" }, "OK", "done" },
    { "AT+CREG?", "AT+CREG?\r\r\n+CREG: 0,1\r\n\r\nOK\r\n", { "+CREG: 0,1" }, "OK", "done" },
    { "AT!SKU?", "~\255old\r\n~\1AT!SKU?\r\r\n1102476\r\nOK\r\n", { "1102476" }, "OK", "done" },
    { "AT!X?", "OKAY\r\nNOT OK\r\nERROR 5\r\nOK\r\n", { "OKAY", "NOT OK", "ERROR 5" }, "OK", "done" },
  }
  for _, case in ipairs(cases) do
    local command, text, want, final, verdict = unpack(case)

    local function check(pieces)
      local answer = read(command, pieces)
      assert.same(want, answer.lines)
      assert.equal(final, answer.final)
      assert.equal(verdict, answer.verdict)
    end

    it(("to %s ends with %s, however it is split"):format(command, final), function()
      check { text }
      local bytes = {}
      for byte in text:gmatch "." do bytes[#bytes + 1] = byte end
      check(bytes)
      for cut = 0, #text do check { text:sub(1, cut), text:sub(cut + 1) } end
    end)
  end

  it("keeps what was said unasked apart", function()
    local answer = read("ATI", { "ATI\r\r\n+CREG: 1\r\nRING\r\nModel: X\r\nOK\r\n" })
    assert.same({ "+CREG: 1", "RING" }, answer.unsolicited)
    assert.same({ "Model: X" }, answer.lines)
  end)

  it("is not complete before its last line is", function()
    local answer = reader.new "AT"
    assert.is_false(answer:feed "AT\r\r\nOK")
    assert.is_true(answer:feed "\r")
  end)

  it("is told from what other ports say", function()
    assert.is_true(read("AT", { "\1\0\0\0\48\0\0\0" }):is_not_at())
    assert.is_true(read("AT", { "S,1*22\r\n$GPGSV,4,1,16\r\n" }):is_not_at())
    assert.is_true(read("AT", { "\126\13\22\0\126" }):is_not_at())
    assert.is_false(read("AT", { "AT\r\r\n" }):is_not_at())
  end)

  it("keeps the end of a line that is too long, however it is split", function()
    local line = ("x"):rep(1500) .. "end"
    local text, bytes = line .. "\r\nOK\r\n", {}
    for byte in text:gmatch "." do bytes[#bytes + 1] = byte end
    assert.same({ line:sub(-1024) }, read("AT", { text }).lines)
    assert.same({ line:sub(-1024) }, read("AT", bytes).lines)
  end)

  it("bears any bytes without growing", function()
    local random = math.random
    math.randomseed(1)
    for _ = 1, 300 do
      local answer, parts = reader.new "AT!IMAGE?", {}
      for index = 1, random(200) do
        parts[index] = random(4) == 1 and "\r\n" or string.char(random(0, 255))
      end
      answer:feed(table.concat(parts))
      for _, line in ipairs(answer.lines) do assert.is_nil(line:find "%c") end
      for _, parse in pairs(answers) do assert.is_table(parse(answer.lines)) end
    end
    local endless = reader.new "AT"
    for _ = 1, 3000 do endless:feed(("x"):rep(100) .. "\r\n" .. ("y"):rep(100)) end
    assert.is_true(#endless.lines <= 1000)
    for _ = 1, 100 do endless:feed(("z"):rep(1000)) end
    assert.is_true(#endless.rest <= 1024)
  end)
end)

describe("the lines of", function()
  -- forum 21083; libqmi-devel 2017-November/002588
  local impref = lines [[
!IMPREF:
preferred fw version:    02.33.03.00
preferred carrier name:  GENERIC
preferred config name:   GENERIC_002.072_000
preferred subpri index:  000
current fw version:      02.33.03.00
current carrier name:    GENERIC
current config name:     GENERIC_002.026_000
current subpri index:    000
config name mismatch]]

  it("AT!IMPREF? are what is preferred and what runs", function()
    assert.same({
      preferred = { firmware = "02.33.03.00", carrier = "GENERIC", config = "002.072_000" },
      current = { firmware = "02.33.03.00", carrier = "GENERIC", config = "002.026_000" },
      mismatch = { "config name" },
    }, answers.preference(impref))
  end)

  it("AT!GOBIIMPREF? may be empty", function()
    assert.same({ preferred = {}, current = { firmware = "05.05.16.02" }, mismatch = {} }, answers.preference(
      lines "!GOBIIMPREF:\npreferred fw version:\npreferred carrier name:\ncurrent fw version: 05.05.16.02"))
  end)

  it("AT!IMPREF? are the same with more blanks", function()
    local text = table.concat(impref, "\n"):gsub("fw version:", " fw  version :"):gsub("config name", "config   name")
    assert.same(answers.preference(impref), answers.preference(lines(text)))
    assert.equal("02.33.03.00", answers.preference({ " preferred  fw version:    02.33.03.00" }).preferred.firmware)
  end)

  it("AT!IMPREF? name what does not agree, in more or fewer words", function()
    for text, field in pairs { ["fw mismatch"] = "fw version", ["fw version mismatch"] = "fw version",
      ["carrier mismatch"] = "carrier name", [" Config Name  Mismatch!"] = "config name" } do
      assert.same({ field }, answers.preference({ text }).mismatch)
    end
    assert.same({}, answers.preference({ "no mismatch", "fw version: 1" }).mismatch)
  end)

  it("AT!PCINFO? say online among other words", function()
    for text, online in pairs { ["1 (ONLINE)"] = true, Online = true, ["0 (LPM)"] = false, ["Offline"] = false,
      ["Low Power Mode"] = false, ["state online"] = true } do
      assert.equal(online, answers.power({ "State: " .. text }).online)
    end
  end)

  it("AT!PCINFO? are votes, of a 9x30", function()
    local found = answers.power(lines [[
State: Low Power Mode
LPM voters - Temp:0, Volt:0, User:0, W_DISABLE:0, IMSWITCH:1, BIOS:0, LWM2M:0, OMADM:0, FOTA:0
LPM persistence - None]])
    assert.equal("Low Power Mode", found.state)
    assert.is_false(found.online)
    assert.is_false(found.persistent)
    assert.equal(1, found.votes.IMSWITCH)
    assert.equal(0, found.votes.FOTA)
  end)

  -- libqmi-devel 2017-November/002587
  it("AT!PCINFO? are votes, of a 9x15", function()
    assert.same({ state = "LowPowerMode", online = false, persistent = true,
      votes = { W_DISABLE = 0, User = 0, Temp = 0, Volt = 0, BIOS = 0, GOBIIM = 1 } }, answers.power(lines [[
State: LowPowerMode
LPM force flags - W_DISABLE:0, User:0, Temp:0, Volt:0, BIOS:0, GOBIIM:1
W_DISABLE: 0
Poweroff mode: 0
LPM Persistent: 1]]))
    assert.is_true(answers.power({ "State: Online" }).online)
  end)

  -- 4IceG/luci-app-modemband issue 4; danielewood issue 48
  it("AT!PRIID? are the settings' origin", function()
    local found = answers.settings(lines [[
PRI Part Number: 9904336
Revision: 001.007
Customer: Dell
Carrier PRI: 9999999_9904597_SWI9X30C_02.24.05.06_00_ORANGE-EU_002.022_000]])
    assert.same({ firmware = "02.24.05.06", carrier = "ORANGE-EU", config = "002.022_000" }, found.versions)
    assert.equal("Dell", found.customer)
    assert.same({}, answers.settings(lines
      "PRI Part Number: Unknown\nRevision: Unknown\nCustomer: Unknown\nCarrier PRI: None"))
  end)

  it("AT!PRIID? may be several, of which none is known to run", function()
    local one = "9999999_9907258_SWI9X50C_01.07.02.00_00_ATT_002.008_004"
    local other = "9999999_9907259_SWI9X50C_01.09.04.00_00_GENERIC_002.019_000"
    for _, list in ipairs { { one, other }, { other, one } } do
      local found = answers.settings { "Customer: Dell", "Carrier PRI: " .. list[1], "Carrier PRI: " .. list[2] }
      assert.same({ customer = "Dell", carrier_pris = list }, found)
    end
    assert.equal("ATT", answers.settings({ "Carrier PRI: None", "Carrier  PRI: " .. one }).versions.carrier)
  end)

  -- forum 7225; danielewood issue 48
  it("ATI are the modem's identity", function()
    local found = answers.identity(lines [[
Manufacturer: Sierra Wireless, Incorporated
Model: MC7355
Revision: SWI9X15C_01.08.16.03 r15408 carmd-fwbuild1 2013/05/23 01:33:27
MEID: 35922505082765
ESN: 12808508396, 80C37BEC
IMEI: 359225050827658
IMEI SV: 12
FSN: LQ350200
+GCAP: +CIS707-A,CIS-856,CIS-856-A,+CGSM]])
    assert.equal("MC7355", found.model)
    assert.equal("SWI9X15C", found.family)
    assert.equal("01.08.16.03", found.firmware)
    assert.equal("359225050827658", found.imei)
    assert.equal("12", found.imei_sv)
    assert.equal("LQ350200", found.fsn)
  end)

  it("AT!GSTATUS? hold the mode among other columns", function()
    local text = "!GSTATUS:\nCurrent Time:  434            Temperature: 29\n"
      .. "Reset Counter: 3              Mode:        %s   \nSystem mode:   LTE        PS state:    Attached"
    assert.equal("LOW POWER MODE", answers.status(lines(text:format "LOW POWER MODE")).mode)
    assert.equal("ONLINE", answers.status(lines(text:format "ONLINE")).mode)
    assert.same({}, answers.status { "System mode: LTE" })
  end)

  -- forum 34354, 23268, 21716
  it("AT!IMAGE? are the images stored", function()
    local found = answers.images(lines [[
TYPE SLOT STATUS LRU FAILURES UNIQUE_ID BUILD_ID
FW   1    GOOD   1   0 0      ?_?         02.33.03.00_?
FW   2    GOOD   2   1 2      ?_?         02.08.02.00_?
FW   3    EMPTY  0   0 0
Max FW images: 4
Active FW image is at slot 1
TYPE SLOT STATUS LRU FAILURES UNIQUE_ID BUILD_ID
PRI  FF   GOOD   0   0 0      002.072_000 02.33.03.00_GENERIC
Max PRI images: 50]])
    assert.equal(3, #found)
    assert.same({ type = "modem", slot = 1, status = "GOOD", failures = 0, unique_id = "?_?",
      build_id = "02.33.03.00_?", active = true }, found[1])
    assert.equal(3, found[2].failures)
    assert.is_false(found[2].active)
    assert.same({ type = "pri", status = "GOOD", failures = 0, unique_id = "002.072_000",
      build_id = "02.33.03.00_GENERIC", active = false }, found[3])
    assert.same({ modem = 4, pri = 50 }, found.most)
    assert.equal(1, found.active_slot)
  end)
end)

-- A port that answers each command by the next of a list: text in pieces, or a failure's code. When
-- there is no more, it is silent.
local function port_with(...)
  local queue, port = { ... }, { sent = {}, pending = {} }
  function port:discard() self.pending = {} end
  function port:write(bytes)
    self.sent[#self.sent + 1] = bytes
    local next_answer = table.remove(queue, 1)
    self.pending = type(next_answer) == "table" and next_answer or { next_answer }
    return true
  end
  function port:read()
    local piece = table.remove(self.pending, 1) or "port.timeout"
    if failure.codes[piece] then return nil, failure.new(piece, piece) end
    return piece
  end
  function port:close() self.closed = true end
  return port
end

local function fails(code, answer, problem)
  assert.is_nil(answer)
  assert.equal(code, problem.code)
  assert.truthy(failure.hint(problem))
  return problem
end

describe("an AT session", function()
  it("sends a command with CR and gives the lines", function()
    local port = port_with { "\r\n1102476\r", "\n\r\nOK\r\n" }
    local answer = assert(at.session(port):command "AT!SKU?")
    assert.same({ "AT!SKU?\r" }, port.sent)
    assert.same({ "1102476", final = "OK", unsolicited = {} }, answer)
  end)

  it("tells refusals apart", function()
    local session = at.session(port_with("ERROR\r\n", "+CME ERROR: 4\r\n", "+CME ERROR: not allowed\r\n",
      "one\r\nNOT IMPLEMENTED\r\n"))
    assert.is_true(at.is_refusal(fails("at.error", session:command "AT!X")))
    local number = fails("at.cme_error", session:command "AT!X")
    assert.equal(4, number.number)
    assert.equal("not allowed", fails("at.cme_error", session:command "AT!X").text)
    local unknown = fails("at.not_implemented", session:command "AT!X")
    assert.equal("NOT IMPLEMENTED", unknown.answer.final)
    assert.same("one", unknown.answer[1])
    assert.is_true(at.is_refusal(unknown))
  end)

  it("tells silence, a hang-up and other ports apart", function()
    assert.is_false(at.is_refusal(fails("at.timeout", at.session(port_with()):command "AT!X")))
    local session = at.session(port_with({ "port.closed" }, "\1\0\0\0\48", { "half", "port.interrupted" },
      "AT!X\r\r\nno end\r\n"))
    fails("at.closed", session:command "AT!X")
    assert.matches("01 00 00 00 30", fails("at.not_at", session:command "AT!X").evidence)
    fails("port.interrupted", session:command "AT!X")
    assert.matches("no end", fails("at.timeout", session:command "AT!X").evidence)
  end)

  it("ends at its deadline when the port never falls silent", function()
    local port = port_with()
    function port.read() return "x\r\n" end
    fails("at.timeout", at.session(port):command("AT!X", 20))
  end)

  it("unlocks with the known word", function()
    local port = port_with "OK\r\n"
    assert(at.session(port):unlock())
    assert.same({ 'AT!ENTERCND="A710"\r' }, port.sent)
  end)

  it("asks older firmware in its own words", function()
    local port = port_with("ERROR\r\n", "!GOBIIMPREF:\r\n preferred fw version: 05.05.58.01\r\n\r\nOK\r\n")
    assert.equal("05.05.58.01", assert(at.session(port):ask "preference").preferred.firmware)
    assert.same({ "AT!IMPREF?\r", "AT!GOBIIMPREF?\r" }, port.sent)
    fails("at.error", at.session(port_with("ERROR\r\n", "NOT IMPLEMENTED\r\n")):ask "preference")
    local silent = port_with()
    fails("at.timeout", at.session(silent):ask "preference")
    assert.equal(1, #silent.sent)
  end)

  it("raises for a caller who is wrong", function()
    local port = port_with()
    local session = at.session(port)
    assert.is_true(at.is_command "at+cfun=1")
    for _, text in ipairs { "", "hello", "AT\r", "AT\nAT!BOOTHOLD" } do
      assert.is_false(at.is_command(text))
      assert.has_error(function() session:command(text) end)
    end
    assert.has_error(function() session:ask "weather" end)
    session:close()
    session:close()
    assert.is_true(port.closed)
    assert.has_error(function() session:command "AT" end)
    assert.same({}, port.sent)
  end)
end)

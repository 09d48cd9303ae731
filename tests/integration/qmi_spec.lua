-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

local core = require "moonflash.core.qmi"
local dms = require "moonflash.protocol.qmi.dms"
local fake = require "tests.fakes.qmi"
local qmi = require "moonflash.protocol.qmi"
local sys = require "moonflash.core.sys"

local LONG = 20000 -- more than anything here takes
local SHORT = 100

describe("QMI", function()
  local modem, session

  local function start(script, options)
    modem = fake.start(script)
    local problem
    session, problem = qmi.open(modem.path, options)
    return session, problem
  end

  -- What a function gives, and how long it took.
  local function timed(work)
    local before = sys.clock_ms()
    local answer, problem = work()
    return sys.clock_ms() - before, answer, problem
  end

  -- How often this process has the modem's port open.
  local function open_ports()
    local count = 0
    for _, name in ipairs(sys.list "/proc/self/fd") do
      if sys.link("/proc/self/fd/" .. name) == modem.path then count = count + 1 end
    end
    return count
  end

  after_each(function()
    if session then session:close() end
    if modem then modem:stop() end
    modem, session = nil, nil
  end)

  describe("requests", function()
    it("allocate a client once and number themselves", function()
      start [[ on[0x0023] = answer(ok .. " 01 05 00 31 2e 30 20 72")
               on[0x0022] = answer(ok .. " 01 02 00 4d 43") ]]
      assert.equal("1.0 r", session:request(dms.get_revision).revision)
      assert.equal("MC", session:request(dms.get_model).model)
      local seen = modem:seen(3)
      assert.same({ 0, 2, 2 }, { seen[1].service, seen[2].service, seen[3].service })
      assert.same({ 0x22, 0x23, 0x22 }, { seen[1].message, seen[2].message, seen[3].message })
      assert.equal("\2", seen[1].tlvs[1])
      assert.same({ 1, 1 }, { seen[2].client, seen[3].client })
      assert.are_not.equal(seen[2].transaction, seen[3].transaction)
    end)

    it("go through a symbolic link, as below a simulator's root", function()
      modem = fake.start [[ on[0x0022] = answer(ok .. " 01 02 00 4d 43") ]]
      local folder = sys.temporary_folder()
      assert(sys.symlink(modem.path, folder .. "/cdc-wdm0"))
      session = assert(qmi.open(folder .. "/cdc-wdm0"))
      assert.equal("MC", session:request(dms.get_model).model)
      sys.remove_tree(folder)
    end)

    it("may be of your own", function()
      start [[ on[0x5599] = answer(ok .. " 10 02 00 07 00") ]]
      local own = qmi.messages("dms", { look = { id = 0x5599, request = { at = { 0x20, "u16" } },
        response = { level = { 0x10, "u16" } } } })
      assert.same({ level = 7 }, session:request(own.look, { at = 258 }))
      assert.equal("\2\1", modem:seen(2)[2].tlvs[0x20])
    end)

    it("raise at the caller's line when the caller is wrong", function()
      start ""
      local wrong = { function() session:request(dms.get_model, { model = "?" }) end,
        function() session:request("get_model") end, function() session:raw("dmz", 1) end }
      for _, request in ipairs(wrong) do
        local ok, problem = pcall(request)
        assert.is_false(ok)
        assert.matches("^tests/integration/qmi_spec%.lua:%d+: ", problem)
      end
    end)

    it("may be bytes", function()
      start [[ on[0x5599] = answer(ok .. " 10 02 00 07 00") on[0x559a] = answer "02 04 00 01 00 47 00" ]]
      local answer = session:raw("dms", 0x5599, { { 0x01, "\0\1" }, { 0x30, "x" } })
      assert.same({ [2] = "\0\0\0\0", [0x10] = "\7\0" }, answer)
      local request = modem:seen(2)[2]
      assert.same({ [1] = "\0\1", [0x30] = "x" }, request.tlvs)
      local refused, problem = session:raw(2, 0x559a, {})
      assert.is_nil(refused)
      assert.equal("InvalidQmiCommand (71)", problem.evidence)
      assert.equal("dms 0x559a: the modem refuses", problem.message)
    end)

    it("take answers that come in pieces, after answers to nobody", function()
      start [[
        on[0x0022] = both(send "01 13 00 80 02 01 02 77 77 2e 00 07 00 02 04 00 00 00 00 00",
          both(send "01 13 00", after(20, both(
            send "80 02 01 02 01 00 22 00 07 00 02 04 00 00 00", after(20, send "00 00"))))) ]]
      assert.same({}, session:request(dms.get_model, nil, LONG))
    end)

    it("take an answer of 4 KiB", function()
      start [[ on[0x0049] = answer(ok .. " 01 00 10" .. ("41"):rep(4096)) ]]
      assert.equal(("A"):rep(4096), session:raw(2, 0x0049, {})[1])
    end)
  end)

  describe("tells apart", function()
    it("a refusal", function()
      start [[ on[0x002e] = answer "02 04 00 01 00 3c 00" ]]
      local answer, problem = session:request(dms.set_operating_mode, { mode = "offline" })
      assert.is_nil(answer)
      assert.equal("qmi.refused", problem.code)
      assert.equal(60, problem.error)
      assert.equal("InvalidTransition", problem.error_name)
      assert.equal("dms set_operating_mode: the modem refuses (InvalidTransition (60))", tostring(problem))
    end)

    it("silence, to the millisecond", function()
      start()
      assert(session:raw(0, 0x0027, {}))
      for _ = 1, 2 do
        local took, answer, problem = timed(function() return session:request(dms.get_model, nil, SHORT) end)
        assert.is_nil(answer)
        assert.equal("qmi.timeout", problem.code)
        assert.is_true(took >= SHORT and took < SHORT + 1000)
      end
    end)

    it("a modem that goes away while it is asked", function()
      start [[ on[0x002e] = hang_up ]]
      local took, answer, problem = timed(function()
        return session:request(dms.set_operating_mode, { mode = "reset" }, LONG)
      end)
      assert.is_nil(answer)
      assert.equal("qmi.closed", problem.code)
      assert.is_true(took < LONG / 2)
    end)

    it("an answer sent before the modem goes away", function()
      start [[ on[0x002e] = both(answer(ok), after(50, hang_up)) ]]
      assert.same({}, session:request(dms.set_operating_mode, { mode = "reset" }, LONG))
    end)

    it("a modem that went away between two requests", function()
      start [[ on[0x0022] = answer(ok) ]]
      assert(session:request(dms.get_model))
      modem:stop()
      for _ = 1, 2 do
        local took, _, problem = timed(function() return session:request(dms.get_model, nil, LONG) end)
        assert.equal("qmi.closed", problem.code)
        assert.is_true(took < LONG / 2)
      end
      assert.is_true(session:close())
    end)

    it("what cannot be read", function()
      start [[ on[0x0022] = answer "10 01 00 00" on[0x002d] = answer(ok .. " 10 01 00 04") ]]
      for _, message in ipairs { dms.get_model, dms.get_operating_mode } do
        local _, problem = session:request(message)
        assert.equal("qmi.malformed", problem.code)
      end
    end)

    it("an answer to something else", function()
      start [[ on[0x0022] = answer_as(0x0023, ok) ]]
      local _, problem = session:request(dms.get_model, nil, LONG)
      assert.equal("qmi.failed", problem.code)
      assert.truthy(problem.evidence:find("0x0023", 1, true))
    end)

    it("a broken stream, naming it", function()
      start [[ on[0x0022] = send "de ad be ef" ]]
      local _, problem = session:request(dms.get_model, nil, LONG)
      assert.equal("qmi.closed", problem.code)
      assert.truthy(problem.evidence:find("framing", 1, true))
    end)
  end)

  describe("an answer that comes too late", function()
    it("is not taken for the next one's", function()
      start [[ on[0x0022] = turns(after(300, answer(ok .. " 01 01 00 31")), silence)
               on[0x0023] = after(600, answer(ok .. " 01 01 00 32")) ]]
      local _, problem = session:request(dms.get_model, nil, SHORT)
      assert.equal("qmi.timeout", problem.code)
      assert.equal("2", session:request(dms.get_revision, nil, LONG).revision)
    end)
  end)

  describe("a client id", function()
    it("is asked for again when a fresh modem is silent, within the time given", function()
      start [[ ctl[0x0022] = turns(silence, silence, answer(ok .. " 01 02 00 02 05"))
               on[0x0022] = answer(ok) ]]
      local took, answer = timed(function() return session:request(dms.get_model, nil, 600) end)
      assert.same({}, answer)
      assert.is_true(took < 600)
      assert.equal(5, modem:seen(4)[4].client)
    end)

    it("is not asked for a fourth time", function()
      start [[ ctl[0x0022] = silence ]]
      local took, _, problem = timed(function() return session:request(dms.get_model, nil, 300) end)
      assert.equal("qmi.timeout", problem.code)
      assert.truthy(problem.message:find "^ctl allocate_client")
      assert.is_true(took >= 300)
      assert.equal(3, #modem:seen(3))
    end)

    it("is refused when there are no more", function()
      start [[ ctl[0x0022] = answer "02 04 00 01 00 05 00" ]]
      local _, problem = session:request(dms.get_model)
      assert.equal("ClientIdsExhausted", problem.error_name)
      assert.equal("the modem gives no access to the service dms", problem.message)
      assert.equal(1, #modem:seen(1))
    end)

    it("that is 0 is none", function()
      start [[ ctl[0x0022] = answer(ok .. " 01 02 00 02 00") ]]
      local _, problem = session:request(dms.get_model)
      assert.equal("qmi.malformed", problem.code)
    end)

    it("is given back only when told so", function()
      start [[ on[0x0022] = answer(ok) ]]
      assert(session:request(dms.get_model))
      assert.is_true(session:close(LONG, { release = true }))
      local seen = modem:seen(3)
      assert.equal(0x23, seen[3].message)
      assert.equal("\2\1", seen[3].tlvs[1])
      session = assert(qmi.open(modem.path))
      assert(session:request(dms.get_model))
      assert.is_true(session:close(LONG))
      assert.equal(5, #modem:seen(5))
    end)

    it("that is not taken back does not hold up the close", function()
      start [[ on[0x0022] = answer(ok) ctl[0x0023] = silence ]]
      assert(session:request(dms.get_model))
      local took, closed = timed(function() return session:close(SHORT, { release = true }) end)
      assert.is_true(closed)
      assert.is_true(took < LONG / 2)
    end)
  end)

  describe("opening", function()
    it("frees other programs' clients only when told so", function()
      start("", { sync = true })
      assert.equal(0x27, modem:seen(1)[1].message)
      session:close()
      session = assert(qmi.open(modem.path))
      assert(session:raw(0, 0x0027, {}))
      assert.equal(2, #modem:seen(2))
    end)

    it("ends when the modem does not answer the sync", function()
      local took, opened, problem = timed(function()
        return start([[ ctl[0x0027] = silence ]], { sync = true, timeout_ms = SHORT })
      end)
      assert.is_nil(opened)
      assert.equal("qmi.timeout", problem.code)
      assert.is_true(took < LONG / 2)
    end)

    it("ends when the modem goes away", function()
      local _, problem = start([[ ctl[0x0027] = hang_up ]], { sync = true, timeout_ms = LONG })
      assert.equal("qmi.closed", problem.code)
    end)

    it("fails on what is no port", function()
      for path, evidence in pairs {
        ["/nowhere/cdc-wdm0"] = "No such file or directory", ["/"] = "Inappropriate ioctl for device",
        ["tests/busted.lua"] = "Inappropriate ioctl for device",
      } do
        local opened, problem = qmi.open(path)
        assert.is_nil(opened)
        assert.equal("qmi.open_failed", problem.code)
        assert.equal(evidence, problem.evidence)
      end
    end)

    it("says when the module is missing", function()
      local loaded, preload = package.loaded["moonflash.core.qmi"], package.preload["moonflash.core.qmi"]
      package.loaded["moonflash.core.qmi"] = nil
      package.preload["moonflash.core.qmi"] = function() error("no libqmi here", 0) end
      local opened, problem = qmi.open "/dev/null"
      package.loaded["moonflash.core.qmi"], package.preload["moonflash.core.qmi"] = loaded, preload
      assert.is_nil(opened)
      assert.equal("qmi.unavailable", problem.code)
      assert.equal("no libqmi here", problem.evidence)
    end)
  end)

  describe("over MBIM", function()
    it("asks, is refused, closes politely", function()
      start([[ mbim = { done, done, done } on[0x0022] = answer(ok .. " 01 02 00 4d 43")
               on[0x002e] = answer "02 04 00 01 00 3c 00" ]], { mbim = true, sync = true })
      assert.equal("MC", session:request(dms.get_model).model)
      local _, problem = session:request(dms.set_operating_mode, { mode = "online" })
      assert.equal(60, problem.error)
      local took, closed = timed(function() return session:close(LONG, { release = true }) end)
      assert.is_true(closed)
      assert.is_true(took < LONG / 2)
      local messages = {}
      for index, request in ipairs(modem:seen(5)) do messages[index] = request.message end
      assert.same({ 0x27, 0x22, 0x22, 0x2e, 0x23 }, messages)
    end)

    it("keeps deadlines", function()
      start([[ mbim = { done, done, done } ctl[0x0022] = silence ]], { mbim = true })
      local took, _, problem = timed(function() return session:request(dms.get_model, nil, SHORT) end)
      assert.equal("qmi.timeout", problem.code)
      assert.is_true(took < SHORT + 1000)
    end)

    it("a modem that goes away is closed", function()
      start([[ mbim = { done, done, done } on[0x002e] = hang_up ]], { mbim = true })
      local took, _, problem = timed(function()
        return session:request(dms.set_operating_mode, { mode = "reset" }, LONG)
      end)
      assert.equal("qmi.closed", problem.code)
      assert.is_true(took < LONG / 2)
      took = timed(function() return session:close(LONG) end)
      assert.is_true(took < LONG / 2)
      assert.equal(0, open_ports())
    end)

    it("ends when the modem says nothing at all", function()
      local took, opened, problem = timed(function()
        return start([[ mbim = {} ]], { mbim = true, timeout_ms = SHORT })
      end)
      assert.is_nil(opened)
      assert.equal("qmi.timeout", problem.code)
      assert.is_true(took < LONG / 2)
      assert.equal(0, open_ports())
    end)

    it("ends when the modem does not say goodbye", function()
      start([[ mbim = { done, silence, done } ]], { mbim = true })
      local took, closed, problem = timed(function() return session:close(SHORT) end)
      assert.is_nil(closed)
      assert.equal("qmi.timeout", problem.code)
      assert.is_true(took >= SHORT and took < SHORT + 1000)
      assert.equal(0, open_ports())
    end)

    it("gives the port back when the modem answers nothing behind the opening", function()
      local took, opened, problem = timed(function()
        return start([[ mbim = { done, silence, silence } ]], { mbim = true, timeout_ms = SHORT })
      end)
      assert.is_nil(opened)
      assert.equal("qmi.timeout", problem.code)
      assert.is_true(took < LONG / 2)
      assert.equal(0, open_ports())
    end)

    it("gives the port back after a request without an answer", function()
      start([[ mbim = { done, silence, done } ]], { mbim = true })
      assert.is_nil(session:request(dms.get_model, nil, SHORT))
      session:close(SHORT)
      assert.equal(0, open_ports())
    end)
  end)

  describe("closing", function()
    it("twice is harmless, a request afterwards is not", function()
      start()
      assert.is_true(session:close())
      assert.is_true(session:close())
      assert.has_error(function() session:request(dms.get_model) end)
    end)

    it("gives the port back, to a collected session too", function()
      modem = fake.start [[ on[0x0022] = answer(ok) ]]
      session = assert(qmi.open(modem.path))
      assert.is_true(open_ports() > 0)
      session:close()
      assert.equal(0, open_ports())
      session = assert(qmi.open(modem.path))
      assert(session:request(dms.get_model))
      session = nil
      collectgarbage()
      collectgarbage()
      assert.equal(0, open_ports())
    end)
  end)

  describe("names", function()
    it("of the errors that matter", function()
      local names = { [5] = "ClientIdsExhausted", [51] = "DeviceStorageFull", [52] = "DeviceNotReady",
        [60] = "InvalidTransition", [71] = "InvalidQmiCommand", [94] = "NotSupported" }
      for number, name in pairs(names) do assert.equal(name, core.error_name(number)) end
      assert.is_nil(core.error_name(10008))
    end)

    it("of services", function()
      for _, word in ipairs { "dms", "DMS", 2, "2", "0x02" } do assert.equal(2, qmi.service(word)) end
      for _, word in ipairs { "dmz", -1, 256, "1.5" } do assert.is_nil(qmi.service(word)) end
    end)

    it("of messages", function()
      for _, word in ipairs { "set_firmware_id", "set-firmware-id", 0x3e, "0x003e", "62" } do
        assert.equal(dms.set_firmware_id, qmi.message("dms", word))
      end
      assert.same({ service = 2, id = 0x5599 }, qmi.message(2, "0x5599"))
      assert.same({ service = 3, id = 0x3e }, qmi.message("nas", 0x3e))
      assert.is_nil(qmi.message("dms", "no_such"))
      assert.same({ "delete_stored_image", "get_boot_image_download_mode" }, { unpack(qmi.message_names "dms", 1, 2) })
      assert.same({}, qmi.message_names "wds")
      assert.is_nil(qmi.message("dms", "0x10000"))
      assert.is_nil(qmi.message("dmz", 1))
    end)

    it("a message without a table can be asked", function()
      start [[ on[0x5599] = answer "02 04 00 01 00 5e 00" ]]
      local _, problem = session:request(qmi.message("dms", 0x5599))
      assert.equal("dms 0x5599: the modem refuses (NotSupported (94))", tostring(problem))
    end)
  end)

  it("ends a request when the program is asked to stop", function()
    sys.catch_signals()
    start [[ on[0x0022] = answer(ok) ]]
    assert(session:request(dms.get_model))
    sys.kill(sys.process_id(), "INT")
    local took, _, problem = timed(function() return session:request(dms.get_revision, nil, LONG) end)
    sys.clear_interrupt()
    assert.equal("qmi.interrupted", problem.code)
    assert.is_true(took < LONG / 2)
    assert.same({}, session:request(dms.get_model))
  end)

  it("raises for TLVs that are none", function()
    start()
    assert.has_error(function() session:raw("nokia", 1) end)
    assert.has_error(function() session:request(nil) end,
      "a QMI message expected (of flash.dms or flash.qmi.messages), got nil")
    for _, tlvs in ipairs { { 1, "x" }, { { 1 } }, { { "x", 1 } }, { { type = 1 } } } do
      assert.error_matches(function() session:raw(2, 1, tlvs) end, "TLVs are a list of { type, bytes }", 1,
        true)
    end
    assert.has_error(function() session:raw(2, 1, { { 1, "" } }) end)
    assert.has_error(function() session:raw(2, 1, { { 256, "x" } }) end)
    assert.has_error(function() session:raw(2, 1, { { 1, ("x"):rep(65536) } }) end)
    assert.has_error(function() session:raw(2, 1, { { 1, ("x"):rep(40000) }, { 2, ("x"):rep(40000) } }) end)
    assert.has_error(function() session:raw(2, 1, { 1 }) end)
  end)
end)

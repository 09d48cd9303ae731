-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

local codec = require "moonflash.protocol.qmi.codec"
local ctl = require "moonflash.protocol.qmi.ctl"
local dms = require "moonflash.protocol.qmi.dms"
local message = require "moonflash.protocol.qmi.message"
local qmux = require "tests.fakes.qmux"
local vectors = require "tests.vectors.init"

-- libqmi names the errors: a build without it shows only their numbers.
local has_names = pcall(require, "moonflash.core.qmi")

local examples = vectors.named "qmi-examples"

local function frame_of(entry, fields, header)
  header = header or {}
  return qmux.frame({
    service = header.service or 2, client = header.client or 1, transaction = header.transaction or 1,
    message = entry.id,
  }, qmux.tlvs(message.request(entry, fields)))
end

local function answer_of(entry, frame)
  return message.answer(entry, qmux.parse(frame).tlvs)
end

local preference = {
  { type = "modem", unique_id = "?_?", build_id = "02.24.05.06_?" },
  { type = "pri", unique_id = "002.026_000", build_id = "02.24.05.06_GENERIC" },
}

describe("requests, byte by byte", function()
  local requests = {
    { "set firmware id", dms.set_firmware_id },
    { "get preference", dms.get_firmware_preference },
    { "get current firmware", dms.swi_get_current_firmware },
    { "offline", dms.set_operating_mode, { mode = "offline" } },
    { "reset", dms.set_operating_mode, { mode = "reset" } },
    { "online", dms.set_operating_mode, { mode = "online" } },
    { "boot download", dms.set_boot_image_download_mode, { mode = "boot_and_recovery" } },
    { "usb composition 6", dms.swi_set_usb_composition, { composition = 6 } },
    { "set preference", dms.set_firmware_preference, { images = preference } },
    { "allocate", ctl.allocate_client, { service = 2 }, { service = 0, client = 0 } },
    { "release", ctl.release_client, { client = { service = 2, id = 1 } },
      { service = 0, client = 0, transaction = 3 } },
  }
  for _, case in ipairs(requests) do
    it(case[1], function()
      assert.equal(examples[case[1]], frame_of(case[2], case[3], case[4]))
    end)
  end

  it("set preference is 85 bytes long", function()
    assert.equal(85, #frame_of(dms.set_firmware_preference, { images = preference }))
  end)

  it("override and storage index follow the list", function()
    local tlvs = message.request(dms.set_firmware_preference,
      { storage_index = 2, images = preference, override = 1 })
    assert.equal(0x01, tlvs[1][1])
    assert.same({ { 0x10, "\1" }, { 0x11, "\2" } }, { tlvs[2], tlvs[3] })
  end)

  it("agree with the traces", function()
    local em7455 = vectors.load "qmi-em7455-ctl-allocate-dms"
    assert.equal(em7455[1].bytes,
      frame_of(ctl.allocate_client, { service = 2 }, { service = 0, client = 0 }))
    local em7565 = vectors.load "qmi-em7565-set-firmware-id-missing-argument"
    assert.equal(em7565[1].bytes, frame_of(dms.set_firmware_id, {}, { client = 8 }))
    assert.equal(em7565[3].bytes, frame_of(dms.set_boot_image_download_mode,
      { mode = "boot_and_recovery" }, { client = 8, transaction = 2 }))
    local mbim = vectors.load "qmi-over-mbim-fcc-auth"
    assert.equal(mbim[1].bytes:sub(-13), frame_of(dms.set_fcc_authentication, {}, { client = 0x14 }))
    local mc7710 = vectors.load "qmi-mc7710-swi-get-current-firmware"
    assert.equal(mc7710[1].bytes, frame_of(dms.swi_get_current_firmware, {}, { transaction = 5 }))
  end)

  it("can say what Bjørn's script says", function()
    local lines = vectors.load "qmi-set-firmware-preference-bjorn"
    local entry = { unique_id = "002.008_000", build_id = "02.11.03.00_GENERIC" }
    local function of(kind)
      return { type = kind, unique_id = entry.unique_id, build_id = entry.build_id }
    end
    local tlvs = message.request(dms.set_firmware_preference,
      { images = { of "modem", of "pri" }, override = 4 })
    assert.same({ { lines[1].tlv, lines[1].bytes }, { lines[2].tlv, lines[2].bytes } }, tlvs)
  end)

  it("are not made of wrong fields", function()
    local function refuses(text, ...)
      local ok, problem = pcall(message.request, ...)
      assert.is_false(ok)
      assert.equal(text, problem)
    end
    for _, mode in ipairs { "asleep", 256, -1, 1.5 } do
      local _, problem = pcall(message.request, dms.set_operating_mode, { mode = mode })
      local words = ("dms set_operating_mode: mode: %s does not fit 8 bits; there are: "):format(mode)
      assert.truthy(problem:find(words, 1, true))
      assert.truthy(problem:find(" online ", 1, true))
    end
    refuses("dms set_operating_mode needs the field mode", dms.set_operating_mode)
    refuses("dms get_model has no field model", dms.get_model, { model = "?" })
    refuses("dms set_firmware_preference: images[1].unique_id: longer than 16 bytes",
      dms.set_firmware_preference,
      { images = { { type = "pri", unique_id = ("1"):rep(17), build_id = "" } } })
    refuses("dms delete_stored_image: image.build_id: text expected", dms.delete_stored_image,
      { image = { type = "pri", unique_id = "1" } })
    local own = message.define("dms", { own = { id = 1, request = {
      set = { 1, { "u8", bits = { one = 1, two = 2 } }, optional = true },
      list = { 2, { list = "u8" }, optional = true },
    } } }).own
    assert.same({ { 1, "\1" } }, message.request(own, { set = { one = true, two = false } }))
    for _, set in ipairs { { "one" }, { onee = true }, { one = 1 } } do
      local _, problem = pcall(message.request, own, { set = set })
      assert.truthy(problem:find "does not fit 8 bits; there are: one two$")
    end
    refuses("dms own: list[2]: nil does not fit 8 bits", own, { list = { 1, nil, 3 } })
    local _, problem = pcall(function()
      message.define("dms", { m = { id = 1, request = { a = { 1, "u9" } } } })
    end)
    assert.truthy(problem:find "qmi_codec_spec.lua:%d+: m.a: no such format: u9$")
  end)
end)

describe("answers", function()
  it("say that all is well", function()
    assert.same({}, answer_of(dms.set_operating_mode, examples["mode set"]))
    local mbim = vectors.load "qmi-over-mbim-fcc-auth"
    assert.same({}, answer_of(dms.set_fcc_authentication, mbim[2].bytes:sub(-20)))
    assert.same({ client = { service = 2, id = 1 } }, answer_of(ctl.allocate_client, examples.allocated))
  end)

  it("say what the modem wants to be sent", function()
    local function wanted(example) return answer_of(dms.set_firmware_preference, examples[example]) end
    assert.same({ types = { "modem", "pri" } }, wanted "both wanted")
    assert.same({ types = {} }, wanted "none wanted")
    assert.same({}, wanted "mode set")
  end)

  local refusals = {
    { examples["mode refused"], 60, "InvalidTransition" },
    { vectors.load("qmi-result-noeffect")[1].bytes, 26, "NoEffect" },
    { vectors.load("qmi-em7565-set-firmware-id-missing-argument")[2].bytes, 17, "MissingArgument" },
  }
  for _, case in ipairs(refusals) do
    it("are refused: " .. case[3], function()
      local answer, problem = answer_of(dms.set_operating_mode, case[1])
      assert.is_nil(answer)
      assert.equal("qmi.refused", problem.code)
      assert.equal(case[2], problem.error)
      local name = has_names and case[3] or "error"
      assert.equal(name, problem.error_name)
      assert.equal(("%s (%d)"):format(name, case[2]), problem.evidence)
    end)
  end

  it("are refused by a number without a name", function()
    local _, problem = message.answer(dms.get_model, { [2] = qmux.hex "01 00 18 27" })
    assert.equal("error (10008)", problem.evidence)
  end)

  it("read the USB composition of a real modem", function()
    local frame = vectors.load("qmi-swi-get-usb-composition-rsp")[1].bytes
    assert.same({ current = 14, supported = { 1, 6, 7, 8, 9, 10, 11, 12, 14, 19 } },
      answer_of(dms.swi_get_usb_composition, frame))
  end)

  it("read the current firmware of a real modem, as far as the trace goes", function()
    local tlvs = qmux.parse(vectors.load("qmi-mc7710-swi-get-current-firmware")[2].bytes).tlvs
    local answer = message.answer(dms.swi_get_current_firmware, tlvs)
    assert.equal("MC7710", answer.model)
    assert.equal("SWI9200X_03.00.08.02BT R3715 CARMD-EN-10526 2011/11/14 18:34:41", answer.boot_version)
    assert.is_nil(answer.carrier)
  end)

  it("read the preference, ids without their zeros", function()
    local value = qmux.parse(examples["set preference"]).tlvs[1]
    assert.same({ images = preference }, message.answer(dms.get_firmware_preference,
      { [1] = value, [2] = "\0\0\0\0" }))
  end)

  it("read stored images, an empty build id too", function()
    local id = "?_?" .. ("\0"):rep(13)
    local pri = "002.009_001" .. ("\0"):rep(5)
    local value = "\2" .. "\0\4\1\2" .. "\1\255" .. id .. "\14" .. "02.08.02.00_?\0"
      .. "\2\0" .. id .. "\0" .. "\1\50\255\1" .. "\255\255" .. pri .. "\15" .. "02.08.02.00_ATT"
    local answer = message.answer(dms.list_stored_images, { [1] = value, [2] = "\0\0\0\0" })
    assert.same({
      { type = "modem", maximum = 4, running = 1, images = {
        { storage_index = 1, failure_count = 255, unique_id = "?_?", build_id = "02.08.02.00_?" },
        { storage_index = 2, failure_count = 0, unique_id = "?_?", build_id = "" } } },
      { type = "pri", maximum = 50, running = 255, images = {
        { storage_index = 255, failure_count = 255, unique_id = "002.009_001",
          build_id = "02.08.02.00_ATT" } } },
    }, answer.groups)
  end)

  it("read mode and reasons; a mode without a name stays a number", function()
    local tlvs = { [1] = "\1", [2] = "\0\0\0\0", [0x10] = "\6\0", [0x11] = "\0" }
    assert.same({ mode = "low_power", offline_reasons = { pri_image = true, pri_version = true },
      hardware_restricted = 0 }, message.answer(dms.get_operating_mode, tlvs))
    assert.equal(9, message.answer(dms.get_operating_mode, { [1] = "\9", [2] = "\0\0\0\0" }).mode)
  end)

  it("are malformed without a whole result", function()
    for _, result in ipairs { false, "", "\0\0\0" } do
      local _, problem = message.answer(dms.get_model, { [1] = "MC7455", [2] = result or nil })
      assert.equal("qmi.malformed", problem.code)
    end
  end)

  it("are malformed when a value ends too early, wherever", function()
    local value = qmux.parse(examples["set preference"]).tlvs[1]
    for length = 0, #value - 1 do
      local answer, problem = message.answer(dms.get_firmware_preference,
        { [1] = value:sub(1, length), [2] = "\0\0\0\0" })
      assert.is_nil(answer)
      assert.equal("qmi.malformed", problem.code)
      assert.truthy(problem.evidence:find "^images")
    end
  end)

  it("never raise, whatever the bytes", function()
    math.randomseed(7)
    for _ = 1, 300 do
      local tlvs = { [2] = "\0\0\0\0" }
      for _, tlv in ipairs { 1, 0x10, 0x11, 0x12, 0x18 } do
        local data = {}
        for index = 1, math.random(0, 40) do data[index] = string.char(math.random(0, 255)) end
        tlvs[tlv] = table.concat(data)
      end
      for _, entry in pairs(dms) do
        local answer, problem = message.answer(entry, tlvs)
        assert.truthy(answer or problem.code == "qmi.malformed")
      end
    end
  end)
end)

describe("formats", function()
  local formats = {
    { "i8", -67, "\189" }, { "i8", 127, "\127" }, { "i16", -2, "\254\255" },
    { "i32", -2147483648, "\0\0\0\128" },
    { "u8", 255, "\255" }, { "u16", 0x1234, "\52\18" }, { "u32", 4294967295, "\255\255\255\255" },
    { "text", "abc", "\3abc" }, { "text", "", "\0" }, { { "text", size = 4 }, "ab", "ab\0\0" },
    { "bytes", "a\0", "\2a\0" }, { { "bytes", size = 2 }, "a\0", "a\0" },
    { { list = "u16" }, { 1, 2 }, "\2\1\0\2\0" }, { { list = "text" }, { "a", "" }, "\2\1a\0" },
    { { record = { { "a", "u8" }, { "b", "text" } } }, { a = 1, b = "x" }, "\1\1x" },
    { { "u16", bits = { low = 1, high = 256 } }, { low = true, high = true }, "\1\1" },
  }
  for index, case in ipairs(formats) do
    it("go there and back: " .. index, function()
      assert.equal(case[3], codec.encode(case[1], case[2], "value"))
      local value, after = codec.decode(case[1], "?" .. case[3] .. "rest", 2)
      assert.same(case[2], value)
      assert.equal(#case[3] + 2, after)
    end)
  end

  it("text that is the whole TLV has no length", function()
    assert.equal("abc", codec.encode("text", "abc", "value", true))
    assert.equal("abc", (codec.decode("text", "abc", 1, true)))
    assert.equal("", (codec.decode("text", "", 1, true)))
  end)

  it("are checked when a message is defined", function()
    assert.has_error(function()
      message.define("dms", { odd = { id = 1, response = { x = { 1, { list = "u64" } } } } })
    end, "odd.x[]: no such format: u64")
    assert.has_error(function() message.define("dms", { odd = {} }) end)
    assert.has_error(function()
      message.define("dms", { odd = { id = 1, respons = {} } })
    end, "odd: a message has no respons")
    for _, field in ipairs { 1, { "0x01", "u8" }, { 0x101, "u8" }, { 1.5, "u8" }, { -1, "u8" } } do
      assert.has_error(function()
        message.define("dms", { odd = { id = 1, request = { x = field } } })
      end, "odd.x: a field is { TLV, FORMAT } with a TLV from 0 to 255")
    end
    assert.has_error(function()
      message.define("dms", { odd = { id = 1, request = { x = { 1, { recrd = {} } } } } })
    end, "odd.x: no such format")
    assert.has_error(function() message.define("dmz", {}) end)
  end)

  it("every message of DMS has a number of its own", function()
    local seen = {}
    for name, entry in pairs(dms) do
      assert.is_nil(seen[entry.id], name)
      seen[entry.id] = name
    end
  end)
end)

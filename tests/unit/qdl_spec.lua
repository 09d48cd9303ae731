-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

local bytes = require "moonflash.core.bytes"
local failure = require "moonflash.base.failure"
local hdlc = require "moonflash.core.hdlc"
local qdl = require "moonflash.core.qdl"
local vectors = require "tests.vectors.init"
local words = require "moonflash.protocol.qdl_words"

local examples = vectors.named("qdl-examples")
local head = ("\0"):rep(400)
local quick = { greeting_ms = 1, greeting_attempts = 1, reply_ms = 2, ack_ms = 3, final_ack_ms = 4 }

local function hex(text)
  return bytes.hex(text)
end

-- Sends what is wanted and gives an answer; returns what was sent.
local function exchange(q, answer)
  local next_one = q:next()
  assert.equal("send", next_one.want)
  q:sent()
  if answer then q:feed(answer) end
  return next_one
end

local function greeted(q)
  q:greet()
  exchange(q, vectors.load("qdl-mc7455-sdp-error22")[2].bytes)
  exchange(q, examples["hello answer"])
  return q
end

local function opened(file_size, options)
  local q = qdl.conversation(quick)
  q:image(head, file_size, options)
  exchange(q, examples["hello answer"])
  exchange(q, vectors.load("qdl-em7455-open-unframed")[2].bytes)
  return q
end

-- Lets the operation of a conversation run into its failure with one answer to the first packet.
local function failed(q, answer)
  exchange(q, answer)
  while q:next().want ~= "failed" do
    if q:next().want == "send" then q:sent() else q:timed_out() end
  end
  return words.failure(q)
end

local function greeting_answered(answer)
  local q = qdl.conversation(quick)
  q:greet()
  return failed(q, answer)
end

describe("qdl conversation", function()
  it("greets as the trace of an MC7455 does, then resets", function()
    local q = qdl.conversation()
    q:greet()
    local trace = vectors.load("qdl-mc7455-sdp-error22")
    assert.equal(hex(trace[1].bytes), hex(exchange(q).bytes))
    assert.same({ want = "receive", within_ms = 1000 }, q:next())
    q:feed(trace[2].bytes)
    assert.equal(hex(examples["hello 6"]), hex(exchange(q, examples["hello answer"]).bytes))
    assert.same({ want = "done" }, q:next())
    assert.equal(6, q:status().version)
    assert.equal(0x30, q:status().features)
    q:reset()
    assert.equal(hex(vectors.load("qdl-em7455-reset")[1].bytes), hex(exchange(q).bytes))
    assert.equal("done", q:next().want)
    assert.is_nil(words.failure(q))
  end)

  it("says whether an image was opened: when the modem accepted the request", function()
    local q = qdl.conversation(quick)
    q:image(head, 500)
    assert.is_false(q:status().opened)
    exchange(q, examples["hello answer"])
    assert.equal("open image", q:status().state)
    q:sent()
    assert.is_false(q:status().opened)
    q:feed(vectors.load("qdl-em7455-open-unframed")[2].bytes)
    assert.is_true(q:status().opened)
  end)

  it("says which range of the image goes with a write", function()
    local q = opened(400 + 1048576 + 7792)
    local first = exchange(q, examples["ack 0"])
    assert.equal(hex(examples["write 0, 1 MiB"]), hex(first.bytes))
    assert.equal(0, first.image_offset)
    assert.equal(1048576, first.image_length)
    assert.same({ sent = 1048576, total = 1056368, sequence = 1, state = "write" },
      { sent = q:status().sent, total = q:status().total, sequence = q:status().sequence,
        state = q:status().state })
    local second = exchange(q, examples["ack 1"])
    assert.equal(1048576, second.image_offset)
    assert.equal(7792, second.image_length)
    assert.equal(hex(examples.done), hex(exchange(q, examples["done ok"]).bytes))
    assert.equal("done", q:next().want)
  end)

  it("writes a header as the trace of an MC7455 has it", function()
    local q = opened(64381598)
    local trace = vectors.load("qdl-mc7455-last-chunk")
    for sequence = 0, 60 do
      exchange(q, hdlc.frame("\40" .. bytes.u16le(sequence) .. ("\0"):rep(6)))
    end
    assert.equal(hex(trace[1].bytes), hex(exchange(q).bytes))
    assert.equal(4, q:next().within_ms)
    q:feed(trace[2].bytes)
    assert.equal(hex(examples.done), hex(q:next().bytes))
  end)

  it("takes chunk, image type and times as they are given", function()
    local q = opened(402, { chunk = 1, image_type = 6 })
    assert.equal(hex(examples["write 0, 1 byte"]), hex(exchange(q).bytes))
    assert.equal(3, q:next().within_ms)
    q = qdl.conversation(quick)
    q:image(head, 402, { image_type = 6 })
    exchange(q, examples["hello answer"])
    local payload = hdlc.decoder(512):feed(q:next().bytes)[1]
    assert.equal("25 06 92 01 00 00 01 02 00 00 00 00 00", hex(payload:sub(1, 13)))
    assert.equal(413, #payload)
  end)

  it("carries sizes of 2^31 and above", function()
    local q = opened(2 ^ 32 - 1, { chunk = 2 ^ 32 - 1 })
    assert.equal(2 ^ 32 - 401, q:next().image_length)
    assert.equal(2 ^ 32 - 401, q:status().total)
  end)

  it("raises for callers that are wrong", function()
    local q = qdl.conversation()
    for _, wrong in ipairs {
      function() q:image(head:sub(2), 500) end,
      function() q:image(head, 400) end,
      function() q:image(head, 2 ^ 32) end,
      function() q:image(head, 500, { chunk = 0 }) end,
      function() q:image(head, 500, { image_type = 256 }) end,
      function() qdl.conversation { reply_ms = -1 } end,
      function() qdl.conversation { greeting_attempts = 1e9 } end,
      function() qdl.conversation(5) end,
      function() q.next(io.stdout) end,
    } do
      assert.has_error(wrong)
    end
    q:greet()
    for _, operation in ipairs { "greet", "reset" } do
      assert.has_error(function() q[operation](q) end, "the conversation is not between operations")
    end
  end)
end)

describe("qdl failures", function()
  it("are failures with a known code, the bytes and the state", function()
    local silent = greeting_answered(nil)
    assert.is_true(failure.is(silent))
    assert.equal("qdl.silent", silent.code)
    assert.equal('no answer to "greeting"', silent.message)
    assert.is_nil(silent.evidence)
  end)

  it("tell a DIAG port", function()
    local diag = greeting_answered(vectors.load("notqdl-em7455-diag-port")[2].bytes)
    assert.equal("qdl.diag_port", diag.code)
    assert.equal("diag", diag.other_protocol)
    assert.matches("diagnostic port of a running modem", diag.message)
    assert.equal("received 13 70 00 00 6a 9a 7e", diag.evidence)
  end)

  it("tell a modem that dumps its memory", function()
    local sahara = greeting_answered(vectors.load("notqdl-mc7455-sahara-memory-debug")[2].bytes)
    assert.equal("qdl.sahara", sahara.code)
    assert.equal("sahara", sahara.other_protocol)
    assert.equal(2, sahara.mode)
    assert.matches("crashed", sahara.message)
    assert.matches("power%-cycle", failure.hint(sahara))
  end)

  it("tell another Sahara modem, and one that broke off", function()
    local hello = bytes.from_hex "01 00 00 00 30 00 00 00"
    local image = greeting_answered(hello .. ("\0"):rep(16))
    assert.equal(0, image.mode)
    assert.matches("another family", image.message)
    local broken = greeting_answered(hello)
    assert.equal("sahara", broken.other_protocol)
    assert.is_nil(broken.mode)
  end)

  it("tell the boot ROM", function()
    local nak = greeting_answered(vectors.load("notqdl-mc7750-pbl-dload-nak")[2].bytes)
    assert.equal("qdl.boot_rom", nak.code)
    assert.equal("bootrom", nak.other_protocol)
    assert.matches("boot ROM", nak.message)
  end)

  it("tell echo, text and the unknown", function()
    local echo = greeting_answered(vectors.load("qdl-mc7455-sdp-error22")[1].bytes)
    assert.equal("qdl.at_port", echo.code)
    assert.equal("at", echo.other_protocol)
    assert.equal("at", greeting_answered("\r\nERROR\r\n").other_protocol)
    local unknown = greeting_answered("\1\2\3")
    assert.equal("qdl.not_qdl", unknown.code)
    assert.equal("unknown", unknown.other_protocol)
    assert.equal("received 01 02 03", unknown.evidence)
  end)

  it("tell what the modem refused and why", function()
    local q = qdl.conversation(quick)
    q:image(head, 500)
    exchange(q, examples["hello answer"])
    local refused = failed(q, examples["open refused 7"])
    assert.equal("qdl.open_refused", refused.code)
    assert.equal(7, refused.status)
    assert.equal("the modem refused to open the image: status 7, image type not required", refused.message)
    assert.equal("received " .. hex(examples["open refused 7"]), refused.evidence)
  end)

  it("tell which write, and after how many bytes", function()
    local q = opened(402, { chunk = 1 })
    exchange(q, examples["ack 0"])
    local refused = failed(q, hdlc.frame(bytes.from_hex "28 01 00 00 00 00 00 01 00"))
    assert.equal("the modem refused write 1: status 1, CRC failed", refused.message)
    q = opened(402, { chunk = 1 })
    exchange(q, examples["ack 0"])
    local silent = failed(q, nil)
    assert.equal('no answer to "write" after 1 of 2 bytes', silent.message)
    q = opened(402, { chunk = 1 })
    local wrong = failed(q, examples["ack 1"])
    assert.equal("the modem answered write 1, not write 0", wrong.message)
    assert.equal(1, wrong.sequence)
  end)

  it("give the modem's own words", function()
    local q = opened(401)
    local error_frame = hdlc.frame("\13" .. bytes.u32le(0xffffffff) .. "flash\0")
    local told = failed(q, error_frame)
    assert.equal(0xffffffff, told.status)
    assert.equal('the modem answered "write" with error 4294967295, unknown ("flash")', told.message)
    q = opened(401)
    exchange(q, examples["ack 0"])
    local done = failed(q, hdlc.frame("\42\1\0\128not signed\0"))
    assert.equal("qdl.done_refused", done.code)
    assert.equal("the modem refused the image (failing type 128): status 1, authentication failure "
      .. '("not signed")', done.message)
  end)

  it("tell an answer that does not belong", function()
    local q = opened(401)
    local unexpected = failed(q, examples["done ok"])
    assert.equal("qdl.unexpected", unexpected.code)
    assert.equal(0x2a, unexpected.command)
    assert.matches('answered "write" with 0x2a', unexpected.message)
  end)

  it("have codes that failure.lua knows", function()
    for _, name in ipairs { "silent", "not_qdl", "diag_port", "at_port", "sahara", "boot_rom", "error",
      "open_refused", "write_refused", "wrong_sequence", "done_refused", "unexpected" } do
      assert.is_string(failure.codes["qdl." .. name])
    end
  end)

  it("stay as they are", function()
    local q = greeted(qdl.conversation(quick))
    q:image(head, 500)
    exchange(q, examples["hello answer"])
    local first = failed(q, examples["open refused 7"])
    q:feed(examples["done ok"])
    q:timed_out()
    assert.same(first, words.failure(q))
    assert.equal("failed", q:next().want)
    assert.has_error(function() q:reset() end)
  end)
end)

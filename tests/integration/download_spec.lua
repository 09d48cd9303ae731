-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Download sessions against a loader in another process, over a pseudo terminal.
local download = require "moonflash.protocol.qdl"
local failure = require "moonflash.base.failure"
local source = require "moonflash.core.source"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local HEAD, CHUNK = 400, 16384
local SIZE = HEAD + 3 * CHUNK + 1234

local function pattern(size)
  local bytes = {}
  for i = 1, size do bytes[i] = string.char((i * i + math.floor(i / 251)) % 256) end
  return table.concat(bytes)
end

local content = pattern(SIZE)
local options = { chunk = CHUNK, greeting_ms = 200, greeting_attempts = 2, reply_ms = 5000, ack_ms = 5000,
  final_ack_ms = 5000 }

describe("a download session", function()
  local folder, session, reader

  before_each(function() folder = support.folder() end)

  after_each(function()
    if session then session:close() end
    if reader then reader:close() end
    session, reader = nil, nil
    support.finish()
  end)

  local function start(fault, at)
    local peer = support.start(support.lua([[require("tests.fakes.loader").serve(...)]],
      folder .. "/copy", fault, at and tostring(at)))
    return peer:line(), peer
  end

  local function with(changes)
    local all = {}
    for name, value in pairs(options) do all[name] = value end
    for name, value in pairs(changes) do all[name] = value end
    return all
  end

  local function open(fault, at, changes)
    local path, peer = start(fault, at)
    local problem
    session, problem = download.open(path, with(changes or {}))
    return session, problem, peer
  end

  local function image(bytes, size)
    local path = folder .. "/image"
    sys.write_file(path, bytes or content)
    reader = assert(source.file(path))
    return { head = assert(reader:read(HEAD, 1000)), size = size or SIZE, reader = reader }
  end

  local function lines(peer, count)
    local all = {}
    for _ = 1, count do all[#all + 1] = peer:line() end
    return table.concat(all, "\n")
  end

  local function refused(code, ok, problem)
    assert.is_nil(ok)
    assert.is_true(failure.is(problem))
    assert.equal(code, problem.code)
    return problem
  end

  it("greets, sends two images and resets, in the proven order", function()
    local _, _, peer = open()
    assert.is_true(session:send(image()))
    assert.equal(content, sys.read_file(folder .. "/copy"))
    assert.is_true(reader:rewind())
    reader:read(HEAD, 1000)
    assert.is_true(session:send { head = content:sub(1, HEAD), size = SIZE, reader = reader })
    assert.is_true(session:reset())
    local one_image = ("hello\nopen %d %d\nwrite 0 %d\nwrite 1 %d\nwrite 2 %d\nwrite 3 1234\ndone\n")
      :format(SIZE, SIZE - HEAD, CHUNK, CHUNK, CHUNK)
    assert.equal("switch\nhello\n" .. one_image .. one_image .. "reset", lines(peer, 17))
  end)

  for _, variant in ipairs { "split", "stale", "acknowledge" } do
    it("gets through with a loader that is " .. variant, function()
      assert(open(variant))
      assert.equal(6, session:status().version)
      assert.is_true(session:send(image()))
      assert.equal(content, sys.read_file(folder .. "/copy"))
    end)
  end

  for _, write_size in ipairs { 1, 100, 1048576 } do
    it("brings the same bytes over in writes of " .. write_size, function()
      assert(open(nil, nil, { write_size = write_size }))
      assert.is_true(session:send(image()))
      assert.equal(content, sys.read_file(folder .. "/copy"))
    end)
  end

  it("tells its progress up to the size of the file", function()
    assert(open())
    local calls, last, whole = 0, 0, nil
    assert.is_true(session:send(image(), { progress = function(sent, total)
      assert(sent >= last)
      calls, last, whole = calls + 1, sent, total
    end }))
    assert.is_true(calls >= 4)
    assert.equal(SIZE, last)
    assert.equal(SIZE, whole)
  end)

  it("raises what the progress function raises", function()
    assert(open())
    local given = image()
    local ok, message = pcall(session.send, session, given, { progress = function() error("my mistake") end })
    assert.is_false(ok)
    assert.matches("my mistake", message)
    refused("transfer.interrupted", session:send(given))
  end)

  local answers = {
    { fault = "bad_status", code = "qdl.write_refused" },
    { fault = "wrong_sequence", code = "qdl.wrong_sequence" },
    { fault = "error_early", code = "qdl.error" },
    { fault = "hang_up", code = "port.closed" },
    -- a pseudo terminal accepts some 70 KiB without a reader: the first chunk is larger
    { fault = "deaf", code = "qdl.stalled", options = { stall_ms = 100, chunk = 524288 }, at = 0,
      image = content:rep(16) },
    { fault = "no_answer", code = "qdl.silent", options = { ack_ms = 50, final_ack_ms = 50 } },
    { fault = "open_refused", code = "qdl.open_refused" },
    { fault = "done_refused", code = "qdl.done_refused" },
  }
  for _, row in ipairs(answers) do
    for at = row.at or 0, row.at or 3 do
      it(("ends with %s after the loader's fault %s at chunk %d"):format(row.code, row.fault, at), function()
        local patient = with(row.options or {}) -- the faults come after the greeting
        patient.greeting_ms = 2000
        assert(open(row.fault, at, patient))
        local first = refused(row.code, session:send(image(row.image, row.image and #row.image)))
        assert.equal(first, select(2, session:reset()))
      end)
    end
  end

  it("waits for the last answer as long as the image says", function()
    assert(open("no_answer", 3, { final_ack_ms = 60000 }))
    refused("qdl.silent", session:send(image(), { final_ack_ms = 50 }))
  end)

  for fault, code in pairs { diag = "qdl.diag_port", sahara = "qdl.sahara" } do
    it("names what it talks to: " .. fault, function()
      local _, problem = open(fault)
      refused(code, nil, problem)
      assert.equal(fault, problem.other_protocol)
      assert.is_nil(session)
    end)
  end

  it("fails without an answer, after all its greetings", function()
    local _, problem = open("silent", nil, { scale = 0.1 })
    refused("qdl.silent", nil, problem)
  end)

  it("completes no write of an earlier run when the modem has just started", function()
    local master, path = assert(sys.pty())
    local _, problem = download.open(path, { greeting_ms = 5, greeting_attempts = 2, reply_ms = 20, within_ms = 100,
      fresh = true })
    refused("qdl.silent", nil, problem)
    assert.is_nil(assert(sys.read(master, 4096)):find "~~~")
    sys.close(master)
  end)

  it("begins no chunk of which the source gives only a part", function()
    local _, _, peer = open()
    refused("source.short", session:send(image(content:sub(1, HEAD + CHUNK + 10))))
    assert.equal("write 0 " .. CHUNK, lines(peer, 5):match "[^\n]*$")
    assert.equal("", peer.stdout)
  end)

  it("gives up on a source that stalls", function()
    local from, into = sys.pipe()
    assert(open(nil, nil, { source_ms = 50 }))
    sys.write(into, content:sub(1, HEAD + 100))
    reader = source.descriptor(from, SIZE)
    local given = { head = reader:read(HEAD, 1000), size = SIZE, reader = reader }
    refused("source.timeout", session:send(given))
    sys.close(from)
    sys.close(into)
  end)

  it("leaves the port free when it cannot be opened, and when it is closed", function()
    local path = start("silent")
    for _ = 1, 2 do
      local _, problem = download.open(path, with { scale = 0.01 })
      refused("qdl.silent", nil, problem)
    end
    refused("port.not_found", download.open(folder .. "/ttyUSB0"))
  end)

  it("ends when the progress function closes it", function()
    assert(open())
    refused("port.closed", session:send(image(), { progress = function() session:close() end }))
  end)

  it("raises for the caller who goes on after close", function()
    assert(open())
    session:close()
    session:close()
    assert.has_error(function() session:reset() end)
  end)

  it("goes on after an interrupt when asked to, and stops when not", function()
    assert(open())
    local asked, stop = 0, false
    local function interrupted()
      asked = asked + 1
      sys.clear_interrupt()
      return not stop
    end
    local function interrupt_once()
      local done
      return function()
        if not done then sys.kill(sys.process_id(), "INT") end
        done = true
      end
    end
    assert.is_true(session:send(image(), { progress = interrupt_once(), interrupted = interrupted }))
    assert.equal(content, sys.read_file(folder .. "/copy"))
    assert.equal(1, asked)
    stop = true
    reader:close()
    local problem = refused("transfer.interrupted",
      session:send(image(), { progress = interrupt_once(), interrupted = interrupted }))
    assert.matches("of %d+ bytes", problem.evidence)
    assert.equal(2, asked)
  end)
end)

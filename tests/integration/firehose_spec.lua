-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Download sessions of a 9x50 against a loader in another process, over a pseudo terminal.
local download = require "moonflash.protocol.firehose"
local failure = require "moonflash.base.failure"
local source = require "moonflash.core.source"
local support = require "tests.support"
local sys = require "moonflash.core.sys"
local tables = require "moonflash.base.table"

local HEAD, SIZE, PADDED = 400, 70001, 73728
local GREETING = { "response 48 02 00 00 00 02 00 00 00 00 00 00 00 03 00 00 00", "execute 12", "fetch 12", "NOP 77",
  "configure 247", "getStorageInfo 105" }

local function pattern(size)
  local bytes = {}
  for i = 1, size do bytes[i] = string.char((i * i + math.floor(i / 251)) % 256) end
  return table.concat(bytes)
end

local content = pattern(SIZE)
local options = { settle_ms = 50, hello_ms = 200, command_ms = 3000, final_ack_ms = 3000, chunk = 20000 }

describe("a download session of a 9x50", function()
  local folder, session, reader, peer, path

  before_each(function() folder = support.folder() end)

  after_each(function()
    if session then session:close() end
    if reader then reader:close() end
    session, reader = nil, nil
    support.finish()
  end)

  -- `changes`: see tests.fakes.firehose_loader.
  local function start(changes)
    peer = support.start(support.lua([[require("tests.fakes.firehose_loader").serve(...)]], folder .. "/copy", changes))
    path = peer:line()
  end

  local function open(changes, more)
    start(changes)
    local problem
    session, problem = download.open(path, tables.merge(options, more))
    return session, problem
  end

  local function image(size)
    local file = folder .. "/image"
    sys.write_file(file, content:sub(1, size))
    reader = assert(source.file(file))
    return { head = assert(reader:read(HEAD, 1000)), size = size or SIZE, reader = reader }
  end

  local function assert_lines(...)
    for _, line in ipairs { ... } do assert.equal(line, peer:line()) end
  end

  local function assert_refused(code, ok, problem)
    assert.is_nil(ok)
    assert.is_true(failure.is(problem))
    assert.equal(code, problem.code)
    return problem
  end

  it("greets, sends two images and resets, as libqmi does", function()
    local log = {}
    assert(open(nil, { on_log = function(text) log[#log + 1] = text end }))
    assert_lines(tables.unpack(GREETING))
    assert.is_true(session:send(image()))
    assert_lines("program 212", "image 73728", "zeros 5")
    assert.equal(content .. ("\0"):rep(PADDED - SIZE), sys.read_file(folder .. "/copy"))
    reader:close()
    assert.is_true(session:send(image(5000)))
    assert_lines("program 211", "image 8192", "zeros 5")
    assert.is_true(session:reset())
    assert_lines "power 99"
    assert.equal("SWI supported functions: CWE|SECTOR_SIZE_IN_BYTES = 4096|PAGES_IN_BLOCK = 64|"
      .. ("ERROR: XML not formed correctly. Expected a < character at loc 0|"):rep(2) .. " Requested POWER_RESET",
      table.concat(log, "|"))
  end)

  it("reads answers byte by byte", function()
    assert(open "return { split = true }")
    assert.is_true(session:send(image(5000)))
    assert.is_true(session:reset())
  end)

  it("reports the progress, and that the loader takes an image", function()
    local reports, opened = {}, 0
    assert(open(nil, { on_opened = function() opened = opened + 1 end }))
    assert.is_true(session:send(image(), { progress = function(sent, total)
      assert.is_true(opened > 0)
      reports[#reports + 1] = ("%.0f/%.0f"):format(sent, total)
    end }))
    assert.equal("70001/70001", reports[#reports])
  end)

  it("takes the hang-up after a reset for its success", function()
    local was_reset
    assert(open("return { vanishes = true }", { on_reset = function() was_reset = true end }))
    assert.is_true(session:reset())
    assert.is_true(was_reset)
  end)

  it("sends nothing to a loader that says no hello, when it has just started", function()
    local silent = assert_refused("firehose.silent", open('return { hello = "" }', { fresh = true }))
    assert.matches("does not say hello", silent.message)
    assert.is_nil(silent.image_opened)
  end)

  it("restarts a loader that refuses to switch, and sends it no image", function()
    assert(open "return { poisoned = true }")
    local refused = assert_refused("firehose.not_switched", session:send(image(5000)))
    assert.matches("status 31, command unsupported", refused.message)
    assert.is_nil(refused.image_opened)
    assert_lines(GREETING[1], "reset 8")
  end)

  it("goes on with a loader that was left in Firehose", function()
    assert(open "return { in_firehose = true }")
    assert_lines("NOP 77", "configure 247")
    assert.is_true(session:send(image(5000)))
  end)

  it("goes on with one that still has answers for the run that left it", function()
    assert(open([[return { in_firehose = true, late = ' rawmode="false" />\n</data>' }]]))
    assert.is_true(session:send(image(5000)))
  end)

  it("takes no bytes of anything else for a loader that has just started", function()
    assert_refused("firehose.other", open([[return { hello = "\r\n+CREG: 1\r\n" }]], { fresh = true }))
  end)

  it("completes the image that a loader waits for", function()
    local waited
    assert(open("return { waits_for = 1000000 }", { command_ms = 300,
      on_busy = function(ms, code) waited = ("%.0f %s"):format(ms, code) end }))
    assert.equal(download.timing.complete_ms .. " firehose.silent", waited)
    assert.is_true(session:send(image(5000)))
  end)

  it("finds a loader that is still in Sahara, its hello read by another program", function()
    assert(open [[return { lost_hello = true }]])
    local was_reset
    session.options.on_reset = function() was_reset = true end
    assert.is_true(session:reset())
    assert.is_true(was_reset)
    assert_lines("NOP 77", "reset 8")
  end)

  it("says why the modem refuses an image, and does not send it again", function()
    assert(open [[local l = ...
      return { done = l.log "Package not compatible" .. l.response '"NAK" rawmode="false"' }]])
    local refused = assert_refused("firehose.image_refused", session:send(image(5000)))
    assert.is_true(refused.image_opened)
    assert.is_true(refused.final)
    assert.matches("Package not compatible", tostring(refused.evidence))
    assert.equal(refused, assert_refused("firehose.image_refused", session:reset()))
  end)

  it("stops at a refusal in the middle of the data", function()
    assert(open "return { takes = 30000 }")
    assert_refused("firehose.image_refused", session:send(image()))
  end)

  it("repeats a program that the NAK of the zeros answered", function()
    assert(open [[local l = ...
      return { zeros = "", programs = { l.response '"ACK" rawmode="true"',
        l.log "ERROR: XML not formed correctly. Expected a &lt; character at loc 0" .. l.response '"NAK"', false } }]])
    assert.is_true(session:send(image(5000)))
    reader:close()
    assert.is_true(session:send(image(5000)))
    assert_lines(tables.unpack(GREETING))
    assert_lines("program 211", "image 8192", "zeros 5", "program 211", "program 211", "image 8192")
  end)

  it("opens no image that is refused at once", function()
    assert(open [[local l = ... return { program = l.response '"NAK"' }]])
    local refused = assert_refused("firehose.refused", session:send(image(5000)))
    assert.is_nil(refused.image_opened)
  end)

  it("says which sizes make no sense", function()
    local problem = assert_refused("firehose.limits", open [[local l = ...
      return { getStorageInfo = l.log "SECTOR_SIZE_IN_BYTES = 1000" .. l.response '"ACK"' }]])
    assert.matches("sector 1000", problem.message)
  end)

  it("stops half way when it is told to", function()
    assert(open())
    local stop = failure.new("device.busy", "stop")
    local ran, raised = pcall(session.send, session, image(), { progress = function() error(stop) end })
    assert.same({ false, stop }, { ran, raised })
    assert_refused("transfer.interrupted", session:reset())
  end)
end)

-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- A simulated modem on the bench: started in a process of its own from the module, without the
-- program, and talked to in raw bytes as the documents print them.
-- @module tests.sim.bench

local bytes = require "moonflash.core.bytes"
local cjson = require "cjson"
local crc = require "moonflash.core.crc"
local hdlc = require "moonflash.core.hdlc"
local port = require "moonflash.core.port"
local process = require "moonflash.base.process"
local sys = require "moonflash.core.sys"
local support = require "tests.support"

local bench = {}
bench.__index = bench

local patience_ms = 20000 * support.slowness -- a deadline only ends what hangs
local WINDOW = "window=2000" -- seconds of the modem, 20 here: a busy machine must not miss it

local chunk = [[
  local options = require("cjson").decode((...))
  options.ready = function(root) print(root) io.stdout:flush() end
  local ended, failed = require("moonflash.sim").run(options)
  if not ended then error(tostring(failed), 0) end
]]

local function names_window(faults)
  return table.concat(faults, " "):find("window=", 1, true) ~= nil
end

--- Starts a simulator. Its download window is long, unless the faults name one.
-- @tparam[opt] table options of moonflash.sim.run; the folder is a new one, the time scale 0.01
function bench.start(options)
  options = options or {}
  options.model = options.model or "mc7455"
  options.dir = options.dir or support.folder() .. "/root"
  options.time_scale = (options.time_scale or 0.01) * support.slowness
  options.faults = { unpack(options.faults or {}) }
  if not names_window(options.faults) then table.insert(options.faults, WINDOW) end
  local child = support.start(support.lua(chunk, cjson.encode(options)))
  return setmetatable({ child = child, root = child:line() }, bench)
end

--- Opens a port of the modem.
-- @tparam string node "ttyUSB0"
function bench:open(node)
  return assert(port.open(self.root .. "/dev/" .. node))
end

--- Opens a port, waiting until the modem shows it.
function bench:wait_for(node)
  local path = self.root .. "/dev/" .. node
  process.poll_until(sys.clock_ms() + patience_ms, 5, function() return sys.link(path), nil, true end)
  return self:open(node)
end

local function must(result, failure)
  return result or error(tostring(failure), 2)
end

--- Sends hex and expects hex.
-- @tparam port p
-- @tparam string request hex
-- @tparam string answer hex; its length is what is waited for
function bench.expect(p, request, answer)
  local wanted, got = assert(bytes.from_hex(answer)), ""
  must(p:write(assert(bytes.from_hex(request)), patience_ms))
  while #got < #wanted do got = got .. must(p:read(#wanted - #got, patience_ms)) end
  assert(got == wanted, ("got %s\nnot %s"):format(bytes.hex(got, " "), bytes.hex(wanted, " ")))
end

--- Expects that a port says nothing for a while.
function bench.expect_silence(p, request, ms)
  must(p:write(assert(bytes.from_hex(request)), patience_ms))
  local got, failure = p:read(1, ms)
  assert(not got and failure.code == "port.timeout", "not silent")
end

--- Sends the payload of a frame and gives the payload of the answer.
function bench.frame(p, payload)
  if payload then must(p:write(hdlc.frame(payload), patience_ms)) end
  local decoder = hdlc.decoder(4096)
  while true do
    local answer = decoder:feed(must(p:read(1, patience_ms)))[1]
    if answer then return answer end
  end
end

--- The header of a write.
function bench.write_header(sequence, length)
  local head = "'" .. bytes.u16le(sequence) .. "\0\0\0\0" .. bytes.u32le(length)
  return head .. bytes.u16le(crc.crc16(head))
end

local hello = assert(bytes.from_hex [[01 51 43 4f 4d 20 68 69 67 68 20 73 70 65 65 64 20 70 72 6f 74 6f 63
  6f 6c 20 68 73 74 00 00 00 00 06 06 30]])

--- Says hello; gives the answer.
function bench.greet(p)
  return bench.frame(p, hello)
end

--- The payload of an open request for an image.
function bench.open_request(image)
  return "\37\128" .. bytes.u32le(#image) .. "\1" .. bytes.u32le(#image - 400) .. "\0\0" .. image:sub(1, 400)
end

--- Sends an image: hello, open, writes, done. Stops at the first answer that is not good.
-- @treturn string payload of the last answer
function bench.send(p, image, chunk_size)
  bench.greet(p)
  local answer = bench.frame(p, bench.open_request(image))
  if bytes.get_u16le(answer, 2) ~= 0 then return answer end
  local at, sequence = 401, 0
  while at <= #image do
    local data = image:sub(at, at + chunk_size - 1)
    must(p:write(bench.write_header(sequence, #data) .. data, patience_ms))
    answer = bench.frame(p)
    if answer:byte() ~= 0x28 or bytes.get_u16le(answer, 8) ~= 0 then return answer end
    at, sequence = at + #data, sequence + 1
  end
  return bench.frame(p, "\41")
end

--- The events logged so far.
-- @tparam[opt] string event only those
-- @treturn table list of tables
function bench:log(event)
  return support.log(self.root, event)
end

local function fits(entry, fields)
  for name, value in pairs(fields) do
    if entry[name] ~= value then return false end
  end
  return true
end

--- Waits until an event is logged whose fields have these values.
-- @tparam table fields
-- @tparam[opt] number count the how manieth of them, 1
function bench:wait_for_event(fields, count)
  local deadline = sys.clock_ms() + patience_ms
  while sys.clock_ms() < deadline do
    local seen = 0
    for _, entry in ipairs(self:log()) do
      if fits(entry, fields) then seen = seen + 1 end
      if seen == (count or 1) then return entry end
    end
    sys.sleep_ms(5)
  end
  error("not logged: " .. cjson.encode(fields), 2)
end

return bench

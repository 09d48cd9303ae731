-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- A host for the simulated loader of a 9x50: the bytes and documents are written out as the reference prints them
-- (reference: firehose 4 to 8), so they have nothing in common with those that moonflash makes.
--
--     local host = firehose_host.start("zero-block=now")
--     host:switch()
--     host:say(firehose_host.ping, firehose_host.acknowledged)
-- @module tests.sim.firehose_host

local bench = require "tests.sim.bench"
local bytes = require "moonflash.core.bytes"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local host = {}
host.__index = host

local PATIENCE_MS = 20000 * support.slowness

host.hello = "01 00 00 00 30 00 00 00 02 00 00 00 01 00 00 00 00 04 00 00 02 00 00 00" .. (" 00"):rep(24)
host.hello_response = "02 00 00 00 30 00 00 00 02 00 00 00 02 00 00 00 00 00 00 00 03 00 00 00" .. (" 00"):rep(24)
host.ready = "0b 00 00 00 08 00 00 00"
host.execute = "0d 00 00 00 0c 00 00 00 00 ff 00 00"
host.executed = "0e 00 00 00 10 00 00 00 00 ff 00 00 09 00 00 00"
host.data = "0f 00 00 00 0c 00 00 00 00 ff 00 00"
host.confirmed = "63 6f 6e 66 69 72 6d 65 64"
host.unsupported = "04 00 00 00 10 00 00 00 00 00 00 00 1f 00 00 00"

local function document(element)
  return '<?xml version="1.0" encoding="UTF-8" ?>\n<data>\n' .. element .. "\n</data>\n\n"
end

--- A document of a host from its element.
host.document = document
host.ping = document '<NOP value="ping" />'
host.configure = document('<configure MemoryName="eMMC" Verbose="0" AlwaysValidate="0" '
  .. 'MaxDigestTableSizeInBytes="8192" MaxPayloadSizeToTargetInBytes="1048576" ZlpAwareHost="0" SkipStorageInit="0" '
  .. 'TargetName="8960" />')
host.storage_info = document '<getStorageInfo physical_partition_number="0" />'
host.power = document '<power DelayInSeconds="0" value="reset" />'

--- The program document for some sectors.
function host.program(sectors, sector_size)
  return document(('<program PAGES_PER_BLOCK="64" SECTOR_SIZE_IN_BYTES="%d" filename="spkg.cwe" '
    .. 'num_partition_sectors="%d" physical_partition_number="0" start_sector="-1" />')
    :format(sector_size or 4096, sectors))
end

-- An answer of the old generation: an element without its end.
local function answer(element)
  return '<?xml version="1.0" encoding="UTF-8" ?>\n<data>\n' .. element .. "\n</data>"
end

--- A log of the old generation.
function host.log(text)
  return answer('<log value="' .. text .. '"/>')
end

host.functions = host.log "SWI supported functions: CWE"
host.acknowledged = answer '<response value="ACK" />'
host.refused = answer '<response value="NAK" />'
host.raw = answer '<response value="ACK" rawmode="true" />'
host.limits = answer('<response value="NAK" MemoryName="NAND" MaxPayloadSizeFromTargetInBytes="2048" '
  .. 'MaxPayloadSizeToTargetInBytes="8192" MaxPayloadSizeToTargetInBytesSupported="8192" TargetName="9x55" />')
host.done = host.log "SWI CWE image processed OK" .. answer '<response value="ACK" rawmode="false" />'
host.bad = host.log "Package not compatible" .. answer '<response value="NAK" rawmode="false" />'
host.unreadable = host.log "ERROR: XML not formed correctly. Expected a &lt; character at loc 0" .. host.refused
host.restarting = host.log " Requested POWER_RESET" .. host.acknowledged

--- Starts a simulated modem in its loader, and opens the port.
-- @tparam table options of tests.sim.bench; the model is an EM7565 if none is given
-- @tparam string ... faults
function host.start_with(options, ...)
  options.model, options.faults = options.model or "em7565", { "start=download", ... }
  local modem = bench.start(options)
  return setmetatable({ modem = modem, port = modem:open "ttyUSB0" }, host)
end

--- The same for an EM7565 that is a hundred times as fast as a real one.
-- @tparam string ... faults
function host.start(...)
  return host.start_with({}, ...)
end

--- Opens the port once more, after the modem came back.
function host:open()
  self.port = self.modem:wait_for "ttyUSB0"
end

--- Sends bytes.
function host:send(text)
  assert(self.port:write(text, PATIENCE_MS))
end

--- Receives so many bytes.
function host:receive(count)
  local got = ""
  while #got < count do got = got .. assert(self.port:read(count - #got, PATIENCE_MS)) end
  return got
end

--- Receives until the text ends so.
function host:receive_until(ending)
  local got = ""
  repeat got = got .. self:receive(1) until got:sub(-#ending) == ending
  return got
end

--- Sends bytes and expects others.
function host:say(text, wanted)
  self:send(text)
  local got = self:receive(#wanted)
  assert(got == wanted, ("got %q\nnot %q"):format(got, wanted))
end

--- The same in hex.
function host:exchange(request, wanted)
  self:say(assert(bytes.from_hex(request)), assert(bytes.from_hex(wanted)))
end

--- Goes on to Firehose.
function host:switch()
  self:exchange("", host.hello)
  self:exchange(host.hello_response, host.ready)
  self:exchange(host.execute, host.executed)
  self:exchange(host.data, host.confirmed)
end

--- Goes on until a program document is due.
function host:prepare()
  self:switch()
  self:say(host.ping, host.functions .. host.acknowledged)
  self:say(host.configure, host.limits)
  self:send(host.storage_info)
  return self:receive_until(host.acknowledged)
end

--- Sends a package: program, all sectors in blocks of 8192 bytes, the zero block if the last block was short.
function host:package(image, wanted)
  self:say(host.program(math.ceil(#image / 4096)), host.raw)
  self:send_raw(image)
  self:say("", wanted or host.done)
end

--- Sends the sectors of a package and the zero block.
function host:send_raw(image)
  for at = 1, #image, 8192 do
    local block = image:sub(at, at + 8191)
    self:send(block .. ("\0"):rep(-#block % 4096))
  end
  if #image % 8192 ~= 0 then self:send(("\0"):rep(512)) end
end

--- Sends the last document, until the modem is gone. What it answers may be lost in the hang-up.
function host:restart()
  self:send(host.power)
  self.modem:wait_for_event { event = "usb", action = "remove" }
end

--- The same behind a zero block, by which the first try fails.
function host:leave()
  self:say(host.power, host.unreadable)
  self:restart()
end

--- All that a loader was sent, from its log: bytes, and { command, size } of raw data.
function host.requests(log)
  local list = {}
  for _, entry in ipairs(log) do
    if entry.event == "sahara" then list[#list + 1] = bytes.from_hex(entry.request) end
    if entry.event == "firehose" then list[#list + 1] = entry.text or { entry.command, entry.size } end
  end
  return list
end

local function zeros_fail(size) return size and size % 8192 ~= 0 end

local function add_package(list, size, size_before)
  local program = host.program(math.ceil(size / 4096))
  if zeros_fail(size_before) then list[#list + 1] = program end
  list[#list + 1] = program
  list[#list + 1] = { "write", math.ceil(size / 4096) * 4096 }
  if zeros_fail(size) then list[#list + 1] = { "zeros", 512 } end
end

--- What a host sends for packages of these sizes (reference: firehose 7), as `requests` gives it. The document behind a
-- zero block fails and comes twice.
function host.documented(sizes)
  local list = { assert(bytes.from_hex(host.hello_response)), assert(bytes.from_hex(host.execute)),
    assert(bytes.from_hex(host.data)), host.ping, host.configure, host.storage_info }
  for index, size in ipairs(sizes) do add_package(list, size, sizes[index - 1]) end
  if zeros_fail(sizes[#sizes]) then list[#list + 1] = host.power end
  list[#list + 1] = host.power
  return list
end

--- The texts of the logged violations.
function host:violations()
  local texts = {}
  for index, entry in ipairs(self.modem:log "violation") do texts[index] = entry.text end
  return texts
end

--- The image that the modem received, the first if no number is given.
function host:received(number)
  return assert(sys.read_file(("%s/received/%d.cwe"):format(self.modem.root, number or 1)))
end

--- Closes the port.
function host:close()
  self.port:close()
end

return host

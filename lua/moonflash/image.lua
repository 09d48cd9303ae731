--- Images: what is in a file, whether it is whole, what it is for, and its bytes for sending.
--
--     local report = image.inspect "SWI9X30C_02.33.03.00.cwe"
--     report.ok, report.kind, report.firmware, report.from.firmware  --> true, "firmware", ...
--     local set = image.set({ report, other }, { carrier = "GENERIC" })
--     local sending = set.images[1]:open()     -- { reader=, head=, size=, close() }
--
-- @module moonflash.image

local cwe = require "moonflash.core.cwe"
local failure = require "moonflash.failure"
local identity = require "moonflash.image.identity"
local problems = require "moonflash.image.problems"
local source = require "moonflash.core.source"

local image = {}

local SILENCE_MS = 30000
local HEADER = problems.HEADER

local function open_source(spec)
  if spec == "-" then return source.descriptor(0) end
  return source.file(spec)
end

-- The first 400 bytes, fewer if there are no more; a rejected beginning shows in the report.
local function read_head(reader, silence_ms)
  local head = ""
  while #head < HEADER do
    local piece, problem = reader:read(HEADER - #head, silence_ms)
    if problem and problem.code ~= "source.rejected" then return nil, problem end
    if not piece then break end
    head = head .. piece
  end
  return head
end

--- An image that is being sent.
-- @type Sending
local Sending = {}
Sending.__index = Sending

--- Ends the sending, finished or not.
function Sending:close()
  return self.reader:close()
end

local function sending(reader, head, size)
  return setmetatable({ reader = reader, head = head, size = size }, Sending)
end

--- What was found in an image.
-- @type Report
local Report = {}
Report.__index = Report

-- Sources that can be read only once, standing behind the header, by report.
local kept = setmetatable({}, { __mode = "k" })

--- Opens the image for sending. What comes must be what was inspected, or the last byte is withheld;
-- an image from a pipe is verified on the way and can be opened once.
-- @treturn table { reader (standing behind the header), head (its 400 bytes), size, close() }, or nil
--   and a failure
function Report:open()
  local waiting = kept[self]
  kept[self] = nil
  if waiting then return waiting end
  if self.once then
    return nil, failure.new("source.read_once", self.file .. " can be read only once")
  end
  local file, problem = open_source(self.file)
  if not file then return nil, problem end
  local reader = cwe.verified(file, { withhold = true, expect = self.crc })
  local head, unread = read_head(reader, SILENCE_MS)
  if head == self.head then return sending(reader, head, self.bytes) end
  reader:close()
  return nil, unread or failure.new("source.rejected", self.file .. " has changed since it was inspected")
end

local function report_of(spec, once, seen, head)
  local outer = seen.records[1]
  local report = setmetatable({
    file = spec, once = once, complete = seen.complete, crc = seen.complete and seen.crc or nil,
    bytes = seen.complete and seen.bytes or outer and outer.size + HEADER or seen.bytes,
    records = seen.records, problems = problems.of(seen, head), head = head,
  }, Report)
  report.ok = #report.problems == 0
  identity.fill(report)
  return report
end

-- Reads to the end, or only the header when the rest can be read but once and will be sent.
local function look(reader, head_only, options)
  local silence_ms = options.silence_ms or SILENCE_MS
  local head, problem = read_head(reader, silence_ms)
  if not head then return nil, problem end
  if not head_only then
    local whole
    whole, problem = reader:drain(silence_ms, options.progress)
    if not whole then return nil, problem end
  end
  return reader:report(), nil, head
end

--- Looks at an image: every record, every checksum, what it is for.
-- @tparam string spec a path, or "-" for standard input
-- @tparam[opt] table options to_send: the image will be sent after this, so of one that can be read
--   only once just the header is looked at; silence_ms: how long the source may give nothing;
--   progress: called with bytes read and the bytes in all (nil while unknown)
-- @treturn table { file, ok, bytes, kind = "firmware|settings|package", family, product, model, sku,
--   part, firmware, carrier, config, oem, from = { firmware = "outer header", ... }, once, complete,
--   crc, head, records, notes = { text }, problems = { { code, kind, message, evidence, offset } } },
--   or nil and a failure when it cannot be read
function image.inspect(spec, options)
  options = options or {}
  local file, problem = open_source(spec)
  if not file then return nil, problem end
  local once = not file:rewind()
  local head_only = once and options.to_send or false
  local reader = cwe.verified(file, { withhold = head_only })
  local seen, unread, head = look(reader, head_only, options)
  local report = seen and report_of(spec, once, seen, head)
  if report and head_only and report.ok then
    kept[report] = sending(reader, head, report.bytes)
  else
    reader:close()
  end
  return report, unread
end

--- Whether images make an update together. See moonflash.image.set.
image.set = require "moonflash.image.set"

return image

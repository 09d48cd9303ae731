--- Images: what is in a file, whether it is whole, what it is for, and its bytes for sending.
--
--     local report = image.inspect "SWI9X30C_02.33.03.00.cwe"
--     report.ok, report.kind, report.firmware, report.from.firmware  --> true, "firmware", ...
--     local reports = image.look "https://example.org/mc7455.zip"    -- every image in it
--     local set = image.set({ report, other }, { carrier = "GENERIC" })
--     local sending = set.images[1]:open()     -- { reader=, head=, size=, close() }
--
-- @module moonflash.image

local contents = require "moonflash.image.settings"
local cwe = require "moonflash.core.cwe"
local failure = require "moonflash.base.failure"
local identity = require "moonflash.image.identity"
local later = require "moonflash.base.later"
local origin = require "moonflash.image.source"
local problems = require "moonflash.image.problems"

local blame = later "moonflash.engine.blame"

local image = {}

local SILENCE_MS = 30000
local HEADER = problems.HEADER

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

-- What is open for sending already, standing behind the header, by report.
local kept = setmetatable({}, { __mode = "k" })

local function open_again(self)
  if not self.reopen then
    return nil, failure.new("source.read_once", self.file .. " can be read only once")
  end
  local file, problem = self.reopen()
  if not file then return nil, problem end
  local reader = cwe.verified(file, { withhold = true, expect = self.crc })
  local head, unread = read_head(reader, self.silence_ms)
  if head == self.head then return sending(reader, head, self.bytes) end
  reader:close()
  return nil, unread or failure.new("source.rejected", self.file .. " has changed since it was inspected")
end

--- Opens the image for sending. What comes must be what was inspected, or the last byte is withheld;
-- an image that can be read only once is verified on the way.
-- @treturn table { reader (standing behind the header), head (its 400 bytes), size, close() }, or nil
--   and a failure
function Report:open()
  local waiting = kept[self]
  kept[self] = nil
  collectgarbage() -- the chunks of a transfer follow, and a router has little memory
  if waiting then return waiting end
  return open_again(self)
end

--- Sees that the image can be had, before a modem is made to wait for it: its source is opened and gives
-- the first bytes. What open() gives next is this.
-- @treturn boolean true, or nil and a failure
function Report:prepare()
  if kept[self] then return true end
  local ready, problem = open_again(self)
  kept[self] = ready
  return ready and true, problem
end

--- Lets go of what is open for sending and was not sent.
function Report:release()
  local waiting = kept[self]
  kept[self] = nil
  if waiting then waiting:close() end
end

local function report_of(item, seen, head, silence_ms)
  local outer = seen.records[1]
  local report = setmetatable({
    file = item.name, file_name = item.file_name, reopen = item.reopen, once = not item.reopen,
    hides_rest = item.hides_rest, silence_ms = silence_ms,
    complete = seen.complete, crc = seen.complete and seen.crc or nil,
    bytes = seen.complete and seen.bytes or outer and outer.size + HEADER or seen.bytes,
    records = seen.records, problems = problems.of(seen, head), head = head,
  }, Report)
  report.ok, report.failure = #report.problems == 0, problems.failure(report)
  identity.fill(report)
  return report
end

local function silence_of(options)
  return options.silence_ms or math.ceil(SILENCE_MS * (options.timeout_scale or 1))
end

-- Reads to the end, or only the header when the rest can be read but once and will be sent.
local function read_through(reader, head_only, options, found)
  local silence_ms = silence_of(options)
  local head, problem = read_head(reader, silence_ms)
  if not head then return nil, problem end
  if not head_only then
    local whole
    whole, problem = reader:drain(silence_ms, options.progress, found.take)
    if not whole then return nil, problem end
  end
  return reader:report(), nil, head
end

-- Returns a report, and whether its source is kept for sending; or nil, a failure.
local function look_at(item, options)
  local head_only = not item.reopen and options.to_send or false
  local reader = cwe.verified(item.reader, { withhold = head_only })
  local found = contents.collect()
  local seen, problem, head = read_through(reader, head_only, options, found)
  if not seen then return nil, problem end
  local report = report_of(item, seen, head, silence_of(options))
  found:fill(report)
  if head_only and report.ok then kept[report] = sending(reader, head, report.bytes) end
  return report, nil, kept[report] ~= nil
end

-- Nothing behind an image that is kept for sending can be looked at.
local function look_at_all(walk, options)
  local reports, held_open = {}, false
  while not held_open do
    local item, problem = walk:next()
    if not item then return problem == nil and reports or nil, problem, held_open end
    local report
    report, problem, held_open = look_at(item, options)
    if not report then return nil, problem end
    reports[#reports + 1] = report
  end
  return reports, nil, held_open
end

--- Looks at all images of a source: every record, every checksum, what they are for.
-- @tparam string spec a path, "-" for standard input, a URL; of a zip archive there or one of its members
--   ("FILE.zip:MEMBER")
-- @tparam[opt] table options to_send: the images will be sent after this, so of one that can be read
--   only once just the header is looked at; silence_ms: how long the source may give nothing
--   (30 s, times timeout_scale); progress: called with bytes read and the bytes in all (nil while unknown)
-- @treturn {table} reports { file, file_name, ok, bytes, kind = "firmware|settings|package", family,
--   product, model, sku, part, firmware, carrier, config, oem, from = { firmware = "outer header", ... },
--   once, complete, crc, head, records, notes = { text }, contents = { { record, offset, size, kind, name,
--   item, value, image, usb } } (the settings inside), changes_usb = { text },
--   problems = { { code, kind, message, evidence, offset } }, failure = the first of these, for a damaged
--   file is a report that is not ok }, or nil and a failure when something cannot
--   be read
function image.look(spec, options)
  if type(spec) ~= "string" then blame.caller("the name of a file expected, got " .. type(spec)) end
  options = options or {}
  local walk, problem = origin.open(spec, silence_of(options))
  if not walk then return nil, problem end
  local reports, unread, held_open = look_at_all(walk, options)
  if not held_open then walk:close() end
  return reports, unread
end

--- Looks at one image: the first of image.look.
-- @tparam string spec as of image.look
-- @tparam[opt] table options as of image.look
-- @treturn table report, or nil and a failure
function image.inspect(spec, options)
  local reports, problem = image.look(spec, options)
  return reports and reports[1], problem
end

--- Whether images make an update together. See moonflash.image.set.
image.set = require "moonflash.image.set"

return image

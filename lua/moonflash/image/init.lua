-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Images: reads a file, verifies it, says what it is for, and gives its bytes for sending.
--
--     local report = image.inspect "SWI9X30C_02.33.03.00.cwe"
--     report.ok, report.kind, report.firmware, report.from.firmware  --> true, "firmware", ...
--     local reports = image.look "https://example.org/mc7455.zip"    -- every image in it
--     local set = image.set({ report, other }, { carrier = "GENERIC" })
--     local sending = set.images[1]:open()     -- { reader=, head=, size=, close() }
--
-- An image passes three stages: a report was made of it; its field `opened` is set, while its source is open for
-- sending; the caller of open() has taken it over.

local cwe = require "moonflash.core.cwe"
local failure = require "moonflash.base.failure"
local identity = require "moonflash.image.identity"
local limits = require "moonflash.base.limits"
local problems = require "moonflash.image.problems"
local settings = require "moonflash.image.settings"
local source = require "moonflash.image.source"
local tables = require "moonflash.base.table"

local image = {}

local HEADER = problems.HEADER

-- The first 400 bytes, fewer of a smaller file. A rejected header is a problem of the report, no failure.
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

local function sending(reader, head, size)
  return { reader = reader, head = head, size = size, close = function() return reader:close() end }
end

--- The report about an image.
-- @type Report
local Report = {}
Report.__index = Report

local function open_source(self)
  if not self.reopen then
    return nil, failure.new("source.read_once", self.file .. " can be read only once")
  end
  local file, problem = self.reopen()
  if not file then return nil, problem end
  local reader = cwe.verified(file, { withhold = true, expect = self.crc, stamp = self.stamp })
  local head, unread = read_head(reader, self.silence_ms)
  if head == self.head then return sending(reader, head, self.bytes) end
  reader:close()
  return nil, unread or failure.new("source.rejected", self.file .. " has changed since it was inspected")
end

local function take_opened(self)
  local opened = self.opened
  self.opened = nil
  return opened
end

--- Opens the image for sending. Its bytes have to be those that were inspected, else the last byte is withheld.
-- An image that can be read only once is verified meanwhile.
-- @treturn table { reader (positioned after the header), head (its 400 bytes), size, close() }, or nil and a failure
function Report:open()
  local opened = take_opened(self)
  if opened then return opened end
  return open_source(self)
end

--- Opens the source and reads the header, before a modem is made to wait for the image. The next open() returns this
-- source. Returns true, or nil and a failure.
function Report:prepare()
  local problem
  if not self.opened then self.opened, problem = open_source(self) end
  return self.opened ~= nil or nil, problem
end

--- Closes a source that was opened and not sent.
function Report:release()
  local opened = take_opened(self)
  if opened then opened:close() end
end

local function report_of(item, seen, head, silence_ms)
  local outer = seen.records[1]
  local report = setmetatable({
    file = item.name, file_name = item.file_name, reopen = item.reopen, read_once = not item.reopen,
    more_may_follow = item.more_may_follow, silence_ms = silence_ms,
    complete = seen.complete, crc = seen.complete and seen.crc or nil,
    bytes = seen.complete and seen.bytes or outer and outer.size + HEADER or seen.bytes,
    records = seen.records, problems = problems.of(seen, head), head = head,
  }, Report)
  identity.fill(report)
  report.ok, report.failure = #report.problems == 0, problems.failure(report)
  return report
end

-- Reads an image to its end. One that can be read only once and will be sent stays open after its header.
local function look_at(item, options)
  local head_only = not item.reopen and options.to_send or false
  local reader, found = cwe.verified(item.reader, { withhold = head_only }), settings.collect()
  local stamp = item.reader:stamp()
  local head, problem = read_head(reader, options.silence_ms)
  local complete = head
  if head and not head_only then
    complete, problem = reader:drain(options.silence_ms, options.progress, found.take)
  end
  if not complete then return nil, problem end
  local report = report_of(item, reader:report(), head, options.silence_ms)
  found.fill(report)
  if report.ok and stamp == item.reader:stamp() then report.stamp = stamp end
  if head_only and report.ok then report.opened = sending(reader, head, report.bytes) end
  return report
end

-- After an image that stays open, nothing of its source can be read.
local function look_at_all(walk, options)
  local reports = {}
  repeat
    local item, unreadable = walk:next()
    if not item then return not unreadable and reports or nil, unreadable end
    local report, problem = look_at(item, options)
    if not report then return nil, problem end
    reports[#reports + 1] = report
  until report.opened
  return reports
end

--- Looks at all images of a source: every record, every checksum, and what they are for.
-- @tparam string spec a path, "-" for standard input, or a URL; of a zip archive there, all images or one member
--   ("FILE.zip:MEMBER")
-- @tparam[opt] table options to_send: the images will be sent, so of an image that can be read only once
--   just the header is read; silence_ms: how long the source may have no data
--   (30 s, times timeout_scale); progress: called with the bytes read and all bytes (nil while unknown)
-- @treturn {table} reports { file, file_name, ok, bytes, kind = "firmware|settings|package", family,
--   product, model, sku, part, firmware, carrier, config, oem, from = { firmware = "outer header", ... },
--   read_once, complete, crc, head, records, notes = { text }, contents = { { record, offset, size, kind, name,
--   item, value, image, usb } } (the settings inside), changes_usb = { text },
--   problems = { { code, kind, message, evidence, offset } }, failure = the first of them }: a damaged file is
--   a report that is not ok; or nil and a failure when something cannot be read
function image.look(spec, options)
  if type(spec) ~= "string" then error("the name of a file expected, got " .. type(spec), 2) end
  options = tables.merge(options)
  options.silence_ms = options.silence_ms or math.ceil(limits.source * 1000 * (options.timeout_scale or 1))
  local walk, problem = source.open(spec, options.silence_ms)
  if not walk then return nil, problem end
  local reports, unread = look_at_all(walk, options)
  local last = reports and reports[#reports]
  if not (last and last.opened) then walk:close() end
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

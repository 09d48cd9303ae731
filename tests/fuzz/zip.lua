-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Invariant: whatever is in an archive, its members come one after the other, the same for every split of
-- its bytes (of one that breaks off: that it does), with names that only compare and show: no control
-- characters, no file but the archive is opened, none is written. Looking at it gives at most 16 reports or a
-- failure; what is called good is sent as it was inspected; JSON can be made of all.
--
-- The input: how to look (bit 0: what follows are members to make an archive of: NAME 255 CONTENT 255 ...;
-- bit 1: as for sending), the length of the first piece, then the archive.
local archive = require "moonflash.core.archive"
local cjson = require "cjson"
local crc = require "moonflash.core.crc"
local image = require "moonflash.image"
local input = require "tests.fuzz.input"
local schema = require "moonflash.cli.schema"
local json = require "moonflash.base.json"
local source = require "moonflash.core.source"
local sys = require "moonflash.core.sys"
local version = require "moonflash.base.version"
local zip = require "tests.images.zip"

local MOST_READ = 262144
local MOST_REPORTS = 16
local PIECE = 4096

local folder = sys.temporary_folder()
local path = folder .. "/images.zip"

-- --- nothing else is touched ---------------------------------------------------------------------------

local real = { file = source.file, write_file = sys.write_file }

function source.file(asked)
  assert(asked == path, "opens " .. asked)
  return real.file(asked)
end

for _, name in ipairs { "fetch", "descriptor" } do
  source[name] = function() error("source." .. name) end
end
for _, name in ipairs { "write_file", "open", "spawn", "remove", "rename", "symlink", "make_folder" } do
  sys[name] = function() error("sys." .. name) end
end

-- --- members -------------------------------------------------------------------------------------------

local versions = { "firmware", "carrier", "config" }

local function check_name(name)
  input.check_text(name)
  local said = version.of_file(name)
  for _, field in ipairs(versions) do
    assert(not said[field] or version.is(field, said[field]), "an odd " .. field)
  end
end

-- Reads up to `left` bytes; how many there were and their checksum, or nothing and the code of the failure
-- that it broke off with: how much of it came before is libarchive's affair.
local function read_member(reader, left)
  local length, sum = 0, crc.crc32("")
  while left > 0 do
    local piece, problem = reader:read(math.min(PIECE, left), 1000)
    if problem then
      assert(not piece, "bytes and a failure")
      input.result(nil, problem)
      return 0, problem.code
    end
    if not piece then break end
    assert(#piece > 0 and #piece <= PIECE, "more than was asked for")
    length, left, sum = length + #piece, left - #piece, crc.crc32(piece, sum)
  end
  return length, sum
end

local function members_of(reader)
  local opened, found, left = archive.open(reader, 1000), {}, MOST_READ
  local name, size
  repeat
    name, size = opened:next()
    if name then
      check_name(name)
      if size then input.check_count(size) end
      local length, sum = read_member(opened, left)
      found[#found + 1] = { name, size, length, sum }
      left = left - length - 1
    end
  until not name or left <= 0
  if not name and size then found.failed = size.code end
  opened:close()
  return found
end

local function check_splits(data, at)
  local whole = members_of(source.bytes(data))
  local split = members_of(source.bytes(data:sub(1, at), source.bytes(data:sub(at + 1))))
  assert(input.same(whole, split), "the members depend on the split")
  return whole
end

-- --- the images in it ----------------------------------------------------------------------------------

local function check_sending(report)
  local sending = input.result(report:open())
  if not sending then return end
  local sum, length = crc.crc32(sending.head), #sending.head
  while true do
    local piece, problem = sending.reader:read(PIECE, 1000)
    assert(not problem or report.read_once, "what was good is not any more")
    if not piece then break end
    sum, length = crc.crc32(piece, sum), length + #piece
  end
  sending:close()
  assert(report.read_once or (length == report.bytes and sum == report.crc), "other bytes than inspected")
end

local function check_report(report, spec)
  assert(report.file:sub(1, #spec) == spec)
  assert(report.file == spec or not report.file_name:find "[/\\]", "a path as file name")
  assert(report.ok or #report.problems > 0, "not good for no reason")
  if report.ok then check_sending(report) end
  report:release()
end

local function check_images(spec, to_send)
  local reports, problem = input.result(image.look(spec, { to_send = to_send }))
  if not reports then
    input.check_text(tostring(problem))
    return
  end
  assert(#reports <= MOST_REPORTS)
  for _, report in ipairs(reports) do check_report(report, path) end
  local set = image.set(reports)
  assert(not set.ok or set.fits)
  assert(#cjson.decode(json.encode(schema.images { images = reports, set = set })).images == #reports)
end

-- --- the input -----------------------------------------------------------------------------------------

local function make_archive(data)
  local members = {}
  for name, content in data:gmatch "([^\255]*)\255([^\255]*)\255?" do
    members[#members + 1] = { name:sub(1, 1000), content, deflated = #members % 2 == 1,
      size_after = #members % 4 == 1 }
  end
  return zip.bytes(members)
end

-- A member to ask for by name; one with ".zip:" in it would name another archive.
local function member_to_ask(found)
  local name = found[1] and found[1][1] or ""
  return name ~= "" and not name:lower():find(".zip:", 1, true) and name or "../a.cwe"
end

local function check(data)
  local from = input.new(data)
  local how, at = from:byte(), from:byte() * 3
  local bytes = from:rest()
  if how % 2 == 1 then bytes = make_archive(bytes) end
  local found = check_splits(bytes, at)
  real.write_file(path, bytes)
  local to_send = how % 4 >= 2
  check_images(path, to_send)
  check_images(path .. ":" .. member_to_ask(found), to_send)
  assert(#sys.list(folder) == 1, "a file was made")
end

local function finish()
  sys.remove_tree(folder)
end

return { check = check, finish = finish }

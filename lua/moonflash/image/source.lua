--- Where images come from: a file, standard input, a URL through the system's own fetcher, members of
-- a zip archive in any of these. What is not a file can be slow, can be read once, or costs another
-- fetch: small images of that kind are held in memory.
--
--     local walk = origin.open("https://example.org/mc7455.zip", 30000)
--     local item, failure = walk:next()      -- until it is nil
--     walk:close()
--
-- An item is an image: { name (for people), file_name (what the vendor called it), reader (standing at its
-- first byte), plain (reading it to the end costs nothing but that), reopen (function: another reader of
-- the same bytes, or nil and a failure; nil when they can be read only once), hides_rest (more may follow in
-- the archive, which is seen only when this was read) }.
-- @module moonflash.image.source

local fetch = require "moonflash.image.fetch"
local members = require "moonflash.image.zip"
local source = require "moonflash.core.source"
local sys = require "moonflash.core.sys"

local origin = {}

-- The largest settings seen have 72 kB.
local HELD = 96 * 1024
local ZIP = "PK\3\4"

local function open_reader(spec)
  if spec == "-" then return source.descriptor(0) end
  if fetch.is_url(spec) then return fetch.open(spec) end
  return source.file(spec)
end

-- Up to `most` bytes and whether that was all, or nil and a failure.
local function read_up_to(reader, most, silence_ms)
  local pieces, length = {}, 0
  while length < most do
    local piece, problem = reader:read(most - length, silence_ms)
    if problem then return nil, problem end
    if not piece then return table.concat(pieces), true end
    pieces[#pieces + 1], length = piece, length + #piece
  end
  return table.concat(pieces), false
end

--- Looks at how a reader begins. What can go back does; of anything else the beginning is kept, which
-- may be all there is.
-- @tparam reader reader at its first byte
-- @tparam ?function reopen gives another reader of the same bytes
-- @tparam number silence_ms
-- @treturn table { start, reader (at its first byte again), plain, reopen }, or nil and a failure
local function look_ahead(reader, reopen, silence_ms)
  local goes_back = reader:rewind()
  local start, all = read_up_to(reader, goes_back and #ZIP or HELD, silence_ms)
  if not start then return nil, all end
  if goes_back then
    reader:rewind()
    return { start = start, reader = reader, plain = true, reopen = reopen }
  elseif all then
    local function again() return source.bytes(start) end
    return { start = start, reader = again(), plain = true, reopen = again }
  end
  return { start = start, reader = source.bytes(start, reader), reopen = reopen }
end

local Single = {}
Single.__index = Single

--- The image, the first time.
function Single:next()
  local item = self.item
  self.item = nil
  return item
end

--- Closes its reader.
function Single:close()
  return self.reader:close()
end

local function single(spec, reader, seen)
  seen.name, seen.file_name = spec, fetch.is_url(spec) and fetch.file_name(spec) or spec
  return setmetatable({ reader = reader, item = seen }, Single)
end

-- What a zip archive is called, and the member named after it; a file with a colon in its name is meant
-- when there is one.
local function split(spec)
  local zip, member = spec:match "^(.+%.[zZ][iI][pP]):(.+)$"
  if zip and (fetch.is_url(spec) or not sys.stat(spec)) then return zip, member end
  return spec
end

--- Opens a source of images.
-- @tparam string text a path, "-", a URL, or one of these and a member: "FILE.zip:MEMBER"
-- @tparam number silence_ms how long it may give nothing
-- @treturn table with methods next() and close(), or nil and a failure
function origin.open(text, silence_ms)
  local spec, member = split(text)
  local function again() return open_reader(spec) end
  local reader, problem = again()
  if not reader then return nil, problem end
  local repeatable = reader:rewind() or fetch.is_url(spec)
  local seen
  seen, problem = look_ahead(reader, repeatable and again or nil, silence_ms)
  if not seen then
    reader:close()
    return nil, problem
  end
  if not member and seen.start:sub(1, #ZIP) ~= ZIP then return single(spec, reader, seen) end
  return members.open { spec = spec, member = member, archive = seen, silence_ms = silence_ms,
    look_ahead = look_ahead }
end

return origin

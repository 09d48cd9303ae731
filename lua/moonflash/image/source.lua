-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Sources of images: a file, standard input, a URL through the system's own fetcher, members of a zip archive
-- in any of these, without unpacking it to a file. A source that is not a file may be slow, may be readable only once,
-- or costs another fetch, so small images of such a source are kept in memory.
--
--     local walk = source.open("https://example.org/mc7455.zip", 30000)
--     local item, failure = walk:next()      -- until it is nil
--     walk:close()
--
-- An item is an image: { name (for people), file_name (the vendor's), reader (at its first byte), plain (it can be
-- read again at no cost), reopen (function: another reader of the same bytes, or nil and a failure; nil when the
-- image can be read only once), more_may_follow (the archive has to be read once, so what comes after this image is
-- not known before it was read) }.

local core_source = require "moonflash.core.source"
local failure = require "moonflash.base.failure"
local sys = require "moonflash.core.sys"
local tables = require "moonflash.base.table"
local url = require "moonflash.image.url"

local source = {}

-- The largest known settings have 72 kB.
local MOST_IN_MEMORY = 96 * 1024
local ZIP = "PK\3\4"
local MOST_IMAGES, MOST_MEMBERS = 16, 10000
local SHOWN = 8 -- names in an evidence
local extensions = { cwe = true, nvu = true, spk = true }

-- --- URLs: TLS, proxies and certificates are the work of the system's program ------------------------

--- Programs that fetch, best first, with arguments that write a URL's bytes to standard output and errors to
-- standard error. uclient-fetch -q prints no errors. The wget of OpenWrt and of BusyBox has the same options as GNU's.
source.fetchers = {
  { "curl", "-fsSL", "--" },
  { "uclient-fetch", "-O", "-" },
  { "wget", "-nv", "-O", "-" },
}

local function fetch(address)
  local names = {}
  for index, fetcher in ipairs(source.fetchers) do
    local reader, problem = core_source.fetch(tables.merge(fetcher, { [#fetcher + 1] = address }))
    if reader or problem.code ~= "source.unavailable" then return reader, problem end
    names[index] = fetcher[1]
  end
  return nil, failure.new("source.unavailable", "there is no program here that could fetch " .. address, {
    evidence = "looked for " .. table.concat(names, ", "),
    hint = "install curl (Debian: curl, OpenWrt: curl or uclient-fetch)",
  })
end

-- --- any source -------------------------------------------------------------------------------------

local function open_reader(spec)
  if spec == "-" then return core_source.descriptor(0) end
  if url.is(spec) then return fetch(spec) end
  return core_source.file(spec)
end

-- Up to `most` bytes, and whether these are all; or nil and a failure.
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

--- Reads the start of a source. A file is rewound; of any other source the start is kept in memory, and a small
-- source whole. Returns { start, reader (at its first byte again), plain, reopen }, or nil and a failure.
local function look_ahead(reader, reopen, silence_ms)
  local rewinds = reader:rewind()
  local start, all = read_up_to(reader, rewinds and #ZIP or MOST_IN_MEMORY, silence_ms)
  if not start then return nil, all end
  if rewinds then
    reader:rewind()
    return { start = start, reader = reader, plain = true, reopen = reopen }
  elseif all then
    local function from_memory() return core_source.bytes(start) end
    return { start = start, reader = from_memory(), plain = true, reopen = from_memory }
  end
  return { start = start, reader = core_source.bytes(start, reader), reopen = reopen }
end

-- A source that is one image.
local function single(spec, reader, item)
  item.name, item.file_name = spec, url.is(spec) and url.file_name(spec) or spec
  local left = { item }
  return { next = function() return table.remove(left) end, close = function() return reader:close() end }
end

-- --- the images of a zip archive, one after the other -----------------------------------------------

local Walk = {}
Walk.__index = Walk

-- The last part of a member's name. macOS adds files whose names begin with a dot.
local function base_name(name)
  return name:match "([^/\\]*)$"
end

local function is_wanted(self, name)
  local base = base_name(name)
  if self.member then return name == self.member or base == self.member end
  return extensions[(base:match "%.(%w+)$" or ""):lower()] ~= nil and base:sub(1, 1) ~= "."
end

-- The same member, from another reader of the archive.
local function reopen_member(self, ordinal)
  local reader, problem = self.archive.reopen()
  if not reader then return nil, problem end
  local archive, name = self.module.open(reader, self.silence_ms), nil
  for _ = 1, ordinal do
    name, problem = archive:next()
    if not name then break end
  end
  if name then return archive end
  archive:close()
  return nil, problem or failure.new("source.rejected", self.spec .. " has changed")
end

local function item_of(self, name)
  local ordinal = self.ordinal
  local function reopen() return reopen_member(self, ordinal) end
  local item, problem
  if self.archive.plain then
    item = { reader = self.reader, plain = true, reopen = reopen }
  else
    item, problem = look_ahead(self.reader, self.archive.reopen and reopen, self.silence_ms)
    if not item then return nil, problem end
  end
  item.name, item.file_name = self.spec .. ":" .. name, base_name(name)
  item.more_may_follow = item.reopen == nil
  self.found = self.found + 1
  return item
end

local function nothing_found(self)
  local evidence = self.others[1] and "it holds " .. table.concat(self.others, ", ") or "it is empty"
  if self.ordinal == MOST_MEMBERS then evidence = ("it holds more than %d files"):format(MOST_MEMBERS) end
  local what = self.member and ("no '%s'"):format(self.member) or "no .cwe, .nvu or .spk"
  return failure.new("source.no_image", ("there is %s in %s"):format(what, self.spec),
    { evidence = evidence })
end

--- The next image: an item; nil after the last; nil and a failure.
function Walk:next()
  while self.found < (self.member and 1 or MOST_IMAGES) and self.ordinal < MOST_MEMBERS do
    local name, problem = self.reader:next()
    if problem and not name then return nil, problem end
    if not name then break end
    self.ordinal = self.ordinal + 1
    if is_wanted(self, name) then return item_of(self, name) end
    if #self.others < SHOWN then self.others[#self.others + 1] = name end
  end
  if self.found == 0 then return nil, nothing_found(self) end
end

--- Closes the archive, and the readers of its members that are not kept in memory.
function Walk:close()
  return self.reader:close()
end

-- A zip archive, of which `archive` is the reader and how to reopen it.
local function open_zip(spec, member, archive, silence_ms)
  local found, module = pcall(require, "moonflash.core.archive")
  if not found then
    archive.reader:close()
    return nil, failure.new("source.unavailable", "zip archives need moonflash's archive module and libarchive: "
      .. spec, { evidence = module:match "[^\n]*",
      hint = "install it (OpenWrt: moonflash-archive, Debian: libarchive13), or unpack the archive" })
  end
  return setmetatable({ spec = spec, member = member, archive = archive, silence_ms = silence_ms, module = module,
    reader = module.open(archive.reader, silence_ms), others = {}, found = 0, ordinal = 0 }, Walk)
end

-- --- opening -------------------------------------------------------------------------------------

-- The name of a zip archive and of a member. An existing file whose name has a colon comes first.
local function split(spec)
  local archive, member = spec:match "^(.+%.[zZ][iI][pP]):(.+)$"
  if archive and (url.is(spec) or not sys.stat(spec)) then return archive, member end
  return spec
end

--- Opens a source of images: a path, "-", a URL, or one of these and a member ("FILE.zip:MEMBER"), which may have no
-- data for silence_ms. Returns a table with the methods next() and close(), or nil and a failure.
function source.open(text, silence_ms)
  local spec, member = split(text)
  local function reopen() return open_reader(spec) end
  local reader, problem = reopen()
  if not reader then return nil, problem end
  local repeatable = reader:rewind() or url.is(spec)
  local seen
  seen, problem = look_ahead(reader, repeatable and reopen or nil, silence_ms)
  if not seen then
    reader:close()
    return nil, problem
  end
  if not member and seen.start:sub(1, #ZIP) ~= ZIP then return single(spec, reader, seen) end
  return open_zip(spec, member, seen, silence_ms)
end

return source

--- Sources of images: a file, standard input, a URL through the system's own fetcher, members of a zip archive
-- in any of these. A source that is not a file may be slow, may be readable only once, or costs another fetch, so
-- small images of such a source are kept in memory.
--
--     local walk = source.open("https://example.org/mc7455.zip", 30000)
--     local item, failure = walk:next()      -- until it is nil
--     walk:close()
--
-- An item is an image: { name (for people), file_name (the vendor's), reader (at its first byte), plain (it can be
-- read again at no cost), reopen (function: another reader of the same bytes, or nil and a failure; nil when the
-- image can be read only once), more_may_follow (the archive has to be read once, so what comes after this image is
-- not known before it was read) }.
-- @module moonflash.image.source

local core_source = require "moonflash.core.source"
local failure = require "moonflash.base.failure"
local sys = require "moonflash.core.sys"
local zip = require "moonflash.image.zip"

local source = {}

-- The largest known settings have 72 kB.
local MOST_IN_MEMORY = 96 * 1024
local ZIP = "PK\3\4"

-- --- URLs: TLS, proxies and certificates are the work of the system's program ------------------------

--- Programs that fetch, best first, with arguments that write a URL's bytes to standard output and errors to
-- standard error. The wget of OpenWrt and of BusyBox has the same options as GNU's.
source.fetchers = {
  { "curl", "-fsSL", "--" },
  { "uclient-fetch", "-q", "-O", "-" },
  { "wget", "-nv", "-O", "-" },
}

local function is_url(text)
  return text:match "^[hH][tT][tT][pP][sS]?://." ~= nil
end

local function name_in_url(url)
  return (url:match "^[^?#]*":match "[^/]*$")
end

local function with_url(fetcher, url)
  local argv = { unpack(fetcher) }
  argv[#argv + 1] = url
  return argv
end

local function fetch(url)
  local names = {}
  for index, fetcher in ipairs(source.fetchers) do
    local reader, problem = core_source.fetch(with_url(fetcher, url))
    if reader or problem.code ~= "source.unavailable" then return reader, problem end
    names[index] = fetcher[1]
  end
  return nil, failure.new("source.unavailable", "there is no program here that could fetch " .. url, {
    evidence = "looked for " .. table.concat(names, ", "),
    hint = "install curl (Debian: curl, OpenWrt: curl or uclient-fetch)",
  })
end

-- --- any source -------------------------------------------------------------------------------------

-- A quoting mistake is easily overlooked in a message.
local mistakes = {
  { "^$", "the name is empty" }, { "^%s", "the name starts with a blank" }, { "%s$", "the name ends with a blank" },
}

local function open_file(path)
  local reader, problem = core_source.file(path)
  if reader or problem.code ~= "source.not_found" then return reader, problem end
  for _, mistake in ipairs(mistakes) do
    if path:find(mistake[1]) then problem.evidence = problem.evidence or mistake[2] end
  end
  return nil, problem
end

local function open_reader(spec)
  if spec == "-" then return core_source.descriptor(0) end
  if is_url(spec) then return fetch(spec) end
  return open_file(spec)
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
-- source whole.
-- @tparam reader reader at its first byte
-- @tparam ?function reopen returns another reader of the same bytes
-- @tparam number silence_ms
-- @treturn table { start, reader (at its first byte again), plain, reopen }, or nil and a failure
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
  item.name, item.file_name = spec, is_url(spec) and name_in_url(spec) or spec
  local left = { item }
  return { next = function() return table.remove(left) end, close = function() return reader:close() end }
end

-- The name of a zip archive and of a member. An existing file whose name has a colon comes first.
local function split(spec)
  local archive, member = spec:match "^(.+%.[zZ][iI][pP]):(.+)$"
  if archive and (is_url(spec) or not sys.stat(spec)) then return archive, member end
  return spec
end

--- Opens a source of images.
-- @tparam string text a path, "-", a URL, or one of these and a member: "FILE.zip:MEMBER"
-- @tparam number silence_ms how long it may have no data
-- @treturn table with methods next() and close(), or nil and a failure
function source.open(text, silence_ms)
  local spec, member = split(text)
  local function reopen() return open_reader(spec) end
  local reader, problem = reopen()
  if not reader then return nil, problem end
  local repeatable = reader:rewind() or is_url(spec)
  local seen
  seen, problem = look_ahead(reader, repeatable and reopen or nil, silence_ms)
  if not seen then
    reader:close()
    return nil, problem
  end
  if not member and seen.start:sub(1, #ZIP) ~= ZIP then return single(spec, reader, seen) end
  return zip.open { spec = spec, member = member, archive = seen, silence_ms = silence_ms,
    look_ahead = look_ahead }
end

return source

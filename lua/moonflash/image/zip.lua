--- The images in a zip archive, one after the other, without unpacking the archive to a file.
-- @module moonflash.image.zip

local failure = require "moonflash.base.failure"

local zip = {}

local MOST_IMAGES = 16
local MOST_MEMBERS = 10000
local SHOWN = 8 -- names in an evidence
local extensions = { cwe = true, nvu = true, spk = true }

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
local function reopen(self, ordinal)
  local reader, problem = self.archive.reopen()
  if not reader then return nil, problem end
  local archive, at = self.module.open(reader, self.silence_ms), 0
  local name
  repeat
    name, problem = archive:next()
    at = at + 1
  until at == ordinal or not name
  if name then return archive end
  archive:close()
  return nil, problem or failure.new("source.rejected", self.spec .. " has changed")
end

local function item_of(self, name)
  local ordinal = self.ordinal
  local function reopen_member() return reopen(self, ordinal) end
  local item, problem
  if self.archive.plain then
    item = { reader = self.reader, plain = true, reopen = reopen_member }
  else
    item, problem = self.look_ahead(self.reader, self.archive.reopen and reopen_member, self.silence_ms)
    if not item then return nil, problem end
  end
  item.name, item.file_name = self.spec .. ":" .. name, base_name(name)
  item.more_may_follow = item.reopen == nil
  self.found = self.found + 1
  return item
end

local function nothing_found(self)
  local shown = table.concat(self.others, ", ", 1, math.min(#self.others, SHOWN))
  local evidence = #self.others > 0 and "it holds " .. shown or "it is empty"
  if self.ordinal == MOST_MEMBERS then evidence = ("it holds more than %d files"):format(MOST_MEMBERS) end
  local what = self.member and ("no '%s'"):format(self.member) or "no .cwe, .nvu or .spk"
  return failure.new("source.no_image", ("there is %s in %s"):format(what, self.spec),
    { evidence = evidence })
end

--- The next image.
-- @treturn table see moonflash.image.source; nil after the last; nil and a failure
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

--- Opens an archive.
-- @tparam table options spec (for people), member (nil: all images), archive (its reader, and how to reopen it:
--   see moonflash.image.source), silence_ms, look_ahead
-- @treturn table with methods next() and close(), or nil and a failure
function zip.open(options)
  local found, module = pcall(require, "moonflash.core.archive")
  if not found then
    options.archive.reader:close()
    return nil, failure.new("source.unavailable", "zip archives need moonflash's archive module and "
      .. "libarchive: " .. options.spec, { evidence = module:match "[^\n]*",
      hint = "install it (OpenWrt: moonflash-archive, Debian: libarchive13), or unpack the archive" })
  end
  options.module, options.others, options.found, options.ordinal = module, {}, 0, 0
  options.reader = module.open(options.archive.reader, options.silence_ms)
  return setmetatable(options, Walk)
end

return zip

--- The images in a zip archive, one after the other, without unpacking.
-- @module moonflash.image.zip

local failure = require "moonflash.base.failure"

local members = {}

local MOST = 16 -- images of one archive
local LOOKED_AT = 10000 -- files of one archive
local SHOWN = 8 -- names in an evidence
local images = { cwe = true, nvu = true, spk = true }

local Walk = {}
Walk.__index = Walk

-- The last part of a member's name. Names beginning with a dot are a Mac's notes about files.
local function base_name(name)
  return name:match "([^/\\]*)$"
end

local function is_wanted(self, name)
  local base = base_name(name)
  if self.member then return name == self.member or base == self.member end
  return images[(base:match "%.(%w+)$" or ""):lower()] ~= nil and base:sub(1, 1) ~= "."
end

-- The same member out of another reader of the archive.
local function reopen(self, ordinal)
  local reader, problem = self.archive.reopen()
  if not reader then return nil, problem end
  local zip, at = self.module.open(reader, self.silence_ms), 0
  local name
  repeat
    name, problem = zip:next()
    at = at + 1
  until at == ordinal or not name
  if name then return zip end
  zip:close()
  return nil, problem or failure.new("source.rejected", self.spec .. " has changed")
end

local function item_of(self, name)
  local ordinal = self.ordinal
  local function again() return reopen(self, ordinal) end
  local item, problem
  if self.archive.plain then
    item = { reader = self.zip, plain = true, reopen = again }
  else
    item, problem = self.look_ahead(self.zip, self.archive.reopen and again, self.silence_ms)
    if not item then return nil, problem end
  end
  item.name, item.file_name = self.spec .. ":" .. name, base_name(name)
  item.hides_rest = item.reopen == nil
  self.found = self.found + 1
  return item
end

local function nothing_found(self)
  local shown = table.concat(self.others, ", ", 1, math.min(#self.others, SHOWN))
  local evidence = #self.others > 0 and "it holds " .. shown or "it is empty"
  if self.ordinal == LOOKED_AT then evidence = ("it holds more than %d files"):format(LOOKED_AT) end
  local what = self.member and ("no '%s'"):format(self.member) or "no .cwe, .nvu or .spk"
  return failure.new("source.no_image", ("there is %s in %s"):format(what, self.spec),
    { evidence = evidence })
end

--- The next image.
-- @treturn table see moonflash.image.source; nil after the last; nil and a failure
function Walk:next()
  while self.found < (self.member and 1 or MOST) and self.ordinal < LOOKED_AT do
    local name, problem = self.zip:next()
    if problem and not name then return nil, problem end
    if not name then break end
    self.ordinal = self.ordinal + 1
    if is_wanted(self, name) then return item_of(self, name) end
    if #self.others < SHOWN then self.others[#self.others + 1] = name end
  end
  if self.found == 0 then return nil, nothing_found(self) end
end

--- Ends the walk; readers of its items that were not held in memory are closed with it.
function Walk:close()
  return self.zip:close()
end

--- Opens an archive.
-- @tparam table place spec (for people), member (nil: all images), archive (its reader, and how it can
--   be opened again: see moonflash.image.source), silence_ms, look_ahead
-- @treturn table with methods next() and close(), or nil and a failure
function members.open(place)
  local found, module = pcall(require, "moonflash.core.archive")
  if not found then
    place.archive.reader:close()
    return nil, failure.new("source.unavailable", "zip archives need moonflash's archive module and "
      .. "libarchive: " .. place.spec, { evidence = module:match "[^\n]*",
      hint = "install it (OpenWrt: moonflash-archive, Debian: libarchive13), or unpack the archive" })
  end
  place.module, place.others, place.found, place.ordinal = module, {}, 0, 0
  place.zip = module.open(place.archive.reader, place.silence_ms)
  return setmetatable(place, Walk)
end

return members

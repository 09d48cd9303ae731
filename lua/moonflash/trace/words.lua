--- Texts for a trace: without the names of this machine's folders, and without identifiers.
-- @module moonflash.trace.words

local redact = require "moonflash.trace.redact"

local words = {}
words.__index = words

--- Texts of one run.
function words.new()
  return setmetatable({ replacements = {}, known = {} }, words)
end

local function literally(text)
  return (text:gsub("%p", "%%%0"))
end

local function replace(self, text, by, pattern)
  if text == "" or text == by or self.known[text] then return end
  self.known[text] = true
  by = by:gsub("%%", "%%%%")
  table.insert(self.replacements, { text = text, pattern = pattern or literally(text), by = by })
  table.sort(self.replacements, function(a, b) return #a.text > #b.text end)
end

--- Paths below this root are told as they would be below "/". A relative one may be any word, so only where a
-- path begins with it.
function words:know_root(root)
  root = root:gsub("/+$", "")
  replace(self, root, "", "%f[%w._~/-]" .. literally(root) .. (root:find "^/" and "%f[^%w._~-]" or "%f[/]"))
end

--- This file is told by its name alone.
-- @tparam string path or address
-- @tparam[opt] string name another name to tell
function words:know_file(path, name)
  local plain = path:find "^%a+://" and path:gsub("[?#].*", "") or path
  replace(self, path, name or plain:match "([^/]*)/*$")
end

--- This text is never told.
function words:know_secret(text, instead)
  replace(self, text, instead)
end

--- A value with all its texts cleaned.
-- @param value text, number, boolean or table of such
-- @return the same, or a copy
function words:clean(value)
  if type(value) == "string" then
    for _, known in ipairs(self.replacements) do value = value:gsub(known.pattern, known.by) end
    return redact.words(value)
  end
  if type(value) ~= "table" then return value end
  local copy = {}
  for key, inner in pairs(value) do copy[key] = self:clean(inner) end
  return copy
end

return words

--- What was found while waiting for a modem, with times: the evidence when the modem does not return.
-- @module moonflash.device.timeline

local describe = require "moonflash.device.describe"

local timeline = {}
timeline.__index = timeline

--- A new timeline.
-- @tparam number now ms; times are counted from it
function timeline.new(now)
  return setmetatable({ began = now, entries = {}, by_key = {} }, timeline)
end

local function entry_of(self, key, now)
  local entry = self.by_key[key]
  if not entry then
    entry = { after = describe.seconds(now - self.began) }
    self.by_key[key] = entry
    self.entries[#self.entries + 1] = entry
  end
  return entry
end

--- Notes that the modem left.
-- @tparam number now ms
-- @treturn string in words
function timeline:left(now)
  local entry = entry_of(self, "left", now)
  entry.text = "left after " .. entry.after
  return entry.text
end

--- Notes a device with the time when it was first found and its latest state.
-- @tparam table dev
-- @tparam string state in words
-- @tparam number now ms
-- @treturn ?string in words, nil when nothing changed
function timeline:found(dev, state, now)
  local entry = entry_of(self, dev.place .. "#" .. dev.number, now)
  local text = ("%s: %s:%s after %s, %s"):format(dev.place, dev.vid, dev.pid, entry.after, state)
  if text == entry.text then return nil end
  entry.text = text
  return text
end

--- All entries in order.
-- @treturn string
function timeline:text()
  local lines = {}
  for index, entry in ipairs(self.entries) do lines[index] = entry.text end
  return lines[1] and table.concat(lines, "; ") or "nothing changed"
end

return timeline

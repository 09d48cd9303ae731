--- What was seen while waiting for a modem, with times: the evidence when it does not come.
-- @module moonflash.device.timeline

local describe = require "moonflash.device.describe"

local sightings = {}
sightings.__index = sightings

--- @tparam number now ms, from which times are counted
function sightings.new(now)
  return setmetatable({ began = now, list = {}, by_key = {} }, sightings)
end

local function line(self, key, now)
  local entry = self.by_key[key]
  if not entry then
    entry = { after = describe.seconds(now - self.began) }
    self.by_key[key] = entry
    self.list[#self.list + 1] = entry
  end
  return entry
end

--- Notes that the old device is gone.
-- @treturn string the words
function sightings:left(now)
  local entry = line(self, "left", now)
  entry.text = "left after " .. entry.after
  return entry.text
end

--- Notes a device and the state it is in; the last state counts, the first time.
-- @tparam table dev
-- @tparam string state in words
-- @tparam number now ms
-- @treturn ?string the words when they are news
function sightings:saw(dev, state, now)
  local entry = line(self, dev.place .. "#" .. dev.number, now)
  local text = ("%s: %s:%s after %s, %s"):format(dev.place, dev.vid, dev.pid, entry.after, state)
  if text == entry.text then return nil end
  entry.text = text
  return text
end

--- Everything in its order.
-- @treturn string
function sightings:text()
  local lines = {}
  for index, entry in ipairs(self.list) do lines[index] = entry.text end
  return #lines > 0 and table.concat(lines, "; ") or "nothing moved"
end

return sightings

--- How far an update is: one number for people, rate and time left. The images make 95 % of it; the
-- rest is for the modem to boot and confirm, which only the result can tell.
-- @module moonflash.cli.progress

local progress = {}
progress.__index = progress

local SHARE_OF_IMAGES = 95

--- Makes a meter.
-- @tparam function clock gives ms
-- @treturn table meter
function progress.new(clock)
  return setmetatable({ clock = clock, sent = 0, percent = 0 }, progress)
end

-- What starts anew, as it failed or is for another modem, takes the number back; a further file does not.
local function begin(self, event)
  local again = event.sent < self.sent
  if again then self.percent = 0 end
  if again or event.file ~= self.file then
    self.file, self.since, self.first = event.file, self.clock(), event.sent
  end
  self.sent = event.sent
end

--- Takes a progress event.
-- @tparam table event file; sent, total in bytes of all images together
-- @treturn table percent, rate (bytes a second), left (seconds, nil when it cannot be told)
function progress:take(event)
  begin(self, event)
  local total = math.max(event.total or 0, event.sent, 1)
  self.percent = math.max(self.percent, math.floor(SHARE_OF_IMAGES * event.sent / total))
  local elapsed = self.clock() - self.since
  local rate = elapsed > 0 and (event.sent - self.first) * 1000 / elapsed or 0
  local left = rate > 0 and (total - event.sent) / rate or nil
  return { percent = self.percent, rate = rate, left = left }
end

--- Says at most so often that it is time.
-- @tparam function clock gives ms
-- @tparam number interval_ms
-- @treturn function called with true it says yes in any case
function progress.pace(clock, interval_ms)
  local last
  return function(at_once)
    local now = clock()
    if not at_once and last and now - last < interval_ms then return false end
    last = now
    return true
  end
end

--- Says that it is time for each further 10 %, and each 10 s.
-- @tparam function clock gives ms
-- @treturn function called with the per cent
function progress.milestones(clock)
  local due, tenth = progress.pace(clock, 10000), 0
  return function(percent)
    local new = math.floor(percent / 10)
    local passed = new > tenth
    tenth = new
    return due(passed)
  end
end

return progress

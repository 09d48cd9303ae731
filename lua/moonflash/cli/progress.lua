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
  return setmetatable({ clock = clock, files = {}, percent = 0 }, progress)
end

local function overall(files)
  local sent, total = 0, 0
  for _, file in pairs(files) do
    sent, total = sent + file.sent, total + file.total
  end
  return total > 0 and math.floor(SHARE_OF_IMAGES * sent / total) or 0
end

-- A file that starts anew takes the number back; a further file that is announced does not.
function progress:file_of(event, now)
  local file = self.files[event.file]
  local again = file and event.sent < file.sent
  if not file or again then
    file = { since = now, first = event.sent }
    self.files[event.file] = file
  end
  file.sent, file.total = event.sent, math.max(event.total or 0, event.sent)
  return file, again
end

--- Takes a progress event.
-- @tparam table event file, sent, total in bytes
-- @treturn table percent, rate (bytes a second), left (seconds, nil when it cannot be told)
function progress:take(event)
  local now = self.clock()
  local file, again = self:file_of(event, now)
  local percent = overall(self.files)
  self.percent = again and percent or math.max(self.percent, percent)
  local elapsed = now - file.since
  local rate = elapsed > 0 and (file.sent - file.first) * 1000 / elapsed or 0
  local left = rate > 0 and (file.total - file.sent) / rate or nil
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

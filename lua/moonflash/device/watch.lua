--- Waits until something may have changed on USB: by the kernel's uevents, else by looking at
-- /sys every 10 ms, which costs little while nothing changes. A watch never says what
-- changed: whoever waits looks at /sys itself.
-- @module moonflash.device.watch

local sys = require "moonflash.core.sys"
local uevent = require "moonflash.core.uevent"

local watch = {}

local POLL_MS = 10
local FOLDERS_EVERY = 3

--- The system's clock and sleep; tests have their own.
watch.clock = { now = sys.clock_ms, sleep = sys.sleep_ms }

local function interrupted(problem)
  return problem and problem.code:match "%.interrupted$" ~= nil
end

-- --- polling ---------------------------------------------------------------------------------

local polling = {}
polling.__index = polling

-- What folders and files look like; each may be missing.
local function list_of(folders)
  local parts = {}
  for _, folder in ipairs(folders) do
    for _, name in ipairs(sys.list(folder) or {}) do parts[#parts + 1] = name end
    parts[#parts + 1] = "/"
  end
  return table.concat(parts, "\n")
end

local function contents_of(files)
  local parts = {}
  for index, file in ipairs(files) do parts[index] = sys.read_file(file) or "/" end
  return table.concat(parts, "\n")
end

-- The picture was taken before the caller last looked, so nothing slips in between; the first time
-- there is none, and the caller looks once more. Folders cost more to look at than files, and tell
-- less: they have their turn at first, when a file changed, and else every third time.
function polling:wait(ms, points)
  local ends, before, turn, folders = self.clock.now() + ms, self.seen, 0, nil
  repeat
    local slept, problem = self.clock.sleep(math.min(POLL_MS, math.max(ends - self.clock.now(), 0)))
    if not slept then return nil, problem end
    local files = contents_of(points.files)
    if turn == 0 or files ~= self.files then folders = list_of(points.folders) end
    turn = (turn + 1) % FOLDERS_EVERY
    self.files, self.seen = files, folders .. files
  until self.seen ~= before or self.clock.now() >= ends
  return true
end

function polling.close() end

local function new_polling(clock)
  return setmetatable({ clock = clock }, polling)
end

-- --- uevents ---------------------------------------------------------------------------------

local events = {}
events.__index = events

local subsystems = { usb = true, tty = true, usbmisc = true }

local function matters(event)
  return event.overrun or subsystems[event.SUBSYSTEM]
end

-- A burst of events is answered by one look at /sys.
local function drain(socket)
  repeat until not socket:next(0)
end

-- When the socket fails there is reason to look; from then on we poll.
local function give_up(self)
  self.fallback = new_polling(self.clock)
  return true
end

function events:wait(ms, points)
  if self.fallback then return self.fallback:wait(ms, points) end
  local ends = self.clock.now() + ms
  repeat
    local event, problem = self.socket:next(math.max(ends - self.clock.now(), 0))
    if event and matters(event) then
      drain(self.socket)
      return true
    end
    if interrupted(problem) then return nil, problem end
    if not event and problem.code ~= "uevent.timeout" then return give_up(self) end
  until self.clock.now() >= ends
  return true
end

function events:close()
  self.socket:close()
end

--- Opens the best watch there is.
-- @tparam string root
-- @tparam[opt] table clock { now(), sleep(ms) }
-- @treturn table with wait(ms, points), true when something may have changed or the time is over,
-- else nil and the failure that says it was interrupted; and close(). points = { folders = {},
-- files = {} } are what polling compares.
function watch.open(root, clock)
  clock = clock or watch.clock
  local socket = uevent.open(root)
  if not socket then return new_polling(clock) end
  return setmetatable({ socket = socket, clock = clock }, events)
end

--- A watch that polls, whatever the system offers.
function watch.poll(clock)
  return new_polling(clock or watch.clock)
end

return watch

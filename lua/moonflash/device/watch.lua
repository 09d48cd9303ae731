--- Waits until something may have changed on USB: by the kernel's uevents, else by reading /sys every 10 ms. A
-- watch does not tell what changed: the caller reads /sys itself.
-- @module moonflash.device.watch

local sys = require "moonflash.core.sys"
local uevent = require "moonflash.core.uevent"

local watch = {}

local POLL_MS = 10
local FOLDERS_EVERY = 3
local MOST_IN_BURST = 1000

--- The clock of the system, in ms; tests use their own.
watch.clock = { now = sys.clock_ms, sleep = sys.sleep_ms }

local function interrupted(problem)
  return problem and problem.code:match "%.interrupted$" ~= nil
end

-- --- polling ---------------------------------------------------------------------------------

local polling = {}
polling.__index = polling

-- Folders and files may be missing.
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

-- Compares with what was read in the last wait, so a change between two waits is noticed. The first wait has
-- nothing to compare with and returns at once. Folders cost more than files, so they are read only when a file
-- changed, and else every third time.
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

-- A burst of events needs only one reading of /sys.
local function drain(socket)
  for _ = 1, MOST_IN_BURST do
    if not socket:next(0) then return end
  end
end

-- When the socket fails, events may be lost: the caller reads /sys now, and the watch polls from then on.
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

--- Opens a watch: of uevents if possible, else a polling one.
-- @tparam string root
-- @tparam[opt] table clock { now(), sleep(ms) }
-- @treturn table with wait(ms, points): true when something may have changed or the time is over, nil and a
-- failure *.interrupted; and with close(). points = { folders = {}, files = {} } is what polling reads
function watch.open(root, clock)
  clock = clock or watch.clock
  local socket = uevent.open(root)
  if not socket then return new_polling(clock) end
  return setmetatable({ socket = socket, clock = clock }, events)
end

--- A watch that always polls.
-- @tparam[opt] table clock
function watch.poll(clock)
  return new_polling(clock or watch.clock)
end

return watch

--- A job: one modem, the images meant for it, and everything that must be given back at the end.
-- Steps and scripts get it as their only argument.
-- @module moonflash.engine.job

local device = require "moonflash.device"
local failure = require "moonflash.base.failure"
local interrupt = require "moonflash.base.interrupt"
local lock = require "moonflash.host.lock"
local sessions = require "moonflash.engine.job_ports"
local user_code = require "moonflash.engine.user_code"

local SETTLE_SECONDS, MOST_DEFERRED = 3, 1000

local job = setmetatable({}, { __index = sessions })
job.__index = job

--- How far a job has come, in order; with a failure it decides the exit status.
-- untouched: nothing was changed; entering: something was, the modem is or will be put back;
-- transfer: an image was opened, the modem stays in download mode; booting: it was restarted.
job.phases = { "untouched", "entering", "transfer", "booting" }

--- Makes a job.
-- @tparam table request model, models, device, root, set (images), options, arguments, emit
function job.new(request)
  local self = {
    model = request.model, models = request.models, device = request.device, root = request.root,
    set = request.set, options = request.options or {}, arguments = request.arguments or {},
    emit = request.emit or function() end,
    phase = "untouched", sent = {}, undos = {}, finalizers = {},
    -- what one step tells another: preference_set; stored_already, so a restart is all it takes; has_more,
    -- the modem restarts for the next image
    course = {},
  }
  self.trace = self.options.trace
  if self.trace then self.trace:found(self.device, self.models) end
  return setmetatable(self, job)
end

--- Milliseconds of a time in seconds, stretched by --timeout-scale.
function job:ms(seconds)
  return math.ceil(seconds * 1000 * (self.options.timeout_scale or 1))
end

--- Says something for --verbose and the log.
function job:note(message)
  self.emit { event = "note", message = message }
end

--- Warns: something a person should know although the job goes on.
-- @tparam string code one of failure.codes
-- @tparam string message
function job:warn(code, message)
  self.emit { event = "warning", code = code, message = message }
end

--- Whether an interrupt is pending (see moonflash.base.interrupt).
function job.interrupted()
  return interrupt.pending() ~= nil
end

--- The failure to return when an interrupt is pending, else nil.
function job.check_interrupt()
  return interrupt.pending()
end

-- Runs cleanup with interrupts deferred: no signal cuts it short. All its waits have deadlines.
local function clean_up(self, work, words)
  local ran, problem = interrupt.defer(user_code.call, work)
  if ran then return end
  self:warn(problem.code, words .. ": " .. tostring(problem))
  return problem
end

local function check_words(self, name, work, method)
  if type(name) ~= "string" or type(work) ~= "function" then
    error(("job:%s takes words and a function"):format(method), 3)
  end
  if self.finalized then error("this job was finalized: it does nothing any more", 3) end
end

--- Keeps all others away from the modem until `finalize`.
-- @tparam[opt] boolean to_ask only to ask it something: who may lock nothing may ask all the same, and who
-- works on it already may, too. A port that belongs to no modem (--tty) is held by whoever opens it.
-- @treturn boolean true, or nil and a failure: device.busy, sys.interrupted
function job:hold(to_ask)
  if self.lock or not self.device.place then return true end
  local problem
  self.lock, problem = lock.take(self.root, self.device, to_ask)
  if self.lock or to_ask and (problem.ours or not problem.final) then return true end
  return nil, problem
end

--- Registers what undoes a change, which the modem is not untouched by: run, last first, when what follows
-- fails before the first image was opened. `undo` returns true or nil, failure. It replaces an earlier one of
-- the same name.
-- @tparam string name words for people
-- @tparam function undo
-- @raise when these are not words and a function
function job:undo(name, undo)
  check_words(self, name, undo, "undo")
  for index = #self.undos, 1, -1 do
    if self.undos[index].name == name then table.remove(self.undos, index) end
  end
  self.undos[#self.undos + 1] = { name = name, run = undo }
  if self.phase == "untouched" then self.phase = "entering" end
end

--- Registers what is done at the end whatever happens, last first. The run has failed when it fails.
-- @tparam string name words for people
-- @tparam function finalizer called with the job; returns true, or nil and a failure
-- @raise when these are not words and a function
function job:defer(name, finalizer)
  check_words(self, name, finalizer, "defer")
  self.finalizers[#self.finalizers + 1] = { name = name, run = finalizer }
end

--- Registers what is given back to others at the end: as defer, but that it fails is only a warning.
-- @tparam string name words for people
-- @tparam function finalizer as for defer
function job:give_back(name, finalizer)
  self.finalizers[#self.finalizers + 1] = { name = name, run = finalizer, mild = true }
end

local function run_reversed(self, list)
  local left = {} -- the words of what failed
  for _ = 1, MOST_DEFERRED do -- what runs may register more
    local entry, failed = table.remove(list), nil
    if not entry then break end
    local raised = clean_up(self, function()
      self.emit { event = "step", step = entry.name, state = "started" }
      local ok, problem = entry.run(self)
      failed = ok == nil and failure.meant(problem) or nil
      if failed then self:warn(failed.code, entry.name .. ": " .. tostring(failed)) end
      self.emit { event = "step", step = entry.name, state = failed and "failed" or "done" }
    end, entry.name)
    if raised or failed then left[#left + 1] = entry.name end
    if not entry.mild then self.unfinished = self.unfinished or raised or failed end
  end
  return left
end

--- Puts the modem back after a failure, unless it holds a torn image or was restarted. The failure says what
-- could not be undone.
function job:put_back()
  if self.phase ~= "entering" then return end
  local left, problem = run_reversed(self, self.undos), self.failure
  if not left[1] or not problem then return end
  local before = problem.evidence and problem.evidence .. "; " or ""
  problem.evidence = ("%snot undone: %s"):format(before, table.concat(left, ", "))
end

--- Runs the finalizers, closes what is open and lets others at the modem again. What failed of what was
-- deferred is `unfinished` from then on.
function job:finalize()
  run_reversed(self, self.finalizers)
  clean_up(self, function()
    self:close_download()
    self:close_qmi { release = true }
    self:close_at()
    if self.follower then self.follower:close() end
    self.follower = nil
    for _, image in ipairs(self.set and self.set.images or {}) do image:release() end
    if self.lock then self.lock:release() end
    self.lock, self.finalized = nil, true
  end, "closing")
end

--- Lets the modem leave download mode; it is followed from here on.
-- @treturn boolean true when the modem was told, or nil and a failure
function job:leave_download()
  local loader, problem = self:download()
  if not loader then return nil, problem end
  self:follow()
  local reset, refused = loader:reset()
  self:close_download()
  return reset, refused
end

--- Finds the modem again if it was replugged since we last looked: a port that has the name of its port
-- need not be its.
-- @treturn table the device, or nil and a failure
function job:keep_up()
  if not self.follower then return self.device end
  local hung_up = self.hung_up
  self.hung_up = nil
  -- its ports hang up a moment before it leaves /sys
  if hung_up and self:await({ download = true, application = true }, self:ms(SETTLE_SECONDS)) then
    return self.device
  end
  if device.is_there(self.device) then return self.device end
  return self:find_again()
end

--- Begins to follow the modem through a reset: call it before the reset is asked for.
function job:follow()
  self:keep_up()
  if self.follower then self.follower:close() end
  self.follower = device.follow(self.device, self.models)
  self.follower:arm()
  return self.follower
end

--- Lets a modem that was plugged in a moment ago get all its ports. When it does not, it is taken as it is.
function job:settle()
  self:follow()
  if device.is_settled(self.device) then return end
  self:await({ [self.device.mode] = true }, self:ms(SETTLE_SECONDS), true)
end

--- Looks where the followed modem is now: in its place, or on its way to another mode.
-- @treturn table the device, or nil and a failure
function job:find_again()
  return self:await({ download = true, application = true }, self:ms(60), true)
end

--- Waits until the followed modem is back.
-- @tparam table modes set of modes that end the wait: { download = true }
-- @tparam number within_ms
-- @tparam[opt] boolean may_be_here what is there now may be the answer, without having been away
-- @treturn table the device as it is now, or nil and a failure
-- @raise when the modem is not followed
function job:await(modes, within_ms, may_be_here)
  if not self.follower then error("job:await comes after job:follow()", 2) end
  local found, problem = self.follower:wait { modes = modes, within_ms = within_ms, gone = not may_be_here,
    progress = function(seen) self:note(seen) end,
    moved = self.trace and function(dev) self.trace:moved(dev) end }
  if not found then return nil, problem end
  self.device, self.sent_away, self.hung_up = found, nil, nil
  self.follower:arm()
  return found
end

return job

--- A job: one modem, the images for it, and what has to be undone or restored at the end. Every step gets the job as
-- its first argument; a script gets one from flash.open.
-- @module moonflash.engine.job

local device = require "moonflash.device"
local failure = require "moonflash.base.failure"
local interrupt = require "moonflash.base.interrupt"
local lock = require "moonflash.host.lock"
local ports = require "moonflash.engine.job_ports"
local preflight = require "moonflash.host.preflight"
local run = require "moonflash.base.run"
local sys = require "moonflash.core.sys"
local user_code = require "moonflash.engine.user_code"

local SETTLE_SECONDS, RELOCATE_SECONDS = 3, 60
local MOST_DEFERRED = 1000 -- a finalizer may register more of them

local job = setmetatable({}, { __index = ports })
job.__index = job

--- How far a job is, in order. With the failure it decides the exit status.
-- untouched: nothing was changed; entering: the modem was changed and is restored after a failure;
-- transfer: an image was opened, the modem stays in download mode; booting: the modem was restarted.
job.phases = { "untouched", "entering", "transfer", "booting" }

--- Makes a job.
-- Steps add fields: state, before, after (see moonflash.procedure.versions); preference_set; stored_already: the
-- modem stores the images, so a restart is enough; images_left: the modem restarts for the next image.
-- @tparam table request model, models, device, root, set (images), options, arguments, emit
function job.new(request)
  local self = {
    model = request.model, models = request.models, device = request.device, root = request.root,
    set = request.set, options = request.options or {}, arguments = request.arguments or {},
    emit = request.emit or function() end,
    phase = "untouched", sent = {}, undo_list = {}, finalizers = {},
  }
  if run.trace() then run.trace():found(self.device, self.models) end
  return setmetatable(self, job)
end

--- Milliseconds of a time in seconds, multiplied by --timeout-scale.
function job:ms(seconds)
  return math.ceil(seconds * 1000 * (self.options.timeout_scale or 1))
end

--- Emits a message for --verbose and the log.
function job:note(message)
  self.emit { event = "note", message = message }
end

--- Emits a warning. The job continues.
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
job.check_interrupt = interrupt.pending

--- Keeps other programs away from the modem until `finalize`. A port without a known modem (--tty) has no lock.
-- @tparam[opt] boolean to_ask the job only asks the modem something. It may do so without the right to lock, and while
-- another job of this process has the lock.
-- @treturn boolean true, or nil and a failure: device.busy, sys.interrupted
function job:lock(to_ask)
  if self.held_lock or not self.device.place then return true end
  local problem
  self.held_lock, problem = lock.take(self.root, self.device, to_ask)
  if self.held_lock or to_ask and (problem.ours or not problem.final) then return true end
  return nil, problem
end

-- --- undo functions and finalizers --------------------------------------------------------------

local function check_arguments(self, name, work, method)
  if type(name) ~= "string" or type(work) ~= "function" then
    error(("job:%s takes words and a function"):format(method), 3)
  end
  if self.finalized then error("this job was finalized: it does nothing any more", 3) end
end

--- Registers a function that undoes a change. It runs when a later step fails before the first image is opened, the
-- last one first. It replaces an earlier one of the same name.
-- @tparam string name in words
-- @tparam function undo called with the job; returns true, or nil and a failure
-- @raise for arguments of other types
function job:undo(name, undo)
  check_arguments(self, name, undo, "undo")
  for index = #self.undo_list, 1, -1 do
    if self.undo_list[index].name == name then table.remove(self.undo_list, index) end
  end
  self.undo_list[#self.undo_list + 1] = { name = name, run = undo }
  if self.phase == "untouched" then self.phase = "entering" end
end

--- Registers a function that runs at the end, whatever happens, the last one first. When it fails, the job fails.
-- @tparam string name in words
-- @tparam function finalizer called with the job; returns true, or nil and a failure
-- @raise for arguments of other types
function job:defer(name, finalizer)
  check_arguments(self, name, finalizer, "defer")
  self.finalizers[#self.finalizers + 1] = { name = name, run = finalizer }
end

--- As defer, for what other programs get back: a failure of it is only a warning.
-- @tparam string name in words
-- @tparam function finalizer as for defer
function job:restore(name, finalizer)
  self.finalizers[#self.finalizers + 1] = { name = name, run = finalizer, best_effort = true }
end

-- Runs cleanup with interrupts deferred: no signal cuts it short. All its waits have deadlines.
local function clean_up(self, work, words)
  local ran, problem = interrupt.defer(user_code.call, work)
  if ran then return end
  self:warn(problem.code, words .. ": " .. tostring(problem))
  return problem
end

-- Runs the functions of a list and empties it. Returns the names of those that failed.
local function run_reversed(self, list)
  local left = {}
  for _ = 1, MOST_DEFERRED do
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
    if not entry.best_effort then self.cleanup_failure = self.cleanup_failure or raised or failed end
  end
  return left
end

--- Undoes the changes after a failure, unless an image was opened or the modem restarted. The evidence of the failure
-- names what could not be undone.
function job:rollback()
  local problem = self.failure or {}
  if self.phase ~= "entering" or problem.image_opened or not self.undo_list[1] then return end
  self.emit { event = "say", message = "putting the modem back as it was, please wait" }
  local left = run_reversed(self, self.undo_list)
  if left[1] then
    local before = problem.evidence and problem.evidence .. "; " or ""
    problem.evidence = ("%snot undone: %s"):format(before, table.concat(left, ", "))
  elseif problem.code == "job.interrupted" then
    problem.hint = "the modem is as it was before; run the same command again"
  end
end

--- Runs the finalizers, closes all ports and releases the lock. `cleanup_failure` is the first failure of a finalizer.
function job:finalize()
  run_reversed(self, self.finalizers)
  clean_up(self, function()
    self:close_download()
    self:close_qmi { release = true }
    self:close_at()
    if self.follower then self.follower:close() end
    self.follower = nil
    for _, image in ipairs(self.set and self.set.images or {}) do image:release() end
    if self.held_lock then self.held_lock:release() end
    self.held_lock, self.finalized = nil, true
  end, "closing")
  if self.catches_signals then sys.release_signals() end
  self.catches_signals = nil
end

--- Catches signals until the job is finalized.
function job:catch_signals()
  sys.catch_signals()
  self.catches_signals = true
end

-- --- following the modem ------------------------------------------------------------------------

--- Lets the modem leave download mode, and follows it.
-- @treturn boolean true when the request was sent, or nil and a failure
function job:leave_download()
  local loader, problem = self:download()
  if not loader then return nil, problem end
  self:follow()
  local reset, refused = loader:reset()
  self:close_download()
  return reset, refused
end

--- Finds the modem again if it was replugged: another modem may have its port names now.
-- @treturn table the device, or nil and a failure
function job:refresh_device()
  if not self.follower then return self.device end
  local port_lost = self.port_lost
  self.port_lost = nil
  -- the ports of a modem close a moment before it leaves /sys
  if port_lost and self:wait_for_device({ download = true, application = true }, self:ms(SETTLE_SECONDS)) then
    return self.device
  end
  if device.is_there(self.device) then return self.device end
  return self:relocate()
end

--- Follows the modem through a reset. Call it before the reset is requested.
function job:follow()
  self:refresh_device()
  if self.follower then self.follower:close() end
  self.follower = device.follow(self.device, self.models)
  self.follower:arm()
  return self.follower
end

--- Waits until a modem that was plugged in a moment ago has all its ports. Afterwards it is used as it is.
function job:settle()
  self:follow()
  if device.is_settled(self.device) then return end
  self:wait_for_device({ [self.device.mode] = true }, self:ms(SETTLE_SECONDS), true)
end

--- Looks where the followed modem is now.
-- @treturn table the device, or nil and a failure
function job:relocate()
  return self:wait_for_device({ download = true, application = true }, self:ms(RELOCATE_SECONDS), true)
end

--- Waits until the followed modem is back.
-- @tparam table modes set of modes that end the wait: { download = true }
-- @tparam number within_ms
-- @tparam[opt] boolean may_be_here the modem may be there already, without having been away
-- @treturn table the device as it is now, or nil and a failure
-- @raise when the modem is not followed
function job:wait_for_device(modes, within_ms, may_be_here)
  if not self.follower then error("job:wait_for_device comes after job:follow()", 2) end
  local trace = run.trace()
  local found, problem = self.follower:wait { modes = modes, within_ms = within_ms, gone = not may_be_here,
    progress = function(seen) self:note(seen) end,
    moved = trace and function(dev) trace:moved(dev) end }
  if not found then return nil, problem end
  self.device, self.reset_requested, self.port_lost = found, nil, nil
  preflight.prepare_again(self)
  self.follower:arm()
  return found
end

return job

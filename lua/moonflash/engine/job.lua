-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- A job: one modem, the images for it, and what has to be undone or restored at the end. Every step gets the job as
-- its first argument; a script gets one from flash.open.

local device = require "moonflash.device"
local interrupt = require "moonflash.base.interrupt"
local limits = require "moonflash.base.limits"
local lock = require "moonflash.host.lock"
local ports = require "moonflash.engine.job_ports"
local preflight = require "moonflash.host.preflight"
local run = require "moonflash.base.run"
local services = require "moonflash.host.services"
local sys = require "moonflash.core.sys"
local tables = require "moonflash.base.table"
local undo = require "moonflash.engine.job_undo"

local ANY_MODE = { download = true, application = true }
local SECOND_MS = 1000

local job = tables.merge(ports, undo)
job.__index = job

--- Makes a job. Its phase is how far it is; with the failure it decides the exit status.
-- "untouched": nothing was changed; "entering": the modem was changed and is restored after a failure;
-- "transfer": the modem took a part of an image and stays in download mode; "booting": the modem was restarted.
-- `ends`: the clock at which the step that runs must end (moonflash.engine); `restarted_at`: that of the last restart.
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
function job:scaled(seconds)
  return math.ceil(seconds * 1000 * (self.options.timeout_scale or 1))
end

--- Milliseconds of a wait: as job:scaled, but not beyond the time of the step (its field `most`).
function job:ms(seconds)
  local ms = self:scaled(seconds)
  return self.ends and math.max(1, math.min(ms, self.ends - sys.clock_ms())) or ms
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
  self.restarted_at = sys.clock_ms()
  if not loader then return nil, problem end
  self:follow()
  local reset, refused = loader:reset()
  self:close_download()
  return reset, refused
end

--- Finds the modem again if it was replugged, for another modem may have its port names now, or if its driver has gone.
-- @treturn table the device, or nil and a failure
function job:refresh_device()
  if not self.follower then return self.device end
  local port_lost = self.port_lost
  self.port_lost = nil
  -- the ports of a modem close a moment before it leaves /sys
  if port_lost and self:wait_for_device(ANY_MODE, self:ms(limits.settle)) then
    return self.device
  end
  if device.is_there(self.device) and not device.has_lost_port(self.device) then return self.device end
  return self:relocate()
end

--- Follows the modem through a reset. Call it before the reset is requested.
function job:follow()
  self:refresh_device()
  if self.follower then self.follower:close() end
  self.follower = device.follow(self.device, self.models,
    { transport = self.options.transport, scale = self.options.timeout_scale })
  self.follower:arm()
  return self.follower
end

--- Waits until a modem that was plugged in a moment ago has all its ports. Afterwards it is used as it is.
function job:settle()
  self:follow()
  if device.is_settled(self.device) then return end
  self:wait_for_device({ [self.device.mode] = true }, self:ms(limits.settle), true)
end

--- Looks where the followed modem is now.
-- @treturn table the device, or nil and a failure
function job:relocate()
  return self:wait_for_device(ANY_MODE, self:ms(limits.relocate), true)
end

local function emit_wait(self, message, began, within_ms)
  self.emit { event = "wait", step = self.step or "moonflash", seconds = (sys.clock_ms() - began) / 1000,
    within = within_ms / 1000, message = message }
end

--- Pauses, and emits each second that it does.
-- @tparam number ms
-- @tparam string message why, in words
-- @tparam[opt] number began of several pauses of one kind: when the first one began (ms of the clock)
-- @tparam[opt] number within_ms how long all of them may take
-- @treturn boolean true, or nil and a failure when it was interrupted
function job:pause(ms, message, began, within_ms)
  local ends = sys.clock_ms() + ms
  repeat
    emit_wait(self, message, began or ends - ms, within_ms or ms)
    local slept, stopped = sys.sleep_ms(math.max(0, math.min(SECOND_MS, ends - sys.clock_ms())))
    if not slept then return nil, stopped end
  until sys.clock_ms() >= ends
  return true
end

--- Waits until the followed modem is back.
-- @tparam table modes set of modes that end the wait: { download = true }
-- @tparam number within_ms
-- @tparam[opt] boolean may_be_here the modem may be there already, without having been away
-- @tparam[opt] number leaves_within_ms when it must have left
-- @treturn table the device as it is now, or nil and a failure
-- @raise when the modem is not followed
function job:wait_for_device(modes, within_ms, may_be_here, leaves_within_ms)
  if not self.follower then error("job:wait_for_device comes after job:follow()", 2) end
  local trace, began = run.trace(), sys.clock_ms()
  local message = may_be_here and "looks for the modem" or "the modem restarts"
  local function meanwhile()
    services.keep_paused(self)
    emit_wait(self, message, began, within_ms)
  end
  local found, problem = self.follower:wait { modes = modes, within_ms = within_ms, gone = not may_be_here,
    leaves_within_ms = leaves_within_ms,
    progress = function(seen) self:note(seen) end,
    meanwhile = meanwhile,
    moved = trace and function(dev) trace:moved(dev) end }
  if not found then return nil, problem end
  if found.number ~= self.device.number then self.back_at, self.returns = sys.clock_ms(), (self.returns or 0) + 1 end
  self.device, self.reset_requested, self.port_lost = found, nil, nil
  preflight.prepare_again(self)
  if found.mode == "application" then services.keep_paused(self, true) end
  self.follower:arm()
  return found
end

--- Lets a modem that has just been restarted run for a while. Call it before the next restart.
function job:let_run()
  local left = self.back_at and self.back_at + self:scaled(limits.run) - sys.clock_ms() or 0
  if left > 0 then self:pause(left, "the modem runs before its next restart") end
end

return job

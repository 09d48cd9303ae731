-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- What a job undoes after a failure, and what it does at its end. These are methods of every job.
--
-- There is one rule: until the modem takes a byte of an image, every failure runs the undo functions.

local device = require "moonflash.device"
local failure = require "moonflash.base.failure"
local interrupt = require "moonflash.base.interrupt"
local limits = require "moonflash.base.limits"
local sys = require "moonflash.core.sys"
local user_code = require "moonflash.engine.user_code"

local undo = {}

local MOST_DEFERRED = 1000 -- a finalizer may register more of them

local function check_arguments(self, name, work, method)
  if type(name) ~= "string" or type(work) ~= "function" then
    error(("job:%s takes words and a function"):format(method), 3)
  end
  if self.finalized then error("this job was finalized: it does nothing any more", 3) end
end

--- Registers a function that undoes a change. It runs when a later step fails before the modem took a byte of an image,
-- the last one first. It replaces an earlier one of the same name.
-- @tparam string name in words
-- @tparam function work called with the job; returns true, or nil and a failure
-- @raise for arguments of other types
function undo:undo(name, work)
  check_arguments(self, name, work, "undo")
  if self.image_begun then return end
  for index = #self.undo_list, 1, -1 do
    if self.undo_list[index].name == name then table.remove(self.undo_list, index) end
  end
  -- an undo function may restart the modem: to lead that restart back is a part of it
  self.undo_list[#self.undo_list + 1] = { name = name, run = work, part = self.rolling_back }
  if self.phase == "untouched" then self.phase = "entering" end
end

--- The modem is changed. Undo functions bring its state back until it takes an image.
function undo:begin_change()
  if not self.image_begun then self.phase = "entering" end
end

--- The modem takes an image: its state before the job cannot come back.
function undo:begin_image()
  self.phase, self.image_begun, self.undo_list = "transfer", true, {}
end

--- Registers a function that runs at the end, whatever happens, the last one first. When it fails, the job fails.
-- @tparam string name in words
-- @tparam function finalizer called with the job; returns true, or nil and a failure
-- @raise for arguments of other types
function undo:defer(name, finalizer)
  check_arguments(self, name, finalizer, "defer")
  self.finalizers[#self.finalizers + 1] = { name = name, run = finalizer }
end

--- As defer, for what other programs get back: a failure of it is only a warning.
function undo:restore(name, finalizer)
  self.finalizers[#self.finalizers + 1] = { name = name, run = finalizer, best_effort = true }
end

-- Runs cleanup with interrupts deferred: no signal cuts it short. All its waits have deadlines.
local function clean_up(self, work, words)
  local ran, problem = interrupt.defer(user_code.call, work)
  if ran then return end
  self:warn(problem.code, words .. ": " .. tostring(problem))
  return problem
end

local function emit_entry(self, entry, state)
  self.emit { event = "step", step = entry.name, state = state, undo = self.rolling_back, part = entry.part }
end

-- Runs the functions of a list and empties it. Returns the names of those that failed.
local function run_reversed(self, list)
  local left = {}
  for _ = 1, MOST_DEFERRED do
    local entry, failed = table.remove(list), nil
    if not entry then break end
    local raised = clean_up(self, function()
      emit_entry(self, entry, "started")
      self.step, self.ends = entry.name, sys.clock_ms() + self:scaled(limits.undo)
      local ok, problem = entry.run(self)
      self.ends = nil
      failed = ok == nil and failure.meant(problem) or nil
      if failed then self:warn(failed.code, entry.name .. ": " .. tostring(failed)) end
      emit_entry(self, entry, failed and "failed" or "done")
    end, entry.name)
    if raised or failed then left[#left + 1] = entry.name end
    if not entry.best_effort then self.cleanup_failure = self.cleanup_failure or raised or failed end
  end
  return left
end

-- The phase of a job that could not undo everything.
local function phase_of(self)
  if not device.is_there(self.device) then return "booting" end
  return self.device.mode == "application" and self.phase or "transfer"
end

--- Undoes the changes after a failure, unless the modem took a byte of an image. The evidence of the failure names what
-- could not be undone.
function undo:rollback()
  local problem = self.failure or {}
  if problem.image_opened or not self.undo_list[1] then return end
  self.emit { event = "say", message = "putting the modem back as it was: this may take 2 minutes, please wait" }
  self.rolling_back = true
  local left = run_reversed(self, self.undo_list)
  self.rolling_back = nil
  if left[1] then
    failure.add_evidence(problem, "not undone: " .. table.concat(left, ", "))
    self.phase = phase_of(self)
    return
  end
  self.phase = "entering"
  if problem.code == "job.interrupted" then
    problem.hint = "the modem is as it was before; run the same command again"
  end
end

--- Runs the finalizers, closes all ports and releases the lock. `cleanup_failure` is the first failure of a finalizer.
function undo:finalize()
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

return undo

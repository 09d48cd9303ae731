--- A job: one modem, the images meant for it, and everything that must be given back at the end.
-- Steps and scripts get it as their only argument.
-- @module moonflash.job

local at = require "moonflash.at"
local device = require "moonflash.device"
local download = require "moonflash.download"
local failure = require "moonflash.failure"
local qmi = require "moonflash.qmi"
local sys = require "moonflash.core.sys"

local job = {}
job.__index = job

--- How far a job has come, in order; with a failure it decides the exit status.
-- untouched: nothing was changed; entering: something was, the modem is or will be put back;
-- transfer: an image was opened, the modem stays in download mode; booting: it was restarted.
job.phases = { "untouched", "entering", "transfer", "booting" }

local CLOSE_MS = 5000
local OPEN_SECONDS = 3 -- a node that has just appeared may refuse for a moment

--- Makes a job.
-- @tparam table request model, models, device, root, set (images), options, arguments, emit
function job.new(request)
  local self = {
    model = request.model, models = request.models, device = request.device, root = request.root,
    set = request.set, options = request.options or {}, arguments = request.arguments or {},
    emit = request.emit or function() end,
    phase = "untouched", sent = {}, undos = {}, finalizers = {}, forgiven = 0,
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
function job:warn(code, message)
  self.emit { event = "warning", code = code, message = message }
end

--- Whether the program was asked to stop, apart from the requests that were answered by a warning.
function job:interrupted()
  return not self.shielded and sys.interrupts() > self.forgiven
end

--- Answers the requests to stop that have come so far by a warning instead of stopping.
function job:forgive_interrupt()
  self.forgiven = sys.interrupts()
  sys.clear_interrupt()
end

--- The failure to return when asked to stop, else nil.
function job:check_interrupt()
  if not self:interrupted() then return nil end
  local _, signal = sys.interrupts()
  return failure.new("job.interrupted", "stopped by " .. tostring(signal))
end

-- Cleaning up is not cut short by the signal that led to it.
local function shielded(self, work)
  sys.clear_interrupt()
  self.shielded = true
  local ok, problem = pcall(work)
  self.shielded = false
  if not ok then self:warn("script.raised", tostring(problem)) end
end

--- Registers what undoes a change: run, last first, when a later step fails before the first image
-- was opened. `undo` returns true or nil, failure. It replaces an earlier one of the same name.
-- @tparam string name words for people
-- @tparam function undo
function job:undo(name, undo)
  for index = #self.undos, 1, -1 do
    if self.undos[index].name == name then table.remove(self.undos, index) end
  end
  self.undos[#self.undos + 1] = { name = name, run = undo }
end

--- Registers what is done at the end whatever happens, last first.
function job:defer(name, finalizer)
  self.finalizers[#self.finalizers + 1] = { name = name, run = finalizer }
end

local function run_reversed(self, list)
  for index = #list, 1, -1 do
    local entry = list[index]
    list[index] = nil
    shielded(self, function()
      self.emit { event = "step", step = entry.name, state = "started" }
      local ok, problem = entry.run(self)
      if ok == nil and problem then self:warn(problem.code, entry.name .. ": " .. tostring(problem)) end
      self.emit { event = "step", step = entry.name, state = problem and "failed" or "done" }
    end)
  end
end

--- Puts the modem back after a failure, unless it holds a torn image or was restarted.
function job:put_back()
  if self.phase == "entering" then run_reversed(self, self.undos) end
end

--- Runs the finalizers, closes what is open and lets others at the modem again.
function job:finalize()
  run_reversed(self, self.finalizers)
  shielded(self, function()
    self:close_download()
    self:close_qmi { release = true }
    self:close_at()
    if self.follower then self.follower:close() end
    self.follower = nil
    if self.lock then self.lock:release() end
    self.lock = nil
  end)
end

--- The QMI session of the modem, opened when first asked for. Only an update frees the clients
-- that other programs left (SYNC).
-- @treturn table the session, or nil and a failure
function job:qmi()
  if self.session then return self.session end
  local nodes, mbim = self.device.nodes, self.options.mbim
  if mbim == nil then mbim = #nodes.qmi == 0 end
  local path = nodes.qmi[1] or nodes.mbim[1]
  if not path then
    return nil, failure.new("device.no_port", "the modem has no QMI port",
      { evidence = device.describe(self.device) })
  end
  local session, problem = qmi.open(path, { mbim = mbim, proxy = self.options.proxy, sync = self.changing,
    timeout_ms = self:ms(20), trace = self.trace })
  if not session then return nil, problem end
  self.session = session
  return session
end

--- One QMI request: `job:request(dms.get_revision)`.
-- @tparam table message an entry of moonflash.qmi.dms or of your own table
-- @tparam[opt] table fields of the request
-- @treturn table the answer's fields, or nil and a failure
function job:request(message, fields)
  local session, problem = self:qmi()
  if not session then return nil, problem end
  return session:request(message, fields, self:ms(10))
end

--- Closes the QMI session; `release` gives the client id back, which a modem that is about to
-- reset is not asked for.
function job:close_qmi(options)
  local session = self.session
  self.session = nil
  if session then session:close(CLOSE_MS, options) end
end

--- The AT session of the modem, opened when first asked for.
-- @treturn table the session (moonflash.at), or nil and a failure
function job:at()
  if self.at_session then return self.at_session end
  local path = self.device.nodes.at
  if not path then
    return nil, failure.new("device.no_port", "the modem has no AT port",
      { evidence = device.describe(self.device) })
  end
  local session, problem = device.open_node(path, function() return at.open(path, self.trace) end,
    self:ms(OPEN_SECONDS))
  self.at_session = session
  return session, problem
end

--- Closes the AT session.
function job:close_at()
  local session = self.at_session
  self.at_session = nil
  if session then session:close() end
end

--- The download session: port open and greeted.
-- @treturn table the session, or nil and a failure
function job:download()
  if self.loader then return self.loader end
  if self.device.mode ~= "download" or not self.device.nodes.qdl then
    return nil, failure.new("device.no_port", "there is no download port",
      { evidence = device.describe(self.device) })
  end
  local loader, problem = device.open_node(self.device.nodes.qdl, function(path)
    return download.open(path, { chunk = self.options.chunk_size, scale = self.options.timeout_scale,
      trace = self.trace })
  end, self:ms(OPEN_SECONDS))
  self.loader = loader
  return loader, problem
end

--- Closes the download port.
function job:close_download()
  local loader = self.loader
  self.loader = nil
  if loader then loader:close() end
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

--- Begins to follow the modem through a reset: call it before the reset is asked for.
function job:follow()
  if self.follower then self.follower:close() end
  self.follower = device.follow(self.device, self.models)
  self.follower:arm()
  return self.follower
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
function job:await(modes, within_ms, may_be_here)
  local found, problem = self.follower:wait { modes = modes, within_ms = within_ms, gone = not may_be_here,
    interrupted = function() return self:interrupted() end,
    progress = function(seen) self:note(seen) end,
    moved = self.trace and function(dev) self.trace:moved(dev) end }
  if not found then return nil, problem end
  self.device = found
  return found
end

return job

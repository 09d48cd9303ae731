--- A trace: everything that passed between moonflash and a modem, as lines of JSON, to be sent to
-- somebody and replayed there. Identifiers never reach the file (see moonflash.trace.redact), and it
-- does not grow with the images. The format is described in README.md.
--
--     local trace = assert(trace.open "update.trace")
--     flash.update { files = files, options = { trace = trace } }
--     trace:close()
--
-- A job that has a trace tells it of its modem, its ports and its requests; who runs the job gives it
-- the job's events.
-- @module moonflash.trace

local failure = require "moonflash.base.failure"
local json = require "moonflash.base.json"
local place = require "moonflash.base.install"
local qmi = require "moonflash.trace.qmi"
local redact = require "moonflash.trace.redact"
local sys = require "moonflash.core.sys"
local tty = require "moonflash.trace.ports"
local words = require "moonflash.trace.words"

local trace = {}
trace.__index = trace

--- The format of traces, counted.
trace.SCHEMA = 1

-- A pipe without a reader could not even be opened in any time.
local function open_file(path)
  local seen = sys.stat(sys.real_path(path) or path)
  if seen and seen.kind ~= "file" and seen.kind ~= "character" then
    return nil, ("%s is a %s"):format(path, seen.kind)
  end
  return io.open(path, "w")
end

--- Begins a trace; a file that is there is replaced.
-- @tparam string path
-- @tparam[opt] function emit is told, by a warning, when the trace can be written no longer
-- @treturn table the trace, or nil and a failure
function trace.open(path, emit)
  local file, reason = open_file(path)
  if not file then
    return nil, failure.new("trace.failed", "the trace cannot be written", { evidence = reason })
  end
  return setmetatable({
    file = file, began = sys.clock_ms(), words = words.new(), signals = sys.interrupts(), warn = emit,
  }, trace)
end

-- What is recorded goes on; a trace with a hole would be of no use.
local function give_up(self, reason)
  self.file:close()
  self.file = nil
  if self.warn then
    self.warn { event = "warning", code = "trace.failed", message = "the trace ends here: " .. reason }
  end
end

-- A signal is noticed with the event after it.
local function note_signals(self)
  local count, name = sys.interrupts()
  if count == self.signals then return end
  self.signals = count
  self:write("signal", { name = name })
end

--- Writes what was kept back for more to come.
function trace:flush()
  local pending = self.pending
  if pending then pending() end
end

--- Writes an event as it is; its texts must have been cleaned.
-- @tparam string event
-- @tparam table fields
function trace:write(event, fields)
  self:flush()
  note_signals(self)
  if not self.file then return end
  fields.t, fields.event = math.floor(sys.clock_ms() - self.began + 0.5), event
  self.file:write(json.encode(fields), "\n")
  local written, reason = self.file:flush()
  if not written then give_up(self, reason) end
end

--- Says what is run.
-- @tparam table command name, options, arguments, root, files (those among the arguments)
function trace:start(command)
  self.words:know_root(command.root)
  for _, file in ipairs(command.files) do self.words:know_file(file) end
  self:write("start", {
    schema = trace.SCHEMA, version = place.version, command = command.name,
    options = self.words:clean(command.options), arguments = self.words:clean(command.arguments),
    files = self.words:clean(command.files),
  })
end

local kept = {
  "place", "peer", "model", "mode", "vid", "pid", "serial", "product", "manufacturer", "speed", "number",
  "interface_count", "interfaces",
}

local LEAST_SECRET = 6 -- characters: shorter ones stand in other words, too

local function write_device(self, state, dev, more)
  local fields, serial = more or {}, redact.serial(dev.serial or "")
  if #serial >= LEAST_SECRET then self.words:know_secret(dev.serial, serial) end
  for _, name in ipairs(kept) do fields[name] = dev[name] end
  fields.serial = dev.serial and serial
  self.device = dev
  self:write("device", { state = state, device = self.words:clean(fields) })
end

--- The modem as it was found, and the models that were known.
-- @tparam table dev
-- @tparam ?table models
function trace:found(dev, models)
  local names = {}
  for index, model in ipairs(models or {}) do names[index] = model.name end
  write_device(self, "found", dev, { models = names })
end

--- The followed modem has moved.
-- @tparam ?table dev as it is seen now; nil: it left
function trace:moved(dev)
  if dev then return write_device(self, "seen", dev) end
  self:write("device", { state = "left" })
end

-- The interface a path belongs to.
local function interface_of(self, path)
  for _, interface in ipairs(self.device and self.device.interfaces or {}) do
    if interface.tty == path or interface.control == path then return interface.number end
  end
  return -1
end

--- Records what passes on a serial port that was just opened.
-- @tparam userdata channel
-- @tparam string path
-- @treturn userdata a channel, to be used instead of the given one
function trace:tap(channel, path)
  local nodes = self.device and self.device.nodes or {}
  return tty.tap(self, channel, interface_of(self, path), path == nodes.at)
end

--- A QMI port that tells what passes.
-- @tparam userdata port
-- @tparam string path
-- @treturn table to be used instead of the port
function trace:qmi_port(port, path)
  return qmi.new(self, port, interface_of(self, path))
end

local told = { step = true, warning = true }

--- An event of a job; of the events for people, those that make up the outcome.
-- @tparam table event
function trace:emit(event)
  if not told[event.event] then return end
  local fields = {}
  for name, value in pairs(event) do fields[name] = value end
  self:write(event.event, self.words:clean(fields))
end

--- The outcome.
-- @tparam table result
function trace:finish(result)
  local problem = result.failure
  self:write("result", self.words:clean {
    ok = result.ok, exit = result.exit, before = result.before, after = result.after,
    failure = problem and {
      code = problem.code, step = problem.step, message = problem.message,
      evidence = problem.evidence and tostring(problem.evidence),
    },
  })
  self:close()
end

--- Ends the trace. May be called again.
function trace:close()
  self:flush()
  if self.file then self.file:close() end
  self.file = nil
end

return trace

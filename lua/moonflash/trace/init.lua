-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- A trace: a record of everything that passes between moonflash and a modem, one JSON object a line. It can
-- be replayed without the modem (moonflash.sim.replay). It contains no identifiers (moonflash.trace.redact) and
-- no image data. README.md describes the format.
--
-- moonflash.commands.traced writes a trace around a command. During that time it is the trace of the current run
-- (moonflash.base.run): jobs report their modem to it, and ports are opened with it.

local device_channel = require "moonflash.device.channel"
local failure = require "moonflash.base.failure"
local install = require "moonflash.base.install"
local json = require "moonflash.base.json"
local ports = require "moonflash.trace.ports"
local redact = require "moonflash.trace.redact"
local sys = require "moonflash.core.sys"

local trace = {}
trace.__index = trace

--- The version of the format.
trace.SCHEMA = 1

local START = '{"t":' -- of the first line of every trace

local function unwritable(reason)
  return failure.new("trace.failed", "the trace cannot be written", { evidence = reason })
end

-- Why a file must not be written: an image or a log would be lost, or to open a pipe without a reader would block.
local function obstacle(path)
  local found = sys.stat(sys.real_path(path) or path)
  if not found or found.kind == "character" then return nil end
  if found.kind ~= "file" then return unwritable(("%s is a %s"):format(path, found.kind)) end
  local file = io.open(path)
  local start = file and file:read(#START)
  if file then file:close() end
  if start and start ~= START then
    return failure.new("usage", "--trace would replace " .. path .. ", which is no trace",
      { hint = "choose another file" })
  end
end

--- Begins a trace in a file. An existing trace is replaced; any other file that is not empty is refused. `emit` is
-- called with a warning when the trace cannot be written any more. Returns the trace, or nil and a failure.
function trace.open(path, emit)
  local refused = obstacle(path)
  if refused then return nil, refused end
  local file, reason = io.open(path, "w")
  if not file then return nil, unwritable(reason) end
  return setmetatable({
    file = file, began = sys.clock_ms(), cleaner = redact.cleaner(), signals = sys.interrupts(), warn = emit,
  }, trace)
end

-- The command continues; a trace with a gap cannot be replayed, so it ends.
local function give_up(self, reason)
  self.file:close()
  self.file = nil
  if self.warn then
    self.warn { event = "warning", code = "trace.failed", message = "the trace ends here: " .. reason }
  end
end

-- A signal is written before the next event.
local function note_signals(self)
  local count, name = sys.interrupts()
  if count == self.signals then return end
  self.signals = count
  self:write("signal", { name = name })
end

--- Writes an incomplete line that an AT port holds back.
function trace:flush()
  if self.flush_line then self.flush_line() end
end

--- Writes an event. The texts of its fields must be clean.
function trace:write(event, fields)
  self:flush()
  note_signals(self)
  if not self.file then return end
  fields.t, fields.event = math.floor(sys.clock_ms() - self.began + 0.5), event
  self.file:write(json.encode(fields), "\n")
  local written, reason = self.file:flush()
  if not written then give_up(self, reason) end
end

--- Writes the command: name, options, arguments, root, files (those among the arguments).
function trace:start(command)
  self.cleaner:know_root(command.root)
  for _, file in ipairs(command.files) do self.cleaner:know_file(file) end
  self:write("start", {
    schema = trace.SCHEMA, version = install.version, command = command.name,
    options = self.cleaner:clean(command.options), arguments = self.cleaner:clean(command.arguments),
    files = self.cleaner:clean(command.files),
  })
end

local DEVICE_FIELDS = {
  "place", "peer", "model", "mode", "vid", "pid", "serial", "product", "manufacturer", "speed", "number",
  "interface_count", "interfaces",
}

local LEAST_SECRET = 6 -- characters: a shorter serial number may be part of other words

local function write_device(self, state, dev, more)
  local fields, serial = more or {}, redact.serial(dev.serial or "")
  if #serial >= LEAST_SECRET then self.cleaner:know_secret(dev.serial, serial) end
  for _, name in ipairs(DEVICE_FIELDS) do fields[name] = dev[name] end
  fields.serial = dev.serial and serial
  self.device = dev
  self:write("device", { state = state, device = self.cleaner:clean(fields) })
end

--- Writes the modem as it was found, and the known models.
function trace:found(dev, models)
  local names = {}
  for index, model in ipairs(models or {}) do names[index] = model.name end
  write_device(self, "found", dev, { models = names })
end

--- Writes the followed modem as it is now; nil: it is gone.
function trace:moved(dev)
  if dev then return write_device(self, "seen", dev) end
  self:write("device", { state = "left" })
end

-- The number of the interface with this node.
local function interface_of(self, path)
  local number = device_channel.usb_interface(path)
  if number then return number end
  for _, interface in ipairs(self.device and self.device.interfaces or {}) do
    if interface.tty == path or interface.control == path then return interface.number end
  end
  return -1
end

--- Records what passes on an open serial port; content "text": lines of text. Returns the channel to use from now on.
function trace:tap(channel, path, content)
  return ports.serial(self, channel, interface_of(self, path), content == "text")
end

--- Records what passes on an open QMI port. Returns the port to use from now on.
function trace:qmi_port(port, path)
  return ports.qmi(self, port, interface_of(self, path))
end

local recorded = { step = true, warning = true }

--- Writes an event of a job: a step or a warning.
function trace:emit(event)
  if not recorded[event.event] then return end
  self:write(event.event, self.cleaner:clean(event))
end

--- Writes the result and ends the trace.
function trace:finish(result)
  local problem = result.failure
  self:write("result", self.cleaner:clean {
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

-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The commands of the simulator: moonflash simulate MODEL..., test-script SCRIPT [FILE...], replay TRACE [FILE...].

local failure = require "moonflash.base.failure"
local flash = require "moonflash"
local install = require "moonflash.base.install"
local model_files = require "moonflash.engine.model_files"
local results = require "moonflash.commands.result"
local script_test = require "moonflash.sim.script_test"
local sim = require "moonflash.sim"
local sys = require "moonflash.core.sys"
local test_images = require "moonflash.sim.test_images"
local text = require "moonflash.cli.text"

local simulator = {}

-- Calls a function with a new folder, which is removed at the end.
local function in_temporary_folder(work)
  local folder, problem = sys.temporary_folder()
  if not folder then return results.bad(problem) end
  local ok, result = pcall(work, folder)
  sys.remove_tree(folder)
  if not ok then error(result, 0) end
  return result
end

-- simulate -----------------------------------------------------------------------------------------

local FIRMWARE_BYTES = 1000000 -- enough to see progress

-- The faults of the modem with this number: `N:FAULT` is for the Nth one alone.
local function faults_of(given, index)
  local faults = {}
  for _, fault in ipairs(given.fault or {}) do
    local number, rest = fault:match "^(%d+):(.*)$"
    if not number or tonumber(number) == index then faults[#faults + 1] = rest or fault end
  end
  return faults
end

-- Writes images that the modems accept.
local function write_images(modems, folder, options)
  local versions = { firmware = options.firmware_version, carrier = options.carrier,
    config = options.config_version }
  local made, problem = sys.make_folder(folder)
  if not made then return nil, problem end
  for _, modem in ipairs(modems) do
    local files, failed = test_images.write(modem.model, folder, FIRMWARE_BYTES, versions)
    if not files then return nil, failed end
  end
  return true
end

local ATTACH = "usbip --tcp-port %d attach -r localhost -b 1-%d" -- what another program does then

-- Runs the modems; logs and received images are in a folder. An interrupt is the normal end.
local function run_modems(folder, modems, out, given)
  local ok, problem = sim.run {
    modems = modems, dir = folder, time_scale = given.time_scale, usb = given.usb, usb_port = given.usb_port,
    ready = function(root, port)
      out:object("simulation", { root = root, port = port })
      if not port then return out:say(root) end
      for number = 1, #modems do out:say(ATTACH:format(port, number)) end
    end,
  }
  if ok or problem.code:find "%.interrupted$" then return results.good() end
  if problem.code == "usage" then problem.hint = "`moonflash simulate list` shows models and faults" end
  return results.bad(problem)
end

local NOTE = [[

MESSAGE: qmi.0048 (DMS), ctl.0022, at.boothold, or of a loader:
%s
#N: only the Nth of them (1), #*: all.]]

-- The names in lines that begin with the protocol.
local function in_lines(names)
  local lines, protocol = {}, nil
  for _, name in ipairs(names) do
    local same = name:match "^%l+" == protocol
    lines[same and #lines or #lines + 1] = same and lines[#lines] .. " " .. name or "  " .. name
    protocol = name:match "^%l+"
  end
  return table.concat(lines, "\n")
end

-- Lists the models, and the faults with their meaning.
local function list(out)
  local known = sim.list()
  local rows = { { "FAULT", "MEANING" } }
  for _, row in ipairs(known.faults) do rows[#rows + 1] = row end
  out:object("simulator", known)
  out:say("models: " .. table.concat(known.models, ", ") .. "\n")
  out:rows(rows)
  out:say(NOTE:format(in_lines(known.messages)))
  return results.good()
end

--- Simulated modems, until it is interrupted: request.models; given.dir, images, time_scale, fault.
function simulator.simulate(request, out, given)
  if request.models[1] == "list" then return list(out) end
  local modems = {}
  for index, model in ipairs(request.models) do
    modems[index] = { model = model:lower(), faults = faults_of(given, index) }
  end
  if given.images then
    local written, unwritten = write_images(modems, given.images, request.options)
    if not written then return results.bad(unwritten) end
  end
  if given.dir then return run_modems(given.dir, modems, out, given) end
  return in_temporary_folder(function(folder) return run_modems(folder, modems, out, given) end)
end

-- test-script --------------------------------------------------------------------------------------

local TEST_BYTES, TEST_CHUNK = 300000, 65536 -- of the images made here: several chunks, as with real images
local TEST_TIME_SCALE = 0.01

-- The modem a script is for: --model, or the name in a model script.
local function model_of(request)
  if request.options.model then return request.options.model end
  local model, problem = model_files.model_of(request.path)
  if model then return model.name end
  return nil, problem or failure.new("usage", "the script does not say which modem it is for",
    { hint = "say it with --model, like --model mc7455" })
end

-- The state of a modem that a script left broken: "left in low_power: prefers ..., runs ...".
local function left(seen)
  local mode = seen.mode == "application" and seen.power or seen.mode or "an unknown mode"
  local preferred, running, known = text.versions(seen.preferred), text.versions(seen.running), {}
  if preferred then known[1] = "prefers " .. preferred end
  if running then known[#known + 1] = "runs " .. running end
  if seen.next_mode == "download" then known[#known + 1] = "its next restart ends in download mode" end
  return "  left in " .. mode .. (known[1] and ": " .. table.concat(known, ", ") or "")
end

local ROW = "%-26s %-10s %-7s %s"

local function say_row(out, ...)
  out:say((ROW:format(...):gsub("%s+$", "")))
end

local function report(out, seen)
  out:object("script_test", seen)
  say_row(out, seen.fault, seen.ended, table.concat(seen.exits, ", "),
    seen.failure and text.failure(seen.failure)[1] or "")
  if seen.ended ~= "broken" then return end
  out:say(left(seen))
  if seen.switches[1] then
    out:say("  by hand: moonflash simulate ... --fault " .. table.concat(seen.switches, " --fault "))
  end
end

local function test(request, out, given, more)
  say_row(out, "FAULT", "ENDED", "EXIT", "FIRST FAILURE")
  local ok, problem = script_test.run {
    script = request.path, files = more.files, model = more.model, program = install.program,
    time_scale = given.time_scale or TEST_TIME_SCALE, chunk_size = more.chunk_size,
    options = request.options, report = function(seen) report(out, seen) end, emit = request.emit,
  }
  return ok and results.good() or results.bad(problem)
end

--- A script against simulated modems with every fault: request.path, files; given.time_scale.
function simulator.test_script(request, out, given)
  local model, problem = model_of(request)
  if not model then return results.bad(problem) end
  model = model:lower()
  if request.files[1] then return test(request, out, given, { model = model, files = request.files }) end
  return in_temporary_folder(function(folder)
    local files, unwritten = test_images.write(model, folder, TEST_BYTES)
    if not files then return results.bad(unwritten) end
    return test(request, out, given, { model = model, files = files, chunk_size = TEST_CHUNK })
  end)
end

-- replay -------------------------------------------------------------------------------------------

--- A recorded session, without its modem: request.path, files; given.time_scale.
function simulator.replay(request, out, given)
  local result = flash.replay { trace = request.path, files = request.files, time_scale = given.time_scale }
  for _, line in ipairs(result.lines) do out:tell(line) end
  if result.ok then out:say "the same outcome" end
  return result
end

return simulator

--- moonflash test-script SCRIPT [FILE...]: a script against simulated modems with every fault.

local failure = require "moonflash.base.failure"
local install = require "moonflash.base.install"
local model_files = require "moonflash.engine.model_files"
local results = require "moonflash.commands.result"
local schema = require "moonflash.cli.schema"
local script_test = require "moonflash.sim.script_test"
local sys = require "moonflash.core.sys"
local test_images = require "moonflash.sim.test_images"
local text = require "moonflash.cli.text"

local command = {}

local SIZE, CHUNK = 300000, 65536 -- bytes of the images made here: several chunks, as with real images
local TIME_SCALE = 0.01

-- The modem a script is for: --model, or the name in a model script.
local function model_of(request)
  if request.options.model then return request.options.model end
  local model, problem = model_files.model_of(request.path)
  if model then return model.name end
  if problem then return nil, problem end
  return nil, failure.new("usage", "the script does not say which modem it is for",
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

local function by_hand(switches)
  local words = {}
  for index, switch in ipairs(switches) do words[index] = "--fault " .. switch end
  return "  by hand: moonflash simulate ... " .. table.concat(words, " ")
end

local function report_to(out)
  local row = "%-26s %-10s %-7s %s"
  out:say(row:format("FAULT", "ENDED", "EXIT", "FIRST FAILURE"):gsub("%s+$", ""))
  return function(seen)
    out:object(schema.script_test(seen))
    local first = seen.failure and text.failure(seen.failure)[1] or ""
    out:say((row:format(seen.fault, seen.ended, table.concat(seen.exits, ", "), first):gsub("%s+$", "")))
    if seen.ended == "broken" then
      out:say(left(seen))
      if seen.switches[1] then out:say(by_hand(seen.switches)) end
    end
  end
end

local function try(request, out, given, test)
  local ok, problem = script_test.run {
    script = request.path, files = test.files, model = test.model, program = install.program,
    time_scale = given.time_scale or TIME_SCALE, chunk_size = test.chunk_size,
    options = request.options, report = report_to(out), emit = request.emit,
  }
  return ok and results.good() or results.bad(problem)
end

local function try_with_test_images(request, out, given, model)
  local folder, problem = sys.temporary_folder()
  if not folder then return results.bad(problem) end
  local files, result
  files, problem = test_images.write(model, folder, SIZE)
  if files then
    result = try(request, out, given, { model = model, files = files, chunk_size = CHUNK })
  else
    result = results.bad(problem)
  end
  sys.remove_tree(folder)
  return result
end

--- Runs the command.
-- @tparam table request path of the script, files, options, emit
-- @tparam table out the output
-- @tparam table given time_scale
-- @treturn table result
function command.run(request, out, given)
  local model, problem = model_of(request)
  if not model then return results.bad(problem) end
  model = model:lower()
  if request.files[1] then return try(request, out, given, { model = model, files = request.files }) end
  return try_with_test_images(request, out, given, model)
end

return command

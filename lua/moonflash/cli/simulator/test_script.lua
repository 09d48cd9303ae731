--- What `moonflash test-script` does; it comes with the simulator.
-- @module moonflash.cli.simulator.test_script

local failure = require "moonflash.base.failure"
local model_files = require "moonflash.engine.model_files"
local outcome = require "moonflash.commands.outcome"
local shape = require "moonflash.cli.shape"
local text = require "moonflash.cli.text"

local SIZE, CHUNK = 300000, 65536 -- of the images made here: several chunks, as with real ones
local TIME_SCALE = 0.01

-- The modem a script is for: what --model says, or what a model script says of itself.
local function model_of(wanted)
  if wanted.options.model then return wanted.options.model end
  local model, problem = model_files.model_of(wanted.given.script)
  if model then return model.name end
  if problem then return nil, problem end
  return nil, failure.new("usage", "the script does not say which modem it is for",
    { hint = "say it with --model, like --model mc7455" })
end

-- How a broken modem was left: "left in low_power: prefers ..., runs ...".
local function left(seen)
  local mode = seen.mode == "application" and seen.power or seen.mode or "no mode that is known"
  local preferred, running, known = text.versions(seen.preferred), text.versions(seen.running), {}
  if preferred then known[1] = "prefers " .. preferred end
  if running then known[#known + 1] = "runs " .. running end
  if seen.next_mode == "download" then known[#known + 1] = "its next restart ends in download mode" end
  return "  left in " .. mode .. (known[1] and ": " .. table.concat(known, ", ") or "")
end

local function by_hand(switches)
  local words = {}
  for index, switch in ipairs(switches) do words[index] = "--fault " .. switch end
  return table.concat(words, " ")
end

local function report_to(out)
  local row = "%-26s %-10s %-7s %s"
  out:say(row:format("FAULT", "ENDED", "EXIT", "FIRST FAILURE"):gsub("%s+$", ""))
  return function(seen)
    out:object(shape.trial(seen))
    local exits = table.concat(seen.exits, ", ")
    local first = seen.failure and text.failure(seen.failure)[1] or ""
    out:say((row:format(seen.fault, seen.ended, exits, first):gsub("%s+$", "")))
    if seen.ended == "broken" then
      out:say(left(seen))
      if seen.switches[1] then out:say("  by hand: moonflash simulate ... " .. by_hand(seen.switches)) end
    end
  end
end

local function try(wanted, model, files, chunk_size)
  local ok, problem = wanted.use.trial.run {
    script = wanted.given.script, files = files, model = model:lower(), program = wanted.use.program,
    time_scale = wanted.given.time_scale or TIME_SCALE, chunk_size = chunk_size,
    options = wanted.options, report = report_to(wanted.out), emit = wanted.emit,
  }
  return ok and outcome.good() or outcome.bad(problem)
end

local function try_with_made_images(wanted, model)
  local sys = wanted.use.sys
  local folder, problem = sys.temporary_folder()
  if not folder then return outcome.bad(problem) end
  local files, result
  files, problem = wanted.use.simulated_images.write(model, folder, SIZE)
  if files then
    result = try(wanted, model, files, CHUNK)
  else
    result = outcome.bad(problem)
  end
  sys.remove_tree(folder)
  return result
end

local test_script = {}

--- Tries a script against all faults.
-- @tparam table wanted the request
-- @treturn table the outcome
function test_script.run(wanted)
  local model, problem = model_of(wanted)
  if not model then return outcome.bad(problem) end
  if #wanted.given.files > 0 then return try(wanted, model, wanted.given.files) end
  return try_with_made_images(wanted, model)
end

return test_script

--- What `moonflash simulate` does; it comes with the simulator.
-- @module moonflash.cli.simulator.simulate

local json = require "moonflash.base.json"
local outcome = require "moonflash.commands.outcome"
local text = require "moonflash.cli.text"

local function ready(wanted)
  return function(root)
    wanted.out:object(json.object({ "v", "root" }, { v = 1, root = root }))
    wanted.out:say(root)
  end
end

-- A fault `N:FAULT` is the Nth modem's alone.
local function faults_of(given, index)
  local faults = {}
  for _, fault in ipairs(given.fault or {}) do
    local number, rest = fault:match "^(%d+):(.*)$"
    if not number or tonumber(number) == index then faults[#faults + 1] = rest or fault end
  end
  return faults
end

local function modems_of(given)
  local modems = {}
  for index, model in ipairs(given.models) do
    modems[index] = { model = model:lower(), faults = faults_of(given, index) }
  end
  return modems
end

local SIZE = 1000000 -- bytes of the firmware: enough to see progress

-- Images that the modems take, for who has none.
local function write_images(wanted)
  local folder = wanted.given.images
  if not folder then return true end
  local options = wanted.options
  local pair = { firmware = options.firmware_version, carrier = options.carrier,
    config = options.config_version }
  local made, problem = wanted.use.sys.make_folder(folder)
  if not made then return nil, problem end
  for _, one in ipairs(modems_of(wanted.given)) do
    local files, failed = wanted.use.simulated_images.write(one.model, folder, SIZE, pair)
    if not files then return nil, failed end
  end
  return true
end

-- Runs the modems in a folder until it is interrupted, which is how it is meant to end.
local function run_in(wanted, dir)
  local ok, problem = wanted.use.simulator.run {
    modems = modems_of(wanted.given), dir = dir, time_scale = wanted.given.time_scale, ready = ready(wanted),
  }
  if not ok and not problem.code:find "%.interrupted$" then return outcome.bad(problem) end
  return outcome.good()
end

local NOTE = [[

MESSAGE: qdl.switch qdl.hello qdl.open qdl.write qdl.done, qmi.0048 (DMS), ctl.0022, at.boothold;
#N: only the Nth of them (1), #*: all.]]

-- The models, and the faults with what they mean.
local function list(wanted)
  local known = wanted.use.simulator.list()
  local rows = { { "FAULT", "MEANING" } }
  for _, row in ipairs(known.faults) do rows[#rows + 1] = row end
  wanted.out:object(json.object({ "v", "models", "faults" },
    { v = 1, models = known.models, faults = known.faults }))
  wanted.out:say("models: " .. table.concat(known.models, ", ") .. "\n")
  for _, line in ipairs(text.columns(rows)) do wanted.out:say(line) end
  wanted.out:say(NOTE)
  return outcome.good()
end

local simulate = {}

--- Runs modems until it is interrupted, or lists what there is.
-- @tparam table wanted the request
-- @treturn table the outcome
function simulate.run(wanted)
  if wanted.given.models[1] == "list" then return list(wanted) end
  local sys = wanted.use.sys
  local written, unwritten = write_images(wanted)
  if not written then return outcome.bad(unwritten) end
  if wanted.given.dir then return run_in(wanted, wanted.given.dir) end
  local dir, problem = sys.temporary_folder()
  if not dir then return outcome.bad(problem) end
  local ok, result = pcall(run_in, wanted, dir)
  sys.remove_tree(dir)
  if not ok then error(result, 0) end
  return result
end

return simulate

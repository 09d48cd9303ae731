--- moonflash simulate MODEL...: simulated modems, until it is interrupted.

local results = require "moonflash.commands.result"
local schema = require "moonflash.cli.schema"
local simulator = require "moonflash.sim"
local sys = require "moonflash.core.sys"
local test_images = require "moonflash.sim.test_images"
local text = require "moonflash.cli.text"

local simulate = {}

local SIZE = 1000000 -- bytes of the firmware: enough to see progress

-- The faults of the modem with this number: `N:FAULT` is for the Nth one alone.
local function faults_of(given, index)
  local faults = {}
  for _, fault in ipairs(given.fault or {}) do
    local number, rest = fault:match "^(%d+):(.*)$"
    if not number or tonumber(number) == index then faults[#faults + 1] = rest or fault end
  end
  return faults
end

local function modems_of(models, given)
  local modems = {}
  for index, model in ipairs(models) do
    modems[index] = { model = model:lower(), faults = faults_of(given, index) }
  end
  return modems
end

-- Writes images that the modems accept.
local function write_images(modems, folder, options)
  local versions = { firmware = options.firmware_version, carrier = options.carrier,
    config = options.config_version }
  local made, problem = sys.make_folder(folder)
  if not made then return nil, problem end
  for _, modem in ipairs(modems) do
    local files, failed = test_images.write(modem.model, folder, SIZE, versions)
    if not files then return nil, failed end
  end
  return true
end

-- Runs the modems in a folder. An interrupt is the normal end.
local function run_in(folder, modems, out, given)
  local ok, problem = simulator.run {
    modems = modems, dir = folder, time_scale = given.time_scale, ready = function(root)
      out:object(schema.simulation { root = root })
      out:say(root)
    end,
  }
  if not ok and not problem.code:find "%.interrupted$" then
    if problem.code == "usage" then problem.hint = "`moonflash simulate list` shows models and faults" end
    return results.bad(problem)
  end
  return results.good()
end

local NOTE = [[

MESSAGE: qdl.switch qdl.hello qdl.open qdl.write qdl.done, qmi.0048 (DMS), ctl.0022, at.boothold;
#N: only the Nth of them (1), #*: all.]]

-- Lists the models, and the faults with their meaning.
local function list(out)
  local known = simulator.list()
  local rows = { { "FAULT", "MEANING" } }
  for _, row in ipairs(known.faults) do rows[#rows + 1] = row end
  out:object(schema.simulator(known))
  out:say("models: " .. table.concat(known.models, ", ") .. "\n")
  for _, line in ipairs(text.columns(rows)) do out:say(line) end
  out:say(NOTE)
  return results.good()
end

--- Runs the command.
-- @tparam table request models, options
-- @tparam table out the output
-- @tparam table given dir, images, time_scale, fault
-- @treturn table result
function simulate.run(request, out, given)
  if request.models[1] == "list" then return list(out) end
  local modems = modems_of(request.models, given)
  if given.images then
    local written, unwritten = write_images(modems, given.images, request.options)
    if not written then return results.bad(unwritten) end
  end
  if given.dir then return run_in(given.dir, modems, out, given) end
  local folder, problem = sys.temporary_folder()
  if not folder then return results.bad(problem) end
  local ok, result = pcall(run_in, folder, modems, out, given)
  sys.remove_tree(folder)
  if not ok then error(result, 0) end
  return result
end

return simulate

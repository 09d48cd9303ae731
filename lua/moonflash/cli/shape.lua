--- The shapes of schema 1: which keys each JSON object has, in which order. A key without a value is
-- null; lists are lists also when they are empty.
-- @module moonflash.cli.shape

local json = require "moonflash.base.json"
local failure = require "moonflash.base.failure"
local tables = require "moonflash.base.table"

local shape = {}

local SCHEMA = 1

-- An object of the schema: `v` first.
local function line(keys, values)
  values.v = SCHEMA
  return json.object({ "v", unpack(keys) }, values)
end

local function each(items, make)
  local list = {}
  for i, item in ipairs(items or {}) do list[i] = make(item) end
  return list
end

local function fields(keys)
  return function(values) return json.object(keys, values) end
end

local versions = fields { "firmware", "carrier", "config" }
local problem = fields { "code", "message", "evidence", "offset" }
local missing = fields { "kind", "interface", "module", "package" }
local interface = fields { "number", "class", "driver", "tty", "control", "net" }
local images = fields { "ok", "firmware", "carrier", "config", "family", "product", "problems" }
local stored_image = fields { "type", "slot", "unique_id", "build_id", "active", "failures" }
local power = fields { "mode", "causes" }

local function whole(number) return math.floor(number + 0.5) end

local function planned(step)
  return json.object({ "step", "changes", "seconds" },
    { step = step.step, changes = step.changes, seconds = step.seconds and whole(step.seconds) })
end


local function failed(value)
  return json.object({ "code", "step", "message", "hint", "evidence" },
    tables.merge(value, { hint = failure.hint(value), evidence = value.evidence and tostring(value.evidence) }))
end

--- What happened to a step; `t` is ms since the start.
function shape.step(event, t)
  local keys = { "t", "event", "step", "state" }
  if event.message then keys[5] = "message" end
  return line(keys, tables.merge(event, { t = t }))
end

--- How far the sending of a file is.
-- @tparam table event
-- @tparam table seen rate and time left, from the meter
-- @tparam number t ms
function shape.progress(event, seen, t)
  return line({ "t", "event", "step", "file", "sent", "total", "rate", "eta" },
    tables.merge(event, { t = t, rate = whole(seen.rate), eta = seen.left and math.ceil(seen.left) }))
end

--- A finding the job goes on with.
function shape.warning(event, t)
  return line({ "t", "event", "code", "message" }, tables.merge(event, { t = t }))
end

--- The last object of every run; before it, one for each of several modems, with its place.
function shape.result(result, t)
  local keys = { "t", "event", "ok", "exit", "before", "after", "failure" }
  if result.place then keys[#keys + 1] = "place" end
  return line(keys, {
    t = t, place = result.place, event = "result", ok = result.ok, exit = result.exit,
    before = result.before and versions(result.before), after = result.after and versions(result.after),
    failure = result.failure and failed(result.failure),
  })
end

local function same(value) return value end

local function nodes(values)
  return json.object({ "qmi", "mbim", "at", "diag", "qdl" },
    tables.merge(values, { qmi = each(values.qmi, same), mbim = each(values.mbim, same) }))
end

local device_keys = { "place", "peer", "model", "vid", "pid", "serial", "mode", "speed", "nodes", "missing",
  "bus", "number", "hub_depth", "manufacturer", "product", "interfaces" }

local function device_values(values)
  return tables.merge(values, { nodes = nodes(values.nodes or {}), missing = each(values.missing, missing),
    interfaces = each(values.interfaces, interface) })
end

local function device(values)
  return json.object(device_keys, device_values(values))
end

--- The modems present.
function shape.devices(devices)
  return line({ "devices" }, { devices = each(devices, device) })
end

local function joined(keys, more)
  local all = { unpack(keys) }
  for _, key in ipairs(more) do all[#all + 1] = key end
  return all
end

--- The state of one modem: the device object, and what it said.
function shape.status(seen)
  return line(joined(device_keys, { "running", "preferred", "stored", "power", "advice" }),
    tables.merge(device_values(seen.device), {
      running = seen.running and versions(seen.running),
      preferred = seen.preferred and versions(seen.preferred),
      stored = each(seen.stored, stored_image), advice = each(seen.advice, same),
      power = power(tables.merge(seen.power, { causes = each(seen.power.causes, same) })),
    }))
end

--- How a script ended with one fault; `failure` is that of the first run. How the modem was at last: mode,
-- power, running and preferred as in status, next_mode is where its next restart leads, if that was asked.
function shape.trial(row)
  local keys = { "fault", "ended", "exits", "mode", "power", "next_mode", "running", "preferred", "failure" }
  return line(keys, {
    fault = row.fault, ended = row.ended, exits = each(row.exits, same),
    mode = row.mode, power = row.power, next_mode = row.next_mode,
    running = row.running and versions(row.running), preferred = row.preferred and versions(row.preferred),
    failure = row.failure and failed(row.failure),
  })
end

--- What an update would do.
function shape.plan(result)
  local set = result.set
  return line({ "device", "set", "steps" }, {
    device = result.device and device(result.device),
    set = set and images(tables.merge(set, { problems = each(set.problems, problem) })),
    steps = each(result.steps, planned),
  })
end

return shape

--- The JSON objects of `--json`, schema 1: which keys each has, in which order. A key without a value is null; a
-- list without items is [].

local bytes = require "moonflash.core.bytes"
local failure = require "moonflash.base.failure"
local json = require "moonflash.base.json"
local tables = require "moonflash.base.table"

local schema = {}

local SCHEMA = 1

local function whole(number) return number and math.floor(number + 0.5) end

local function text(value) return value and tostring(value) end

local function same(value) return value end

local function list(make)
  return function(items)
    local made = {}
    for index, item in ipairs(items or {}) do made[index] = make(item) end
    return made
  end
end

local texts = list(same)

-- A function that makes an object from a table with these keys; makers = functions for the values of some keys.
local function object(keys, makers)
  return function(values)
    local made = {}
    for _, key in ipairs(keys) do
      local make = makers and makers[key] or same
      made[key] = make(values[key])
    end
    return json.object(keys, made)
  end
end

-- The same for a value that may be absent: then it is null.
local function optional(make)
  return function(values) return values and make(values) end
end

local function joined(first, second)
  local all = { unpack(first) }
  for _, key in ipairs(second) do all[#all + 1] = key end
  return all
end

-- A whole line: "v" comes first.
local function line(keys, makers)
  return object(joined({ "v" }, keys), tables.merge(makers, { v = function() return SCHEMA end }))
end

local versions = optional(object { "firmware", "carrier", "config" })
local problems = list(object { "code", "message", "evidence", "offset" })

local failed = optional(function(problem)
  return json.object({ "code", "step", "message", "hint", "evidence" }, {
    code = problem.code, step = problem.step, message = problem.message, hint = failure.hint(problem),
    evidence = text(problem.evidence),
  })
end)

-- Events: each takes the event and t, ms since the start -----------------------------------------

local function event_line(keys, makers)
  local make = line(joined({ "t", "event" }, keys), makers)
  return function(event, t) return make(tables.merge(event, { t = t })) end
end

local step, step_with_message = event_line { "step", "state" }, event_line { "step", "state", "message" }

--- What happened to a step.
function schema.step(event, t)
  return (event.message and step_with_message or step)(event, t)
end

schema.warning = event_line { "code", "message" }

local progress = event_line({ "step", "file", "sent", "total", "rate", "eta" },
  { rate = whole, eta = function(seconds) return seconds and math.ceil(seconds) end })

--- How far the sending of the images is.
-- @tparam table event
-- @tparam table seen rate and time left, from the meter
-- @tparam number t ms
function schema.progress(event, seen, t)
  return progress(tables.merge(event, { rate = seen.rate, eta = seen.left }), t)
end

local result_keys = { "ok", "exit", "before", "after", "failure" }
local result_makers = { before = versions, after = versions, failure = failed }
local result = event_line(result_keys, result_makers)
local result_with_place = event_line(joined(result_keys, { "place" }), result_makers)

--- The last object of every run; before it, one for each of several modems, with its place.
function schema.result(values, t)
  return (values.place and result_with_place or result)(tables.merge(values, { event = "result" }), t)
end

-- Objects of commands ------------------------------------------------------------------------------

local device_keys = { "place", "peer", "model", "vid", "pid", "serial", "mode", "speed", "nodes", "missing", "bus",
  "number", "hub_depth", "manufacturer", "product", "interfaces" }
local nodes = object({ "qmi", "mbim", "at", "diag", "qdl" }, { qmi = texts, mbim = texts })
local device_makers = {
  nodes = function(values) return nodes(values or {}) end,
  missing = list(object { "kind", "interface", "module", "package" }),
  interfaces = list(object { "number", "class", "driver", "tty", "control", "net" }),
}
local device = object(device_keys, device_makers)

local devices = line({ "devices" }, { devices = list(device) })

function schema.devices(found)
  return devices { devices = found }
end

local status_keys = { "running", "preferred", "stored", "power", "advice" }
local status_makers = {
  running = versions, preferred = versions, advice = texts,
  stored = list(object { "type", "slot", "unique_id", "build_id", "active", "failures" }),
  power = object({ "mode", "causes" }, { causes = texts }),
}
local status = line(joined(device_keys, status_keys), tables.merge(device_makers, status_makers))

--- The state of one modem: the object of the device, and what it reports.
function schema.status(seen)
  return status(tables.merge(seen.device, seen))
end

--- What an update would do: device, set, steps.
schema.plan = line({ "device", "set", "steps" }, {
  device = optional(device),
  set = optional(object({ "ok", "firmware", "carrier", "config", "family", "product", "problems" },
    { problems = problems })),
  steps = list(object({ "step", "changes", "seconds" }, { seconds = whole })),
})

local image = object({ "file", "ok", "bytes", "family", "product", "firmware", "carrier", "config", "records",
  "problems", "kind", "oem", "models", "from", "settings", "changes_usb", "notes" }, {
  records = list(object { "depth", "offset", "type", "size", "version", "header_crc", "image_crc", "product",
    "date" }),
  problems = problems, models = texts, changes_usb = texts, notes = texts,
  from = object { "firmware", "carrier", "config", "family", "product" },
  settings = list(object({ "offset", "kind", "name", "item", "size", "usb", "image" },
    { image = optional(object { "type", "product", "version", "date", "size" }) })),
})

local images = line({ "images", "set" }, { set = object({ "ok", "problems" }, { problems = problems }) })

--- What is in images.
-- @tparam table reports of moonflash.image, with `models`
-- @tparam table set
function schema.images(reports, set)
  local made = {}
  for index, report in ipairs(reports) do
    made[index] = image(tables.merge(report, { settings = report.contents, from = report.from or {} }))
  end
  return images { images = made, set = set }
end

local function sorted_object(values)
  return json.object(tables.sorted_keys(values), values)
end

--- The answer to a QMI request: service, message, id, fields (nil when the message is unknown), tlvs (in hex).
schema.qmi = line({ "service", "message", "id", "fields", "tlvs" }, {
  id = function(id) return "0x" .. bytes.hex_number(id, 4) end,
  fields = optional(sorted_object), tlvs = sorted_object,
})

--- The answer to an AT command.
schema.at = line({ "command", "lines", "final" }, { lines = texts })

--- How a script ended with one fault: failure = that of the first run; mode, power, next_mode, running and
-- preferred = the state of the modem at the end.
schema.script_test = line({ "fault", "ended", "exits", "mode", "power", "next_mode", "running", "preferred",
  "failure" }, { exits = texts, running = versions, preferred = versions, failure = failed })

schema.simulation = line { "root" }

schema.simulator = line { "models", "faults" }

schema.version = line { "version" }

return schema

-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

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

-- A function that makes an object from a table; nil stays nil. A shape is the list of the keys; by name, functions
-- that make the values of some keys.
local function object(shape)
  return function(values)
    if not values then return nil end
    local made = {}
    for _, key in ipairs(shape) do made[key] = (shape[key] or same)(values[key]) end
    return json.object(shape, made)
  end
end

local function joined(first, second)
  local shape = tables.merge(first, second)
  for index, key in ipairs(first) do shape[index] = key end
  for index, key in ipairs(second) do shape[#first + index] = key end
  return shape
end

-- A whole line: "v" comes first.
local function line(shape)
  return object(joined({ "v", v = function() return SCHEMA end }, shape))
end

local versions = object { "firmware", "carrier", "config" }
local problems = list(object { "code", "message", "evidence", "offset" })

local function failed(problem)
  return problem and json.object({ "code", "step", "message", "hint", "evidence" }, {
    code = problem.code, step = problem.step, message = problem.message, hint = failure.hint(problem),
    evidence = text(problem.evidence),
  })
end

-- Events: each takes the event and t, ms since the start -----------------------------------------

local function event_line(shape)
  local make = line(joined({ "t", "event" }, shape))
  return function(event, t) return make(tables.merge(event, { t = t })) end
end

--- What happened to a step. The begin of one has the seconds that it and the steps behind it usually take.
function schema.step(event, t)
  local shape = { "step", "state", seconds = whole, behind = whole }
  for _, key in ipairs { "message", "seconds", "behind" } do shape[#shape + 1] = event[key] and key end
  return event_line(shape)(event, t)
end

schema.warning = event_line { "code", "message" }
schema.note = event_line { "message" }

local progress = event_line { "step", "file", "sent", "total", "rate", "eta",
  rate = whole, eta = function(seconds) return seconds and math.ceil(seconds) end }

--- How far the sending of the images is; rate and time left are from the meter.
function schema.progress(event, seen, t)
  return progress(tables.merge(event, { rate = seen.rate, eta = seen.left }), t)
end

--- The last object of every run; before it, one for each of several modems, with its place.
function schema.result(result, t)
  local make = event_line { "ok", "exit", "before", "after", "failure", result.place and "place",
    before = versions, after = versions, failure = failed }
  return make(tables.merge(result, { event = "result" }), t)
end

-- Objects of commands ------------------------------------------------------------------------------

local nodes = object { "qmi", "mbim", "at", "diag", "qdl", qmi = texts, mbim = texts }

local device_shape = { "place", "peer", "model", "vid", "pid", "serial", "mode", "speed", "nodes", "missing", "bus",
  "number", "hub_depth", "manufacturer", "product", "interfaces", "transport",
  nodes = function(values) return nodes(values or {}) end,
  missing = list(object { "kind", "interface", "module", "package" }),
  interfaces = list(object { "number", "class", "driver", "tty", "control", "net" }),
}
local device = object(device_shape)

schema.devices = line { "devices", devices = list(device) }

local status = line(joined(device_shape, { "running", "preferred", "stored", "power", "checks", "advice",
  running = versions, preferred = versions, advice = texts,
  stored = list(object { "type", "slot", "unique_id", "build_id", "active", "failures" }),
  power = object { "mode", "causes", causes = texts },
  checks = list(object { "name", "state", "message", "fix" }),
}))

--- The state of one modem: the object of the device, and what it reports.
function schema.status(seen)
  return status(tables.merge(seen.device, seen))
end

--- What an update would do: device, set, steps.
schema.plan = line { "device", "set", "steps", "pauses", device = device, pauses = texts,
  set = object { "ok", "firmware", "carrier", "config", "family", "product", "problems", problems = problems },
  steps = list(object { "step", "changes", "seconds", "message", seconds = whole }),
}

local image = object { "file", "ok", "bytes", "family", "product", "firmware", "carrier", "config", "records",
  "problems", "kind", "oem", "models", "from", "settings", "changes_usb", "notes",
  records = list(object { "depth", "offset", "type", "size", "version", "header_crc", "image_crc", "product",
    "date" }),
  problems = problems, models = texts, changes_usb = texts, notes = texts,
  from = object { "firmware", "carrier", "config", "family", "product" },
  settings = list(object { "offset", "kind", "name", "item", "size", "usb", "image",
    image = object { "type", "product", "version", "date", "size" } }),
}

--- What is in images: images = reports of moonflash.image with `models`, set.
schema.images = line { "images", "set", set = object { "ok", "problems", problems = problems },
  images = list(function(report)
    return image(tables.merge(report, { settings = report.contents, from = report.from or {} }))
  end),
}

local function sorted_object(values)
  return values and json.object(tables.sorted_keys(values), values)
end

--- The answer to a QMI request: service, message, id, fields (nil when the message is unknown), tlvs (in hex).
schema.qmi = line { "service", "message", "id", "fields", "tlvs",
  id = function(id) return "0x" .. bytes.hex_number(id, 4) end,
  fields = sorted_object, tlvs = sorted_object,
}

--- The answer to an AT command.
schema.at = line { "command", "lines", "final", lines = texts }

--- How a script ended with one fault: failure = that of the first run; mode, power, next_mode, running and
-- preferred = the state of the modem at the end.
schema.script_test = line { "fault", "ended", "exits", "mode", "power", "next_mode", "running", "preferred",
  "failure", exits = texts, running = versions, preferred = versions, failure = failed }

schema.simulation = line { "root", "port" }

schema.simulator = line { "models", "faults" }

schema.version = line { "version" }

return schema

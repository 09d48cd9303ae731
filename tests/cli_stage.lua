--- A stage for the command line: stand-ins for the engine, the devices, the images and both output
-- streams, and what was said on them.
--
--     local said = stage.run({ "devices", "--json" }, { devices = { stage.modem } })
--     said.status, said.stdout, said.stderr, said.objects, said.request
-- @module tests.cli_stage

local cjson = require "cjson"
local cli = require "moonflash.cli"
local failure = require "moonflash.base.failure"
local sys = require "moonflash.core.sys"

local stage = {}

stage.modem = {
  place = "1-1", peer = "2-1", model = "MC7455", vid = "1199", pid = "9071", serial = "LF0001",
  mode = "application", speed = 480,
  nodes = { qmi = { "/dev/cdc-wdm0" }, mbim = {}, at = "/dev/ttyUSB2", diag = "/dev/ttyUSB0" },
  missing = {},
}

stage.report = {
  file = "a.cwe", ok = true, bytes = 64000000, family = "SWI9X30C", product = "9X30",
  firmware = "02.33.03.00",
  records = {
    { depth = 0, offset = 0, type = "SPKG", size = 63999600, version = "x", header_crc = "ok",
      image_crc = "ok" },
    { depth = 1, offset = 400, type = "BOOT", size = 17, header_crc = "ok", image_crc = "unchecked" },
  },
  problems = {},
}

local function stream(width)
  local parts = {}
  local function write(_, text) parts[#parts + 1] = text end
  return {
    write = write, offer = write, finish = function() end,
    width = function() return width end,
    text = function() return table.concat(parts) end,
  }
end

local function engine(given, said)
  local function answer(name)
    return function(request)
      said.call, said.request = name, request
      for _, event in ipairs(given.events or {}) do
        if event.sleep then said.now = said.now + event.sleep else request.emit(event) end
      end
      if given.raise then error(given.raise) end
      return given.result or { ok = true, exit = 0 }
    end
  end
  return { update = answer "update", plan = answer "plan", run_script = answer "run_script",
    models = function() return {} end }
end

local function image(given)
  return {
    look = function(path)
      local report = (given.reports or {})[path]
      if report then return { report } end
      return nil, failure.new("source.not_found", path .. ": no such file", { evidence = "ENOENT" })
    end,
    set = function() return given.set or { ok = true, problems = {} } end,
  }
end

local function device(given)
  return {
    list = function() return given.devices or {} end,
    select = function(devices)
      if devices[1] then return devices[1] end
      return nil, failure.new("device.none", "there is no modem")
    end,
  }
end

local function objects(text)
  local found = {}
  for line in text:gmatch "[^\n]+" do found[#found + 1] = cjson.decode(line) end
  return found
end

-- The services; signals stay with the test runner.
local function services(given, said)
  local use = {
    stdout = stream(given.width), stderr = stream(given.error_width), version = "0.0",
    flash = engine(given, said), image = image(given), device = device(given),
    sys = setmetatable({ catch_signals = function() end }, { __index = sys }),
    environment = function(name) return (given.environment or {})[name] end,
    clock = function() return said.now end,
  }
  for name, service in pairs(given.services or {}) do use[name] = service end
  return use
end

--- Runs a command line.
-- @tparam table words
-- @tparam[opt] table given events ({ sleep = ms } lets time pass), raise, result, devices, reports, set,
-- width (of a terminal), environment, services
-- @treturn table status, stdout, stderr, objects (JSON of stdout, when asked for), call, request
function stage.run(words, given)
  local said = { now = 1000 }
  local use = services(given or {}, said)
  said.status = cli.run(words, use)
  said.stdout, said.stderr = use.stdout.text(), use.stderr.text()
  for _, word in ipairs(words) do
    if word == "--json" then said.objects = objects(said.stdout) end
  end
  return said
end

return stage

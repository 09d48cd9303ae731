-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- A stage for the command line: fakes for the library, the terminal and the clock, and what was printed.
--
--     local said = stage.run({ "devices", "--json" }, { devices = { stage.modem } })
--     said.status, said.stdout, said.stderr, said.objects, said.request
-- @module tests.cli_stage

local cjson = require "cjson"
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

-- The library. Its functions emit the events of the test and return its result.
local function library(given, said)
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
  return {
    update = answer "update", plan = answer "plan", run_script = answer "run_script", status = answer "status",
    switch = answer "switch", models = function() return {} end, image = image(given),
    devices = function() return given.devices or {} end,
  }
end

-- The job of the modem; given.job is a fake of moonflash.engine.job.
local function jobs(given)
  return { obstacle = function() end, find = function()
    if (given.devices or {})[1] then return given.job or {} end
    return nil, failure.new("device.none", "there is no modem")
  end }
end

-- The clock, and the two outputs: given.width and given.error_width make them terminals; given.write replaces
-- the writing.
local function system(given, said)
  local widths, texts = { given.width, given.error_width }, { {}, {} }
  said.text = function(descriptor) return table.concat(texts[descriptor]) end
  return setmetatable({
    catch_signals = function() end, clear_interrupt = function() end, clock_ms = function() return said.now end,
    terminal_width = function(descriptor) return widths[descriptor] end,
    write = given.write or function(descriptor, text)
      table.insert(texts[descriptor], text)
      return #text
    end,
  }, { __index = sys })
end

-- Calls a function with other modules and another environment. What it loads sees the fakes and is unloaded.
local function with(modules, environment, work)
  local loaded, getenv = {}, os.getenv
  for name, module in pairs(package.loaded) do
    loaded[name] = module
    if name:find "^moonflash%.cli" then package.loaded[name] = nil end
  end
  for name, module in pairs(modules) do package.loaded[name] = module end
  os.getenv = function(name) return environment[name] end -- luacheck: ignore
  local ok, result = pcall(work)
  os.getenv = getenv -- luacheck: ignore
  for name in pairs(package.loaded) do package.loaded[name] = loaded[name] end
  for name, module in pairs(loaded) do package.loaded[name] = module end
  if not ok then error(result, 0) end
  return result
end

local function objects(text)
  local found = {}
  for line in text:gmatch "[^\n]+" do found[#found + 1] = cjson.decode(line) end
  return found
end

--- Runs a command line.
-- @tparam table words
-- @tparam[opt] table given events ({ sleep = ms } lets time pass), raise, result, devices, job, reports, set,
-- width and error_width (of a terminal), environment, write, modules (fakes by name)
-- @treturn table status, stdout, stderr, objects (JSON of stdout, when asked for), call, request
function stage.run(words, given)
  given = given or {}
  local said = { now = 1000 }
  local modules = {
    moonflash = library(given, said), ["moonflash.commands.job"] = jobs(given),
    ["moonflash.core.sys"] = system(given, said),
  }
  for name, module in pairs(given.modules or {}) do modules[name] = module end
  said.status = with(modules, given.environment or {}, function() return require("moonflash.cli").run(words) end)
  said.stdout, said.stderr = said.text(1), said.text(2)
  for _, word in ipairs(words) do
    if word == "--json" then said.objects = objects(said.stdout) end
  end
  return said
end

return stage

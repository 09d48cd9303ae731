--- What commands use of the rest: each loaded when it is first used, so `devices` never loads the
-- simulator and a router without libqmi still updates a modem in download mode. Tests give their own.
-- @module moonflash.cli.services

local stream = require "moonflash.cli.stream"

local services = {}

-- What a protected require gave of a part that may not be installed: the module, or false.
local function part(found, module)
  if found then return module end
  if not module:find "^module 'moonflash%.%l+' not found" then error(module, 0) end
  return false
end

local makers = {
  sys = function() return require "moonflash.core.sys" end,
  bytes = function() return require "moonflash.core.bytes" end,
  flash = function() return require "moonflash" end,
  image = function() return require "moonflash.image" end,
  device = function() return require "moonflash.device" end,
  job = function() return require "moonflash.engine.job" end,
  qmi = function() return require "moonflash.protocol.qmi" end,
  at = function() return require "moonflash.protocol.at" end,
  qmi_message = function() return require "moonflash.protocol.qmi.message" end,
  simulator = function() return part(pcall(require, "moonflash.sim")) end,
  version = function() return require("moonflash.base.install").version end,
  simulated_images = function() return require "moonflash.sim.test_images" end,
  trial = function() return part(pcall(require, "moonflash.sim.script_test")) end,
  program = function() return require("moonflash.base.install").program end,
  trace = function() return require "moonflash.trace" end,
  redact = function() return require "moonflash.trace.redact" end,
  replay = function() return part(pcall(require, "moonflash.sim.replay")) end,
  environment = function() return os.getenv end,
  plain = function(use) return (use.environment "NO_COLOR" or "") ~= "" end,
  clock = function(use) return use.sys.clock_ms end,
  stdout = function(use) return stream.new(io.stdout, 1, use.sys) end,
  stderr = function(use) return stream.new(io.stderr, 2, use.sys) end,
}

--- The services.
-- @tparam[opt] table given some of them, used instead
-- @treturn table by name
function services.new(given)
  local use = {}
  for name, service in pairs(given or {}) do use[name] = service end
  return setmetatable(use, {
    __index = function(self, name)
      local make = makers[name] or error("no such service: " .. tostring(name), 2)
      self[name] = make(self)
      return self[name]
    end,
  })
end

return services

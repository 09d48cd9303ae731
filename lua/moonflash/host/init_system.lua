--- Services of the init system: stopped and started through procd or systemd.

local process = require "moonflash.base.process"
local system = require "moonflash.host.system"

local init_system = { kinds = {} }

local SERVICE_MS = 30000

-- A kind of paused entry (moonflash.host.services): `command` gives the program and its arguments.
local function new_kind(command)
  local function run(root, name, action)
    local argv = command(name, action)
    argv[1] = system.program(root, argv[1]) or argv[1]
    return process.run(argv, SERVICE_MS)
  end
  return {
    service = true, words = "the service %s",
    pause = function(root, name) return run(root, name, "stop") end,
    resume = function(root, name) return run(root, name, "start") end,
  }
end

init_system.kinds.procd = new_kind(function(name, action) return { "/etc/init.d/" .. name, action } end)
init_system.kinds.systemd = new_kind(function(name, action) return { "systemctl", action, name } end)

--- The entry of a service, by the init system that runs.
-- @tparam string root
-- @tparam table names by kind: { procd = "modemmanager", systemd = "ModemManager.service" }
-- @treturn ?table { kind, name }
function init_system.find(root, names)
  if system.program(root, "/etc/init.d/" .. names.procd) and system.program(root, "/sbin/procd") then
    return { kind = "procd", name = names.procd }
  end
  if system.program(root, "systemctl") and system.is_folder(root, "/run/systemd/system") then
    return { kind = "systemd", name = names.systemd }
  end
end

return init_system

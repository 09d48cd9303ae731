-- Services of the system: stopped and started again through procd or systemd, by exec.

local system = require "moonflash.host.system"

local services = { kinds = {} }

local SERVICE_MS = 30000

local function run(root, program, ...)
  local path = system.program(root, program)
  return system.run({ path or program, ... }, SERVICE_MS)
end

services.kinds.procd = {
  service = true, words = "the service %s",
  pause = function(root, name) return run(root, "/etc/init.d/" .. name, "stop") end,
  resume = function(root, name) return run(root, "/etc/init.d/" .. name, "start") end,
}

services.kinds.systemd = {
  service = true, words = "the service %s",
  pause = function(root, name) return run(root, "systemctl", "stop", name) end,
  resume = function(root, name) return run(root, "systemctl", "start", name) end,
}

-- A service that was not stopped by this run, but must run after it: another run that stops it meanwhile
-- leaves it to this one to start it.
local function kept(kind, process)
  return {
    service = true, words = kind.words,
    pause = function() return true end,
    resume = function(root, name)
      if system.runs(root, process) then return true end
      return kind.resume(root, name)
    end,
  }
end

services.kinds["kept-procd"] = kept(services.kinds.procd, "ModemManager")
services.kinds["kept-systemd"] = kept(services.kinds.systemd, "ModemManager")

--- How a service of this system is stopped.
-- @tparam string root
-- @tparam table names by kind: { procd = "modemmanager", systemd = "ModemManager.service" }
-- @treturn ?table { kind, name }
function services.find(root, names)
  if system.program(root, "/etc/init.d/" .. names.procd) and system.program(root, "/sbin/procd") then
    return { kind = "procd", name = names.procd }
  end
  if system.program(root, "systemctl") and system.is_folder(root, "/run/systemd/system") then
    return { kind = "systemd", name = names.systemd }
  end
end

return services

-- Autosuspend puts a modem to sleep between two commands; it is off while the job runs.

local nodes = require "moonflash.host.checks.ports"
local sys = require "moonflash.core.sys"

local function control(dev)
  return nodes.attribute(dev, "power/control")
end

local function is_on(dev)
  return (sys.read_file(control(dev)) or ""):match "^auto" ~= nil
end

local function look(job)
  local path = control(job.device)
  if not is_on(job.device) or sys.access(path, "w") then return nil end
  return {
    warning = true, message = "the kernel may suspend the modem (autosuspend)",
    evidence = path .. " is auto and may not be written",
    cure = "run as root: it is then switched off for the run",
  }
end

-- The modem may be back at another place by then; where it is gone there is nothing to restore.
local function restore(job)
  if not sys.stat(control(job.device)) then return true end
  return sys.write_file(control(job.device), "auto")
end

local function prepare(job)
  if not is_on(job.device) then return true end
  local written, problem = sys.write_file(control(job.device), "on")
  if written then
    job:note "autosuspend switched off for this run"
    job:give_back("restore autosuspend", restore)
  else
    job:warn(problem.code, "autosuspend stays on: " .. tostring(problem))
  end
  return true
end

return { name = "autosuspend", look = look, prepare = prepare }

-- Ports that may not be opened: most often the program does not run as root.

local nodes = require "moonflash.host.checks.ports"
local sys = require "moonflash.core.sys"

local function look(job)
  for _, path in ipairs(nodes.used(job.device)) do
    local allowed, problem = sys.access(path, "rw")
    if not allowed and problem.code == "sys.denied" then
      return {
        message = "the ports of the modem may not be opened",
        evidence = ("%s, user id %d"):format(path, sys.user_id()),
        cure = "run as root (sudo moonflash ...)",
      }
    end
  end
end

return { name = "permission", look = look }

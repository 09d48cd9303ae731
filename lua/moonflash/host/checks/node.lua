-- A port that is a plain file: a redirection made it while the modem was away.

local nodes = require "moonflash.host.checks.ports"
local sys = require "moonflash.core.sys"

local function look(job)
  for _, path in ipairs(nodes.used(job.device)) do
    local seen = sys.stat(sys.real_path(path) or path)
    if seen and seen.kind == "file" then
      return {
        message = "a port of the modem is a plain file",
        evidence = ("%s has %.0f bytes"):format(path, seen.size),
        cure = ("remove it (rm %s) and replug the modem"):format(path),
      }
    end
  end
end

return { name = "node", look = look }

--- The device nodes that a job opens: they must be devices, and the caller must be allowed to open them.

local channel = require "moonflash.device.channel"
local sys = require "moonflash.core.sys"

-- The download port, or the first control port of each kind.
local function ports_to_open(dev)
  if dev.nodes.qdl then return { channel.node(dev.nodes.qdl) } end
  local ports = {}
  for _, list in ipairs { dev.nodes.qmi, dev.nodes.mbim } do ports[#ports + 1] = list[1] end
  return ports
end

-- A redirection to a port creates a plain file while the modem is away.
local function find_plain_file(job)
  for _, path in ipairs(ports_to_open(job.device)) do
    local found = sys.stat(sys.real_path(path) or path)
    if found and found.kind == "file" then
      return {
        message = "a port of the modem is a plain file",
        evidence = ("%s has %.0f bytes"):format(path, found.size),
        hint = ("remove it (rm %s) and replug the modem"):format(path),
      }
    end
  end
end

local function find_denied_port(job)
  for _, path in ipairs(ports_to_open(job.device)) do
    local allowed, problem = sys.access(path, "rw")
    if not allowed and problem.code == "sys.denied" then
      return {
        message = "no permission to open the ports of the modem",
        evidence = ("%s, user id %d"):format(path, sys.user_id()),
        hint = "run as root (sudo moonflash ...)",
      }
    end
  end
end

return { { name = "node", look = find_plain_file }, { name = "permission", look = find_denied_port } }

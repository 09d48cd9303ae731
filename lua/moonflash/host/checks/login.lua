-- A login that comes in over the modem itself is cut by the update it is to run.

local route = require "moonflash.host.checks.route"
local system = require "moonflash.host.system"

local MOST_ANCESTORS = 32

-- sudo hides SSH_CONNECTION from us, but not what our ancestors were started with.
local function ssh_connection(root)
  local process = "self"
  for _ = 1, MOST_ANCESTORS do
    local environment = system.text(root, "/proc/" .. process .. "/environ") or ""
    local value = ("\0" .. environment):match "%zSSH_CONNECTION=([^%z]+)"
    if value then return value end
    local status = system.text(root, "/proc/" .. process .. "/status") or ""
    process = status:match "PPid:%s*(%d+)"
    if not process or process == "0" then return nil end
  end
end

local function look(job)
  local connection = ssh_connection(job.root)
  local peer = connection and connection:match "^%S+"
  local through = peer and route.to(job.root, peer)
  for _, interface in ipairs(through and job.device.interfaces or {}) do
    if interface.net == through then
      return {
        message = "you are logged in over this modem: the update would cut you off",
        evidence = ("the way to %s is %s"):format(peer, through),
        cure = "log in another way, or run detached (nohup) and look again later",
      }
    end
  end
end

return { name = "session", look = look }

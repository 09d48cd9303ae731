-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Other programs that have ports of the modem open, from /proc. As of fuser, processes that this user may not inspect
-- are left out.

local failure = require "moonflash.base.failure"
local limits = require "moonflash.base.limits"
local paths = require "moonflash.base.paths"
local preflight = require "moonflash.host.preflight"
local process = require "moonflash.base.process"
local sys = require "moonflash.core.sys"
local system = require "moonflash.host.system"

local port_users = {}

local RETRY_MS = 50

-- With --proxy the modem is used through them.
local proxies = { ["qmi-proxy"] = true, ["mbim-proxy"] = true }

-- The ports of a modem by path, as named and with links resolved.
local function ports_of(dev)
  local ports = {}
  for _, interface in ipairs(dev.interfaces) do
    for _, field in ipairs { "tty", "control" } do
      local port = interface[field]
      if port then ports[port], ports[sys.real_path(port) or port] = port, port end
    end
  end
  return ports
end

local function open_port(root, pid, ports)
  local folder = paths.below(root, ("/proc/%d/fd"):format(pid))
  for _, name in ipairs(sys.list(folder) or {}) do
    local port = ports[sys.link(folder .. "/" .. name) or ""]
    if port then return port end
  end
end

-- An array of { name, pid, port }.
local function list(job)
  local users, ports = {}, ports_of(job.device)
  for _, pid in ipairs(next(ports) and system.processes(job.root) or {}) do
    local port = pid ~= sys.process_id() and open_port(job.root, pid, ports)
    if port then
      users[#users + 1] = { name = system.process_name(job.root, pid) or "a process", pid = pid, port = port }
    end
  end
  return users
end

--- The other programs that have ports of the job's modem open, in words: "ModemManager (pid 812) uses /dev/cdc-wdm0";
-- nil when there are none.
function port_users.words(job)
  local parts = {}
  for _, user in ipairs(list(job)) do
    if not (job.options.proxy and proxies[user.name]) then
      parts[#parts + 1] = ("%s (pid %d) uses %s"):format(user.name, user.pid, user.port)
    end
  end
  return parts[1] and table.concat(parts, "; ")
end

--- Whether libqmi's proxy has a port of the job's modem open: other programs use the modem through it.
function port_users.has_proxy(job)
  for _, user in ipairs(list(job)) do
    if proxies[user.name] then return true end
  end
  return false
end

--- Checks that no other program has the ports open. When programs were paused, they get a moment to close the ports.
-- Returns true, or nil and a failure: device.busy, sys.interrupted.
function port_users.check(job, paused)
  local users
  local ends = sys.clock_ms() + (paused and limits.ports * 1000 or 0)
  local free, interrupted = process.poll_until(ends, RETRY_MS, function()
    users = port_users.words(job)
    return not users, nil, true
  end)
  if free or interrupted then return free or nil, interrupted end
  if preflight.is_skipped(job, "holders") then
    job:warn("device.busy", "--skip holders: other programs use the modem: " .. users)
    return true
  end
  return nil, failure.new("device.busy", "other programs use the modem at " .. job.device.place, {
    evidence = users, hint = "stop them and run again, or continue with --skip holders",
  })
end

return port_users

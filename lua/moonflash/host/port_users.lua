--- Who has a modem's ports open: other processes, from /proc. What may not be looked at is passed
-- over in silence, as fuser does.
-- @module moonflash.host.port_users

local failure = require "moonflash.base.failure"
local paths = require "moonflash.base.paths"
local process = require "moonflash.base.process"
local sys = require "moonflash.core.sys"
local system = require "moonflash.host.system"

local holders = {}

local RELEASE_MS = 5000 -- for what was paused to let go
local LOOK_MS = 50

-- They keep a port open for others, so with --proxy they are how we get in.
local proxies = { ["qmi-proxy"] = true, ["mbim-proxy"] = true }

-- Set of the paths of a modem's ports, as named and as what the names lead to.
local function ports_of(dev)
  local ports = {}
  for _, interface in ipairs(dev.interfaces) do
    for _, node in ipairs { interface.tty or false, interface.control or false } do
      if node then
        ports[node] = node
        ports[sys.real_path(node) or node] = node
      end
    end
  end
  return ports
end

-- The port of the set that a process has open.
local function held_by(root, pid, ports)
  local folder = paths.below(root, ("/proc/%d/fd"):format(pid))
  for _, name in ipairs(sys.list(folder) or {}) do
    local node = ports[sys.link(folder .. "/" .. name) or ""]
    if node then return node end
  end
end

--- The processes that have ports of a modem open, without this one.
-- @tparam string root
-- @tparam table dev
-- @treturn table array of { pid, name, node }
function holders.of(root, dev)
  local found, ports = {}, ports_of(dev)
  if not next(ports) then return found end
  for _, pid in ipairs(system.processes(root)) do
    local node = pid ~= sys.process_id() and held_by(root, pid, ports)
    if node then
      found[#found + 1] = { pid = pid, name = system.process_name(root, pid) or "a process", node = node }
    end
  end
  return found
end

--- Holders in words: "ModemManager (pid 812) holds /dev/cdc-wdm0".
function holders.text(found)
  local parts = {}
  for index, holder in ipairs(found) do
    parts[index] = ("%s (pid %d) holds %s"):format(holder.name, holder.pid, holder.node)
  end
  return table.concat(parts, "; ")
end

local function in_the_way(job)
  local found = {}
  for _, holder in ipairs(holders.of(job.root, job.device)) do
    if not (job.options.proxy and proxies[holder.name]) then found[#found + 1] = holder end
  end
  return found
end

--- Sees that nobody holds the ports, waiting a moment for what was paused to let go.
-- @tparam table job
-- @tparam boolean paused whether anything was
-- @treturn boolean true, or nil and failure device.busy
function holders.check(job, paused)
  local found
  local free, interrupted = process.poll_until(sys.clock_ms() + (paused and RELEASE_MS or 0), LOOK_MS, function()
    found = in_the_way(job)
    return not found[1], nil, true
  end)
  if free or interrupted then return free or nil, interrupted end
  if (job.options.skip or {}).holders then
    job:warn("device.busy", "in spite of: " .. holders.text(found))
    return true
  end
  return nil, failure.new("device.busy", "other programs use the modem at " .. job.device.place, {
    evidence = holders.text(found),
    hint = "stop them and run again, or go on all the same with --skip holders",
  })
end

return holders

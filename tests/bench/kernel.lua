-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The part of kernel.sh that runs in the virtual machine: kernel.lua BENCH_RUN FIRMWARE SETTINGS ROUNDS [WAYS]
local stage = require "tests.sim.stage"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local bench_run, image, settings, rounds, wanted = arg[1], arg[2], arg[3], tonumber(arg[4]), arg[5] or ""
local MIB = 1048576
local megabytes = sys.stat(image).size / MIB
local DEADLINE_MS, POLL_MS = 600000, 50

-- Waits until a function returns something, and returns it.
local function await(what, get)
  for _ = 1, DEADLINE_MS / POLL_MS do
    local value = get()
    if value then return value end
    sys.sleep_ms(POLL_MS)
  end
  error("there is no " .. what)
end

-- The tty of a USB interface, once the driver has made it, and the place of its device.
local function tty_of(interface)
  return await("tty of interface " .. interface, function()
    for _, name in ipairs(sys.list "/sys/class/tty" or {}) do
      local place, number = (sys.real_path("/sys/class/tty/" .. name .. "/device") or ""):match "/([%d.-]+):1%.(%d+)/"
      if number == tostring(interface) then return "/dev/" .. name, place end
    end
  end)
end

local function place()
  return (sys.real_path "/sys/class/tty/ttyUSB0/device"):match "/([%d.-]+):1%.%d+/"
end

-- Runs a program. Returns its seconds of wall clock and of CPU, its peak memory in KiB, and its output.
local function measured(argv)
  local output = support.folder() .. "/output"
  local wrapped = { bench_run, "1", "/bin/sh", "-c", 'exec "$@" >"$0" 2>&1', output }
  for _, word in ipairs(argv) do wrapped[#wrapped + 1] = word end
  local run = support.run(wrapped, { deadline_ms = DEADLINE_MS })
  local said = support.contents(output)
  assert(run.status == 0, table.concat(argv, " ") .. ":\n" .. run.stderr .. said)
  local wall, cpu, peak = run.stdout:match "([%d.]+) ms wall +([%d.]+) ms CPU +(%d+) KiB"
  return { wall = wall / 1000, cpu = cpu / 1000, peak = tonumber(peak), said = said }
end

-- --- the ways -------------------------------------------------------------------------------------------

local NMEA, LOADER = 2, 0 -- interfaces

local function with_dd(size)
  return function()
    local tty = tty_of(NMEA)
    assert(support.run({ "stty", "-F", tty, "raw" }, {}).status == 0)
    local cost = measured { "dd", "if=" .. image, "of=" .. tty, "bs=" .. size }
    cost.seconds = cost.wall
    return cost
  end
end

local function send(address)
  local cost = measured { "lua5.1", "tests/bench/kernel_send.lua", address, image }
  cost.seconds = cost.said:match "%d+" / 1000
  return cost
end

local function with_peer()
  local cost = measured { "qmi-firmware-update", "--ignore-mm-runtime-check", "-U", "-t", tty_of(LOADER), image }
  cost.seconds = tonumber((cost.said:match "downloaded in ([%d.]+)s"))
  return cost
end

local function update(...)
  local options = { ... }
  return function()
    local argv = { support.program, "update", image, settings }
    for _, option in ipairs(options) do argv[#argv + 1] = option end
    local cost = measured(argv)
    cost.seconds = cost.wall
    return cost
  end
end

local function update_with_peer()
  local node = await("cdc-wdm", function() return (sys.list "/sys/class/usbmisc" or {})[1] end)
  local cost = measured { "qmi-firmware-update", "--ignore-mm-runtime-check", "-u", "-w", "/dev/" .. node,
    image, settings }
  cost.seconds = cost.wall
  return cost
end

-- name, mode of the modem, function; `yardstick`: the others are compared with the best of these
local ways = {
  { "dd bs=4k", "application", with_dd "4k", yardstick = true },
  { "dd bs=64k", "application", with_dd "64k", yardstick = true },
  { "dd bs=1M", "application", with_dd "1M", yardstick = true },
  { "transfer: qmi-firmware-update", "download", with_peer },
  { "transfer: moonflash, tty", "download", function() return send((tty_of(LOADER))) end },
  { "transfer: moonflash, USB", "download", function()
    tty_of(LOADER)
    return send("usb:" .. place() .. "/0")
  end },
  { "update: qmi-firmware-update", "application", update_with_peer },
  { "update: moonflash, tty", "application", update() },
  { "update: moonflash, USB", "application", update("--transport", "usb") },
}

-- A modem of its own for each.
local function take(way)
  local modem = stage.modem("mc7455", { usb = true, faults = { "start=" .. way[2] }, deadline_ms = DEADLINE_MS })
  tty_of(way[2] == "download" and LOADER or NMEA)
  support.run({ "udevadm", "settle" }, {})
  local cost = way[3]()
  modem:stop()
  sys.remove_tree(modem.folder)
  return cost
end

-- --- figures --------------------------------------------------------------------------------------------

local function median(list)
  table.sort(list)
  return list[math.ceil(#list / 2)]
end

local function of(costs, field)
  local values = {}
  for index, cost in ipairs(costs) do values[index] = cost[field] end
  return median(values)
end

-- All system calls of a whole run of kernel_send.lua, its start and the verification included, per MiB.
local function system_calls(address)
  local counts = support.folder() .. "/counts"
  local argv = { "strace", "-f", "-c", "-o", counts, "lua5.1", "tests/bench/kernel_send.lua", address(), image }
  local run = support.run(argv, { deadline_ms = DEADLINE_MS })
  assert(run.status == 0, run.stderr)
  return support.contents(counts):match "(%d+) +%d* *total" / megabytes
end

local chosen, costs = {}, {}
for _, way in ipairs(ways) do
  if way[1]:find(wanted) then chosen[#chosen + 1] = way end
end
for _ = 1, rounds do
  for _, way in ipairs(chosen) do
    costs[way] = costs[way] or {}
    local cost = take(way)
    table.insert(costs[way], cost)
    io.stderr:write(("%s: %.2f s, %.2f s of CPU\n"):format(way[1], cost.seconds, cost.cpu))
  end
end

local function of_way(name, field)
  for _, way in ipairs(chosen) do
    if way[1] == name then return of(costs[way], field) end
  end
end

local best
for _, way in ipairs(chosen) do
  local seconds = of(costs[way], "seconds")
  if way.yardstick and (not best or seconds < best) then best = seconds end
end
print(("%d MiB, medians of %d"):format(megabytes, rounds))
print(("%-32s %8s %10s %8s %8s"):format("", "seconds", "of best dd", "CPU s", "KiB"))
for _, way in ipairs(chosen) do
  local seconds = of(costs[way], "seconds")
  print(("%-32s %8.2f %10s %8.2f %8d"):format(way[1], seconds, best and ("%.2f"):format(seconds / best) or "",
    of(costs[way], "cpu"), of(costs[way], "peak")))
end
-- what the start, the steps and the waiting take
local function print_rest(name)
  local update_cpu, transfer_cpu = of_way("update: moonflash, " .. name, "cpu"),
    of_way("transfer: moonflash, " .. name, "cpu")
  if not update_cpu or not transfer_cpu then return end
  print(("%-32s %28.2f"):format("update less transfer, " .. name, update_cpu - transfer_cpu))
end
print_rest "tty"
print_rest "USB"
if not sys.stat "/usr/bin/strace" then return support.finish() end
for _, way in ipairs { { "tty", function() return (tty_of(LOADER)) end },
  { "USB", function() return "usb:" .. place() .. "/0" end } } do
  local calls = take { "", "download", function() return system_calls(way[2]) end }
  print(("%-32s %8.0f"):format("system calls a MiB, " .. way[1], calls))
end
support.finish()

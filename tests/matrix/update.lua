-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- An update by the library, told line by line with the system's clock; the last line is the result
-- with what the update left open in this process.
-- @module tests.matrix.update

local cjson = require "cjson"
local failure = require "moonflash.base.failure"
local flash = require "moonflash"
local sys = require "moonflash.core.sys"

-- What glib keeps for itself as long as the process lives.
local kept = { ["anon_inode:[eventfd]"] = true }

local function descriptors()
  local open = {}
  for _, number in ipairs(sys.list "/proc/self/fd") do
    local target = sys.link("/proc/self/fd/" .. number)
    if target and not kept[target] then open[number .. " " .. target] = true end
  end
  return open
end

local function new_in(after, before)
  local list = {}
  for name in pairs(after) do
    if not before[name] then list[#list + 1] = name end
  end
  return table.concat(list, ", ")
end

local function children()
  return sys.read_file(("/proc/self/task/%d/children"):format(sys.process_id())) or ""
end

local function plain(problem)
  if not problem then return nil end
  return { code = problem.code, step = problem.step, message = problem.message,
    evidence = problem.evidence, hint = failure.hint(problem) }
end

local function say(line)
  line.at = sys.clock_ms()
  io.write(cjson.encode(line), "\n")
  io.flush()
end

return function(text)
  local request = cjson.decode(text)
  request.emit = say
  sys.catch_signals()
  local before = descriptors()
  local result = flash.update(request)
  say { event = "result", ok = result.ok, exit = result.exit, before = result.before, after = result.after,
    failure = plain(result.failure), descriptors = new_in(descriptors(), before), children = children() }
end

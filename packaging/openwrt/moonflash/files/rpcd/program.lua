-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Runs moonflash for a call: at once for a question, as a job of the service for long work.
-- @module moonflash.rpcd.program

local answers = require "moonflash.rpcd.answers"
local failure = require "moonflash.base.failure"
local process = require "moonflash.base.process"
local requests = require "moonflash.base.request"
local sys = require "moonflash.core.sys"
local tables = require "moonflash.base.table"

local program = {}

local SERVICE = "/etc/init.d/moonflash"
local LIMIT_MS = 18000                 -- LuCI waits for 20 s
local RPCD_MS, MARGIN_MS = 30000, 2000 -- rpcd's limit unless its configuration has another

local began = sys.clock_ms()

-- The time when the answer has to be there.
local function deadline()
  local seconds = process.output({ "uci", "-q", "get", "rpcd.@rpcd[0].timeout" }, 2000)
  local rpcd = (tonumber(seconds or "") or 0) * 1000
  return began + math.min(LIMIT_MS, (rpcd > 0 and rpcd or RPCD_MS) - MARGIN_MS)
end

-- The output of a program, and its exit status; or nil and a failure. A program that takes too long is asked to stop.
local function output_of(argv, ends)
  local child, problem = process.start(argv)
  if not child then return nil, problem end
  local text, status
  text, problem = child:read_all(ends)
  child:close()
  if text then status, problem = child:wait(ends - sys.clock_ms()) end
  if status then return text, status end
  sys.kill(child.pid, "TERM")
  if problem.code ~= "sys.timeout" then return nil, problem end
  return nil, failure.new("sys.timeout", "there is no answer yet",
    { hint = "inspect and plan can run as a job: background" })
end

-- --- options of /etc/config/moonflash ---------------------------------------------------------------

local recording = { ["--trace"] = true, ["--log"] = true, L = true } -- each with a value

-- Leaves out the options that record. Their value is in the same item of the list, or in the next.
local function without_recording(options)
  local kept, is_value = {}, false
  for _, option in ipairs(options) do
    local name, rest = option:match "^(%-%-%a+)(.*)$"
    if not name then name, rest = option:match "^%-[pqv]*(L)(.*)$" end -- `-vL`: letters may be joined
    local records = not is_value and recording[name]
    if not (records or is_value) then kept[#kept + 1] = option end
    is_value = records and rest == ""
  end
  return kept
end

-- Calls have the same options as jobs, so that they select the same modem. Only jobs are recorded.
local function options(ends)
  local text, status = output_of({ SERVICE, "options" }, ends)
  if not text then return nil, status end
  if status ~= 0 then
    return nil, failure.new("usage", "/etc/config/moonflash cannot be read",
      { hint = "`uci show moonflash` says what is wrong" })
  end
  local lines = {}
  for line in text:gmatch "([^\n]*)\n" do lines[#lines + 1] = line end
  return without_recording(lines)
end

-- --- questions and jobs -----------------------------------------------------------------------------

-- --verbose adds notes to the events; --quiet excludes it.
local function is_quiet(words)
  for _, word in ipairs(words) do
    if word == "--quiet" or word:find "^%-p?q" then return true end
  end
end

--- The answer to a request that ends soon.
function program.ask(request)
  local ends = deadline()
  local argv, problem = options(ends)
  if not argv then return answers.failed_with(problem) end
  if not is_quiet(argv) then table.insert(argv, 1, "--verbose") end
  for _, word in ipairs(requests.words(request)) do argv[#argv + 1] = word end
  local text, status = output_of({ "moonflash", "--json", tables.unpack(argv) }, ends)
  if not text then return answers.failed_with(status) end
  return answers.object(answers.decode(text))
    or answers.failed("internal", ("moonflash ended with %.0f, without a result"):format(status))
end

--- Begins a job. The answer has its name.
function program.start(request)
  local text, status = output_of({ SERVICE, "job", tables.unpack(requests.words(request)) }, deadline())
  if not text then return answers.failed_with(status) end
  local name = text:match "([%w-]+)\n$"
  if status == 0 and name then return { job = name } end
  return answers.failed("job.not_started", "the service did not take the job", "see `logread -e moonflash`")
end

return program

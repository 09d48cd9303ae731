-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The methods of the ubus object, in one table. A method is a row:
--
--     takes   names of arguments and of groups of arguments, see moonflash.rpcd.arguments
--     needs   the arguments that have to be given
--     run     function(values, name) returns the answer, a table: values = the arguments by name
--
-- Long work is a job of the service; a call does not wait for it.
-- @module moonflash.rpcd.methods

local answers = require "moonflash.rpcd.answers"
local arguments = require "moonflash.rpcd.arguments"
local jobs = require "moonflash.rpcd.jobs"
local json = require "moonflash.base.json"
local program = require "moonflash.rpcd.program"
local uploads = require "moonflash.rpcd.uploads"

local MOST_INPUT = 65000 -- rpcd passes 64 KiB of arguments and drops the rest

local function start(values, command)
  return program.start(arguments.request(command, values))
end

local function ask(values, command)
  if values.background then return start(values, command) end
  return program.ask(arguments.request(command, values))
end

-- A function of a job.
local function of_job(run)
  return function(values)
    local job = jobs.find(values.job)
    if job then return run(job) end
    return answers.failed("job.unknown", "no such job", "jobs end with the router; start a new one")
  end
end

local function cancel(job)
  return { job = job.name, asked = jobs.cancel(job) }
end

local methods = {
  devices        = { takes = {}, run = ask },
  status         = { takes = { "MODEM" }, run = ask },
  inspect        = { takes = { "files", "IMAGES", "background" }, needs = { "files" }, run = ask },
  plan           = { takes = { "files", "MODEM", "IMAGES", "HOW", "background" }, needs = { "files" }, run = ask },
  update         = { takes = { "files", "MODEM", "IMAGES", "HOW", "all" }, needs = { "files" }, run = start },
  recover        = { takes = { "files", "MODEM", "IMAGES", "HOW" }, run = start },
  switch         = { takes = { "pair", "MODEM", "HOW" }, needs = { "pair" }, run = start },
  jobs           = { takes = {}, run = function() return { jobs = jobs.list() } end },
  progress       = { takes = { "job" }, run = of_job(jobs.progress) },
  cancel         = { takes = { "job" }, run = of_job(cancel) },
  upload_prepare = { takes = { "name", "bytes" }, needs = { "name", "bytes" }, run = uploads.prepare },
  upload_list    = { takes = {}, run = uploads.list },
  upload_remove  = { takes = { "name" }, run = uploads.remove },
}

local object = {}

--- The methods with an example of each argument as JSON: rpcd takes the types from it.
function object.list()
  local all = {}
  for name, method in pairs(methods) do
    local examples = arguments.examples(method.takes)
    all[name] = next(examples) and examples or json.object({}, {}) -- an empty table would be a list
  end
  return json.encode(all)
end

local function answer(name, text)
  local method = methods[name]
  if not method then return answers.failed("usage", "no such method: " .. tostring(name)) end
  if #text > MOST_INPUT then return answers.failed("usage", "the arguments are longer than 64 KiB") end
  local values, wrong, hint = arguments.read(text, method)
  if not values then return answers.failed("usage", wrong, hint) end
  return method.run(values, name)
end

--- The answer to a call as JSON; `text` has the arguments.
function object.call(name, text)
  return json.encode(answers.without_secrets(answer(name, text)))
end

return object

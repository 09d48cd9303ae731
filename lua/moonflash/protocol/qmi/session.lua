-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- A session on one QMI port. It has one client id per service, allocated at the first request.
-- moonflash.protocol.qmi.open makes it.

local ctl = require "moonflash.protocol.qmi.ctl"
local message = require "moonflash.protocol.qmi.message"
local sys = require "moonflash.core.sys"

local session = {}
session.__index = session

local REQUEST_MS = 10000
local CLOSE_MS = 2000
-- A modem that has just booted may not answer the first allocations. libqmi's updater also tries three times.
local ALLOCATIONS = 3
local CTL = message.services.ctl

--- A session over an open port of moonflash.core.qmi.
function session.new(port)
  return setmetatable({ port = port, clients = {} }, session)
end

local function remaining(deadline)
  return math.max(deadline - sys.clock_ms(), 1)
end

local function exchange(self, service, client, id, tlvs, ms, title)
  local answer, problem = self.port:request(service, client, id, tlvs, ms)
  if answer then return answer end
  problem.message = title .. ": " .. problem.message
  return nil, problem
end

local function ask_ctl(self, entry, fields, ms)
  local tlvs, title = message.request(entry, fields), message.title(entry)
  local answer, problem = exchange(self, CTL, 0, entry.id, tlvs, ms, title)
  if not answer then return nil, problem end
  return message.answer(entry, answer)
end

local function allocate(self, service, deadline)
  local answer, problem
  for left = ALLOCATIONS, 1, -1 do
    local ms = math.ceil(remaining(deadline) / left)
    answer, problem = ask_ctl(self, ctl.allocate_client, { service = service }, ms)
    if answer or problem.code ~= "qmi.timeout" then break end
  end
  return answer, problem
end

-- The message names the service of the request: the caller did not ask for a client id.
local function no_client(service, problem)
  if problem.code ~= "qmi.refused" then return problem end
  problem.message = "the modem gives no access to the service " .. (message.service_name(service) or service)
  return problem
end

-- The client id for a service.
local function client_of(self, service, deadline)
  if service == CTL then return 0 end
  if self.clients[service] then return self.clients[service] end
  local answer, problem = allocate(self, service, deadline)
  if not answer then return nil, no_client(service, problem) end
  local id = answer.client and answer.client.id or 0
  if id == 0 then return nil, message.malformed(message.title(ctl.allocate_client), "client id") end
  self.clients[service] = id
  return id
end

local function send(self, service, id, tlvs, ms, title)
  if not self.port then error("the QMI session is closed", 3) end
  local deadline = sys.clock_ms() + (ms or REQUEST_MS)
  local client, problem = client_of(self, service, deadline)
  if not client then return nil, problem end
  return exchange(self, service, client, id, tlvs, remaining(deadline), title)
end

--- One request: `session:request(dms.set_operating_mode, { mode = "offline" }, 10000)`.
-- @tparam table entry a message, see moonflash.protocol.qmi.message
-- @tparam[opt] table fields of the request
-- @tparam[opt=10000] number ms for everything, the allocation of a client id included
-- @treturn table the answer's fields, or nil and a failure: qmi.refused (with error, error_name),
-- qmi.timeout, qmi.closed (the modem went away), qmi.malformed, qmi.interrupted, qmi.failed
-- @raise for fields that the message does not have or that do not fit
function session:request(entry, fields, ms)
  local ok, tlvs = pcall(message.request, entry, fields)
  if not ok then error(tlvs, 2) end
  local service = message.service_number(entry.service)
  local answer, problem = send(self, service, entry.id, tlvs, ms, message.title(entry))
  if not answer then return nil, problem end
  return message.answer(entry, answer)
end

--- One request in bytes: `session:raw("dms", 0x555c, { { 0x01, "\6" } })`.
-- @tparam string|number service
-- @tparam number id
-- @tparam[opt] {{number,string},...} tlvs
-- @tparam[opt=10000] number ms
-- @treturn {[number]=string,...} TLVs of the answer, or nil and a failure as of session:request
function session:raw(service, id, tlvs, ms)
  local number = message.service_number(service)
  if not number then error("no such QMI service: " .. tostring(service), 2) end
  local title = message.title { service = number, id = id }
  local answer, problem = send(self, number, id, tlvs or {}, ms, title)
  if not answer then return nil, problem end
  local ok, refusal = message.result(answer, title)
  return ok and answer, refusal
end

local function release(self, deadline)
  for service, client in pairs(self.clients) do
    local fields = { client = { service = service, id = client } }
    local ok, problem = ask_ctl(self, ctl.release_client, fields, remaining(deadline))
    if not ok and problem.code ~= "qmi.refused" then return end
  end
end

--- Closes the port. May be called again.
-- @tparam[opt=2000] number ms
-- @tparam[opt] table options release: release the client ids first. Before a reset they are not released:
-- the modem has its own work to do.
-- @treturn boolean true, or nil and a failure
function session:close(ms, options)
  local port = self.port
  if not port then return true end
  local deadline = sys.clock_ms() + (ms or CLOSE_MS)
  if options and options.release then release(self, deadline) end
  self.port, self.clients = nil, {}
  return port:close(remaining(deadline))
end

return session

--- What a job talks to its modem by: sessions on its ports, opened when they are first asked for. They
-- are methods of every job.
-- @module moonflash.engine.job_ports

local at = require "moonflash.protocol.at"
local device = require "moonflash.device"
local download = require "moonflash.protocol.qdl"
local failure = require "moonflash.base.failure"
local qmi = require "moonflash.protocol.qmi"
local sys = require "moonflash.core.sys"

local sessions = {}

local CLOSE_SECONDS = 5
local OPEN_SECONDS = 3 -- a node that has just appeared may refuse for a moment

-- After these the port is not to be trusted: an answer may still come, or the modem was away.
local lost = { ["qmi.timeout"] = true, ["qmi.closed"] = true, ["qmi.malformed"] = true }

-- Another job may work on the modem by now, or ask it something.
local function hold(self)
  if self.finalized then error("this job was finalized: it has no ports any more", 3) end
  return self:hold(true)
end

local WAITS = "`moonflash recover` makes it run; a step that needs it running says mode = \"application\""

-- A modem that waits for an image has none of its ports, whatever the drivers.
local function no_port(self, kind)
  local waits = self.device.mode ~= "application"
  return nil, failure.new("device.no_port",
    ("the modem has no %s port%s"):format(kind, waits and " while it waits for an image" or ""),
    { evidence = device.describe(self.device), hint = waits and WAITS or nil })
end

--- The QMI session of the modem, opened when first asked for. Only an update frees the clients
-- that other programs left (SYNC).
-- @treturn table the session, or nil and a failure
-- @raise when the job was finalized
function sessions:qmi()
  if self.session then return self.session end
  local free, busy = hold(self)
  if not free then return nil, busy end
  local here, gone = self:keep_up()
  if not here then return nil, gone end
  local nodes, mbim = self.device.nodes, self.options.mbim
  if mbim == nil then mbim = #nodes.qmi == 0 end
  local path = nodes.qmi[1] or nodes.mbim[1]
  if not path then return no_port(self, "QMI") end
  local session, problem = qmi.open(path, { mbim = mbim, proxy = self.options.proxy, sync = self.changing,
    timeout_ms = self:ms(20), trace = self.trace })
  if not session then return nil, problem end
  self.session = session
  return session
end

--- One QMI request: `job:request(dms.get_revision)`.
-- @tparam table message an entry of moonflash.protocol.qmi.dms or of your own table
-- @tparam[opt] table fields of the request
-- @treturn table the answer's fields, or nil and a failure
function sessions:request(message, fields)
  local session, problem = self:qmi()
  if not session then return nil, problem end
  local answer, failed = session:request(message, fields, self:ms(10))
  if not answer and lost[failed.code] then self:close_qmi() end
  self.hung_up = not answer and failed.code == "qmi.closed"
  return answer, failed
end

--- Closes the QMI session; `release` gives the client id back, which a modem that is about to
-- reset is not asked for.
function sessions:close_qmi(options)
  local session = self.session
  self.session = nil
  if session then session:close(self:ms(CLOSE_SECONDS), options) end
end

--- The AT session of the modem, opened when first asked for.
-- @treturn table the session (moonflash.protocol.at), or nil and a failure
-- @raise when the job was finalized
function sessions:at()
  if self.at_session and self.at_of == self.device.number then return self.at_session end
  self:close_at() -- its port was that of before a restart
  local free, busy = hold(self)
  if not free then return nil, busy end
  local path = self.device.nodes.at
  if not path then return no_port(self, "AT") end
  local session, problem = device.open_node(path, function() return at.open(path, self.trace) end,
    self:ms(OPEN_SECONDS))
  self.at_session, self.at_of = session, self.device.number
  return session, problem
end

--- Closes the AT session.
function sessions:close_at()
  local session = self.at_session
  self.at_session = nil
  if session then session:close() end
end

-- Which port it was, and how long after the modem was told to restart.
local function say_where(self, problem)
  local where = "interface 0 of " .. self.device.place
  if self.sent_away_at then
    where = ("%s, %.1f s after its restart was asked for"):format(where,
      (sys.clock_ms() - self.sent_away_at) / 1000)
  end
  problem.evidence = (problem.evidence and problem.evidence .. "; " or "") .. where
end

-- A modem that was found in download mode may still be busy with what an earlier run sent; once heard, or
-- waited for in vain, it is not any more.
local function on_busy_of(self)
  if not self.found_waiting then return nil end
  self.found_waiting = nil
  return function(ms)
    self:warn("qdl.silent", ("the modem does not answer; it may still write what an earlier run sent: "
      .. "waiting up to %.0f s"):format(ms / 1000))
  end
end

--- The download session: port open and greeted.
-- @treturn table the session, or nil and a failure
-- @raise when the job was finalized
function sessions:download()
  if self.loader then return self.loader end
  local free, busy = hold(self)
  if not free then return nil, busy end
  local here, gone = self:keep_up()
  if not here then return nil, gone end
  if self.device.mode ~= "download" or not self.device.nodes.qdl then
    return nil, failure.new("device.no_port", "there is no download port",
      { evidence = device.describe(self.device) })
  end
  local on_busy = on_busy_of(self)
  local loader, problem = device.open_node(self.device.nodes.qdl, function(path)
    return download.open(path, { chunk = self.options.chunk_size, scale = self.options.timeout_scale,
      trace = self.trace, job = self, on_busy = on_busy })
  end, self:ms(OPEN_SECONDS))
  if not loader and problem.code:match "^qdl%." then say_where(self, problem) end
  self.loader = loader
  return loader, problem
end

--- Closes the download port.
function sessions:close_download()
  local loader = self.loader
  self.loader = nil
  if loader then loader:close() end
end

return sessions

-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The log of a simulated modem (JSON lines), and the folder of received images.
--
-- Every line has `t` (ms since the start) and `event`: "start" (with the clock of the system), "usb",
-- "qmi", "qdl", "sahara", "firehose", "at", "diag", "image", "mode", "preference", "power", "restart",
-- "window" (the loader leaves, because the host was silent), "held", "fault", "violation". A violation is a request
-- that no real modem is known to accept: tests fail on each.

local json = require "moonflash.base.json"
local sys = require "moonflash.core.sys"

local recorder = {}
recorder.__index = recorder

--- Starts a new log and an empty folder for images, `log` and `received` below a folder.
function recorder.new(folder)
  sys.remove_tree(folder .. "/received")
  local made, failure = sys.make_folder(folder .. "/received")
  if not made then return nil, failure end
  local log = assert(io.open(folder .. "/log", "w"))
  log:setvbuf("line")
  local self = setmetatable({ folder = folder, log = log, began = sys.clock_ms(), images = 0 }, recorder)
  self:note("start", { clock = self.began })
  return self
end

--- Writes one event with fields; bytes are in hex.
function recorder:note(event, fields)
  fields.event, fields.t = event, sys.clock_ms() - self.began
  self.log:write(json.encode(fields), "\n")
end

--- Writes that the host broke a rule of a protocol ("qdl", "qmi", ...).
function recorder:violation(where, text)
  self:note("violation", { where = where, text = text })
end

--- The path of the next received image: DIR/received/1.cwe, 2.cwe, ...
function recorder:next_image()
  self.images = self.images + 1
  return ("%s/received/%d.cwe"):format(self.folder, self.images)
end

--- Ends the log.
function recorder:close()
  self.log:close()
end

return recorder

-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The modems of this machine.

local device = require "moonflash.device"
local files = require "moonflash.engine.model_files"
local requests = require "moonflash.base.request"
local run = require "moonflash.base.run"

local devices = {}

--- The modems that are plugged in, an array of devices (see moonflash.device). Loads no engine: to list modems takes
-- little memory.
-- @tparam[opt] table given root, emit, options (transport)
function devices.list(given)
  requests.check(given)
  local request, trace = requests.complete(given), run.trace()
  local models = files.all(request.emit)
  local found = device.list(request.root, models, request.options.transport)
  -- a script may open the ports of the modem without a job
  if trace and #found == 1 and not trace.device then trace:found(found[1], models) end
  return found
end

return devices

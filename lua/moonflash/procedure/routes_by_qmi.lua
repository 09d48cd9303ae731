--- The routes that go by QMI.
-- @module moonflash.procedure.routes_by_qmi

local dms = require "moonflash.protocol.qmi.dms"
local leaving = require "moonflash.procedure.routes_leaving"

local by_qmi = {}

local not_sent = leaving.not_sent

-- A request that it departs with. A port that does not even open is another matter.
local function depart(job, message, fields)
  local session, problem = job:qmi()
  if not session then return not_sent(problem) end
  return leaving.by(job, function() return job:request(message, fields) end)
end

--- Restarts the application. Offline first, as libqmi does; a modem that is so already has no objection to
-- the reset.
function by_qmi.power_cycle(job)
  local offline, problem = job:request(dms.set_operating_mode, { mode = "offline" })
  if not offline and problem.error_name ~= "NoEffect" then return not_sent(problem) end
  return depart(job, dms.set_operating_mode, { mode = "reset" })
end

--- Set Firmware ID: the modem restarts by itself.
function by_qmi.firmware_id(job)
  return depart(job, dms.set_firmware_id)
end

-- Without this the modem might go there at every reset.
local function leave_boot_download(job)
  if job.device.mode ~= "application" then return true end
  return job:request(dms.set_boot_image_download_mode, { mode = "normal" })
end

--- Set Boot Image Download Mode, then a reset. Only a refusal says that the mode is not set.
function by_qmi.boot_download(job)
  local answer, problem = job:request(dms.set_boot_image_download_mode, { mode = "boot_and_recovery" })
  if not answer and problem.code == "qmi.refused" then return not_sent(problem) end
  if not job.boot_download_set then job:restore("leave boot image download mode", leave_boot_download) end
  job.boot_download_set = true
  if not answer then return not_sent(problem) end
  return by_qmi.power_cycle(job)
end

return by_qmi

-- Kernel drivers that are missing: for what the modem shows now, and for what it will show in
-- download mode. Nothing can be sent to a device without a driver.

local aliases = require "moonflash.host.checks.aliases"
local bytes = require "moonflash.core.bytes"
local device = require "moonflash.device"
local failure = require "moonflash.base.failure"
local sys = require "moonflash.core.sys"

-- Which missing drivers matter: all in download mode; else that of the control ports when there is
-- none, and that of the serial ports when none of them has it, for then it is not there at all. A
-- running modem whose download ids another driver was given needs no serial port.
local function hindrance(dev, given)
  local has = { qmi_wwan = dev.nodes.qmi[1] or dev.nodes.mbim[1] }
  has.cdc_mbim, has.qcserial = has.qmi_wwan, dev.nodes.qdl or given and dev.mode == "application"
  for _, interface in ipairs(dev.interfaces) do
    if interface.tty then has.qcserial = true end
  end
  for _, missing in ipairs(dev.missing) do
    if not has[missing.module] then return missing end
  end
end

local function missing_now(dev, given)
  local missing = hindrance(dev, given)
  if not missing then return nil end
  return {
    message = "a driver of the modem is missing: " .. missing.module,
    evidence = device.describe(dev),
    cure = ("modprobe %s; on OpenWrt install %s"):format(missing.module, missing.package),
  }
end

local function before(ids)
  local vid, pid = ids:match "^(%x+):(%x+)$"
  return vid .. ":" .. bytes.hex_number(math.max(tonumber(pid, 16), 1) - 1, 4)
end

-- The ids the modem may have in download mode, of those its model has: most often the number before
-- its own, else one of the same vendor's, else any.
local function download_ids(job)
  local own, same_vendor = job.device.vid .. ":" .. job.device.pid, {}
  for _, ids in ipairs(job.model.usb.download) do
    if ids:lower() == before(own) then return { ids } end
    if ids:lower():sub(1, 4) == job.device.vid then same_vendor[#same_vendor + 1] = ids end
  end
  return same_vendor[1] and same_vendor or job.model.usb.download
end

-- The ids that no driver knows, when that holds for all the modem may have.
local function unknown_ids(job)
  local file
  for _, ids in ipairs(download_ids(job)) do
    local known, path = aliases.knows(job.root, ids)
    if known ~= false then return nil end
    file = path
  end
  return table.concat(download_ids(job), ", "), file
end

local function missing_later(job)
  if not job.model or job.device.mode ~= "application" then return nil end
  local ids, file = unknown_ids(job)
  if not ids or ids == "" then return nil end
  return {
    message = "no driver knows the modem in download mode: " .. ids, evidence = file .. " has no such alias",
    cure = "run with --bind-driver, which gives these ids to a driver; or update the kernel",
  }
end

local function can_bind(job)
  return job.options.bind_driver and aliases.new_id(job.root)
end

local function look(job)
  if can_bind(job) then return nil end
  return missing_now(job.device) or missing_later(job)
end

local function ids_to_bind(job)
  if job.device.mode == "download" then return { job.device.vid .. ":" .. job.device.pid } end
  return job.model and download_ids(job) or {}
end

-- Ids that the driver has already are refused or doubled, which does no harm.
local function bind(job, path, ids)
  if aliases.knows(job.root, ids) then return true end
  local written, problem = sys.write_file(path, (ids:gsub(":", " ")))
  if not written then
    return nil, failure.new("preflight.driver", "the driver does not take the ids " .. ids,
      { cause = problem })
  end
  job:note(("%s was given the ids %s"):format(path, ids))
  return true
end

-- A device that waited for its driver has its ports now.
local function read_again(job)
  for _, dev in ipairs(device.list(job.root, job.models)) do
    if dev.place == job.device.place then job.device = dev end
  end
end

local function prepare(job)
  local path = can_bind(job)
  if not path then return true end
  for _, ids in ipairs(ids_to_bind(job)) do
    local bound, problem = bind(job, path, ids)
    if not bound then return nil, problem end
  end
  if hindrance(job.device, true) then read_again(job) end
  local finding = missing_now(job.device, true)
  if not finding then return true end
  return nil, failure.new("preflight.driver", finding.message,
    { evidence = finding.evidence, hint = finding.cure })
end

return { name = "driver", look = look, prepare = prepare }

-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The ports of the modem: the caller must be allowed to open them, and the kernel must have drivers for those that
-- the modem has now and for the ids that it will have in download mode.

local channel = require "moonflash.device.channel"
local device = require "moonflash.device"
local failure = require "moonflash.base.failure"
local paths = require "moonflash.base.paths"
local sys = require "moonflash.core.sys"
local system = require "moonflash.host.system"
local usb_ids = require "moonflash.device.usb_ids"

-- --- the ports that a job opens: the download port, or the first control port of each kind ----------------

-- A modem whose AT port is reached over USB will have its download port there, too.
local function ports_of(dev)
  local nodes = dev.nodes
  return nodes.qdl and { nodes.qdl } or { nodes.qmi[1], nodes.mbim[1], dev.transport == "usb" and nodes.at or nil }
end

-- The evidence of the first port with such an obstacle (moonflash.device.channel).
local function find_obstacle(job, wanted)
  for _, address in pairs(ports_of(job.device)) do
    local obstacle, evidence = channel.obstacle(address)
    if obstacle == wanted then return evidence end
  end
end

local function find_plain_file(job)
  local evidence = find_obstacle(job, "plain_file")
  return evidence and { message = "a port of the modem is a plain file", evidence = evidence,
    hint = "remove the plain file and replug the modem" }
end

local function find_denied_port(job)
  local evidence = find_obstacle(job, "denied")
  return evidence and { message = "no permission to open the ports of the modem", evidence = evidence,
    hint = failure.codes["preflight.permission"] }
end

-- --- does a serial driver know these ids? -----------------------------------------------------------------

-- Best first: qcserial recognises a loader by its single interface.
local new_id_files = {
  "/sys/bus/usb-serial/drivers/qcserial/new_id", "/sys/bus/usb-serial/drivers/option1/new_id",
}

-- The file through which a loaded driver takes more ids.
local function new_id_path(root)
  for _, name in ipairs(new_id_files) do
    local path = paths.below(root, name)
    if sys.stat(path) then return path end
  end
end

local function was_given(root, vid, pid)
  for _, name in ipairs(new_id_files) do
    local given = (system.text(root, name) or ""):lower()
    if given:find(vid .. " " .. pid, 1, true) then return true end
  end
  return false
end

-- depmod writes /lib/modules/RELEASE/modules.alias: alias usb:v1199p9070d*dc*... qcserial
-- It has no aliases of a driver that is built in. Returns nil when there is no telling.
local function is_known(root, ids)
  local vid, pid = ids:lower():match "^(%x+):(%x+)$"
  if was_given(root, vid, pid) then return true end
  local release = system.text(root, "/proc/sys/kernel/osrelease")
  local path = release and paths.below(root, "/lib/modules/" .. release .. "/modules.alias")
  local aliases = path and sys.read_file(path)
  if not aliases or not aliases:find(" qcserial\n", 1, true) then return nil end
  return aliases:find(("alias usb:v%sp%sd"):format(vid:upper(), pid:upper()), 1, true) ~= nil
end

-- --- which ids will the modem have in download mode? ------------------------------------------------------

-- All of the model's when there is no telling.
local function download_ids(job)
  local likely = usb_ids.download(job.model, job.device.vid .. ":" .. job.device.pid)
  return likely[1] and likely or job.model.usb.download
end

-- --- the check of the drivers -----------------------------------------------------------------------------

-- Whether USB does without a missing driver. In application mode no port has to be known, only that of the loader to
-- come will be.
local function is_over_usb(dev, missing)
  return missing.over_usb or missing.module == "qcserial" and not missing.holder and dev.transport == "usb"
    and dev.mode == "application" and not channel.lacks_usb(dev.root)
end

-- The first missing driver that matters. In download mode each does. In application mode a second control or
-- serial port is not needed, nor any serial port where a driver was `given` the download ids.
local function needed_driver(dev, given)
  local has = { qmi_wwan = dev.nodes.qmi[1] or dev.nodes.mbim[1] }
  has.cdc_mbim, has.qcserial = has.qmi_wwan, dev.nodes.qdl or given and dev.mode == "application"
  for _, interface in ipairs(dev.interfaces) do
    if interface.tty then has.qcserial = true end
  end
  for _, missing in ipairs(dev.missing) do
    if not has[missing.module] and not is_over_usb(dev, missing) then return missing end
  end
end

-- A serial driver is not needed where USB can be spoken.
local function over_usb(dev, evidence)
  return { note = true, message = "the modem has no serial driver: its serial ports are reached over USB",
    evidence = evidence or device.describe(dev) }
end

local function find_over_usb(dev)
  for _, missing in ipairs(dev.missing) do
    if is_over_usb(dev, missing) then return over_usb(dev) end
  end
end

local function find_missing_now(dev, given)
  local missing = needed_driver(dev, given)
  if not missing then return find_over_usb(dev) end
  if missing.holder then
    return { message = missing.holder .. " has the interfaces of the modem", evidence = device.describe(dev),
      hint = "end the program or virtual machine that uses the modem" }
  end
  return {
    message = "a driver of the modem is missing: " .. missing.module, evidence = device.describe(dev),
    hint = ("modprobe %s; on OpenWrt install %s; if it does not know these ids: --bind-driver"):format(missing.module,
      missing.package),
  }
end

-- The ports are asked for without their drivers, which is impossible.
local function find_no_usb(job)
  local lacks = job.options.transport == "usb" and channel.lacks_usb(job.root)
  return lacks and { message = "there is no transport over USB", evidence = lacks, hint = "leave out --transport usb" }
end

-- Only when no driver knows any of the ids that the modem may have.
local function find_missing_later(job)
  if not job.model or job.device.mode ~= "application" then return nil end
  local all = download_ids(job)
  for _, ids in ipairs(all) do
    if is_known(job.root, ids) ~= false then return nil end
  end
  if job.options.transport ~= "tty" and not channel.lacks_usb(job.root) then
    return over_usb(job.device, "no driver knows it in download mode: " .. table.concat(all, ", "))
  end
  return {
    message = "no driver knows the modem in download mode: " .. table.concat(all, ", "),
    evidence = "modules.alias of this kernel has no such alias",
    hint = "run with --bind-driver, which gives these ids to a driver; or update the kernel",
  }
end

local function path_to_bind(job)
  return job.options.bind_driver and new_id_path(job.root)
end

local function find_missing_driver(job)
  if path_to_bind(job) then return nil end
  return find_no_usb(job) or find_missing_now(job.device) or find_missing_later(job)
end

-- --- --bind-driver ----------------------------------------------------------------------------------------

local function ids_to_bind(job)
  if job.device.mode == "download" then return { job.device.vid .. ":" .. job.device.pid } end
  return job.model and download_ids(job) or {}
end

local function bind(job, path, ids)
  local written, problem = sys.write_file(path, (ids:gsub(":", " ")))
  if written then job:note(("%s was given the ids %s"):format(path, ids)) end
  return written, problem
end

-- A device without a driver has ports now.
local function read_device_again(job)
  for _, dev in ipairs(device.list(job.root, job.models, job.options.transport)) do
    if dev.place == job.device.place then job.device = dev end
  end
end

local function bind_all(job)
  local path = path_to_bind(job)
  if not path then return true end
  for _, ids in ipairs(ids_to_bind(job)) do
    local bound, problem = true, nil
    if not is_known(job.root, ids) then bound, problem = bind(job, path, ids) end
    if not bound then
      return nil, failure.new("preflight.driver", "the driver does not take the ids " .. ids, { cause = problem })
    end
  end
  if needed_driver(job.device, true) then read_device_again(job) end
  local finding = find_missing_now(job.device, true)
  if not finding or finding.note then return true end
  return nil, failure.new("preflight.driver", finding.message, { evidence = finding.evidence, hint = finding.hint })
end

return {
  { name = "node", look = find_plain_file }, { name = "permission", look = find_denied_port },
  { name = "driver", look = find_missing_driver, prepare = bind_all },
}

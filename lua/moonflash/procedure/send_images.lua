-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The steps in download mode: the images are sent, and the modem restarts.

local engine = require "moonflash.engine"
local failure = require "moonflash.base.failure"
local interrupt = require "moonflash.base.interrupt"
local limits = require "moonflash.base.limits"
local port_users = require "moonflash.host.port_users"
local sahara = require "moonflash.protocol.sahara"
local services = require "moonflash.host.services"
local step = require "moonflash.engine.step"
local stored = require "moonflash.procedure.stored_images"
local sys = require "moonflash.core.sys"
local user_code = require "moonflash.engine.user_code"

local SETTINGS_SECONDS = 5
local ANY_MODE = { application = true, download = true }

-- The name of a kind of image in the modem's answer to the preference.
local wanted_as = { firmware = "modem", settings = "pri" }

local function is_wanted(job, self, image)
  local kind = wanted_as[image.kind]
  if self.all or job.options.force or not job.wanted or not kind then return true end
  return job.wanted[kind] == true
end

-- The function is called twice a second at least. It ends the transfer when another program may have read what the
-- modem sent. When all bytes are sent, the modem writes its flash for up to final_ack seconds.
local function progress_of(job, image, sent_before, final_ack)
  local reported
  return function(sent, total)
    local users = services.keep_paused(job)
    if users then error(failure.new("device.busy", "ModemManager was started", { evidence = users,
      hint = "stop it, then run the same command again" })) end
    local writes_within = sent >= total and job:scaled(final_ack) / 1000 or nil
    if sent == reported and not writes_within then return end
    reported = sent
    job.emit { event = "progress", step = job.step, file = image.file, sent = sent_before + sent,
               total = math.max(job.set.bytes, sent_before + total), writes_within = writes_within }
  end
end

-- The first interrupt during a transfer warns, the second one stops it. Returns whether the transfer continues.
local function continue_once(job)
  if job.warned then return false end
  job.warned = true
  interrupt.acknowledge()
  job:warn("transfer.interrupted", "the modem is receiving an image. A second Ctrl-C stops the transfer; then the "
    .. "modem stays in download mode until the next run")
  return true
end

-- After a failed transfer a modem in download mode gets the image again. A modem in application mode enters download
-- mode again: all steps run once more. An image that can be read only once is gone.
local function after_failure(job, image, problem)
  job:close_download()
  job.port_lost = problem.code == "port.closed"
  if image.read_once or job.was_silent then problem.final = true end
  job.was_silent = problem.image_opened and problem.code:find "%.silent$" ~= nil
  if job:interrupted() then return problem end
  local found, lost = job:refresh_device()
  if not found then
    problem.final, problem.hint = true, failure.hint(lost)
    failure.add_evidence(problem, tostring(lost))
  end
  if found and found.mode == "application" then
    problem.final, problem.restart_procedure = true, not image.read_once
  end
  return problem
end

-- A modem that crashed shows the one port of download mode, but waits for its memory to be read (Sahara). It takes
-- no image; a reset brings it back. A modem that did not crash is left alone.
local function reset_crashed(job, problem)
  if problem.other_protocol ~= "sahara" then return nil, problem end
  job:warn(problem.code, "the modem crashed and waits for its memory to be read: it is reset")
  job:follow()
  job.restarted_at = sys.clock_ms()
  return sahara.reset(job.device.nodes.qdl, job:ms(limits.memory_reset))
end

-- A modem that was reset after a crash, or went back to application mode meanwhile, enters download mode again: all
-- steps run once more.
local function after_silence(job, problem)
  if job.device.mode == "application" then
    problem.final, problem.restart_procedure = true, true
    return problem
  end
  if not reset_crashed(job, problem) then return problem end
  local found = job:wait_for_device(ANY_MODE, job:ms(limits.crashed))
  if found then job:begin_change() end
  problem.final, problem.restart_procedure = true, found ~= nil
  return problem
end

local function send_image(job, image, sent_before, final_ack)
  local loader, problem = job:download()
  if not loader then return nil, after_silence(job, problem) end
  local source, unreadable = image:open()
  if not source then return nil, unreadable end
  local function has_opened() return job.phase == "transfer" or loader:status().opened end
  job:follow()
  local ran, sent, broken = user_code.call(loader.send, loader, source, {
    progress = progress_of(job, image, sent_before, final_ack), final_ack_ms = job:scaled(final_ack),
    interrupted = function() return has_opened() and continue_once(job) end,
  })
  source:close()
  if ran and sent then return true end
  broken = broken or sent
  if job.phase ~= "transfer" and broken.code == "transfer.interrupted" then
    broken = job:check_interrupt() or broken
  end
  return nil, after_failure(job, image, broken)
end

-- Other programs that have the port open may have caused the failure. The next try waits until they close it.
local function with_port_users(job, problem)
  local users = port_users.words(job)
  if users and users ~= problem.evidence then failure.add_evidence(problem, users) end
  if users and not problem.final then port_users.check(job, true) end
  return problem
end

-- The modem takes no more images in this boot: it restarts with those it has, and all steps run once more.
local function restart_for_more(job, within_ms)
  local left, problem = job:leave_download()
  if not left then return nil, problem end
  job.phase, job.images_left = "booting", true
  local found, lost = job:wait_for_device(ANY_MODE, within_ms)
  if found then return engine.RESTART, "the modem restarts for the next image" end
  lost.final = true
  return nil, lost
end

local function send_images(job, self)
  local before, count, now = 0, 0, 0
  for _, image in ipairs(job.set.images) do
    if not job.sent[image] and is_wanted(job, self, image) then
      if now == self.per_boot then return restart_for_more(job, job:ms(self.within)) end
      local sent, problem = send_image(job, image, before, self.final_ack)
      if not sent then return nil, with_port_users(job, problem) end
      job.sent[image], now = true, now + 1
    end
    if job.sent[image] then
      before, count = before + image.bytes, count + 1
    else
      job:note(image.file .. ": the modem does not ask for it")
    end
  end
  if count == 0 then return engine.SKIP, "the modem asks for none of the images" end
  return true, ("%d image%s, %.0f bytes"):format(count, count == 1 and "" or "s", before)
end

-- For a plan: seconds, and which half of a pair is sent, as far as the list of stored images tells.
local function foresee(job, self)
  local list = not job.options.force and job.state and job.state.stored
  local lacks = stored.lacks(list or {}, job.set)
  lacks.modem = lacks.modem or self.all and lacks.pri
  if lacks.modem then return self.seconds, not lacks.pri and "the modem stores the settings" or nil end
  if lacks.pri then return SETTINGS_SECONDS, "the modem stores the firmware: only the settings are sent" end
  return 0, "the modem stores these images: it only switches"
end

local function leave_download(job)
  local left, problem = job:leave_download()
  if not left and job.device.mode ~= "application" then return nil, problem end
  job.phase = "booting"
  return true, not left and "the modem has left by itself" or nil
end

-- As leave_download, without an image and also for a modem that crashed.
local function wake(job)
  local left, problem = job:leave_download()
  if left then return true end
  if job.device.mode == "application" then return engine.SKIP, "the modem has left by itself" end
  return reset_crashed(job, problem)
end

return {
  --- Sends the images that the modem asks for. `all`: those that it does not ask for, too; `final_ack`: seconds for the
  -- last answer of each; `per_boot`: images that the modem takes until it must restart; `within`: seconds of such a
  -- restart.
  send_images = step.define {
    name = "send images", changes = true, seconds = 90,
    fields = { all = "boolean", final_ack = "seconds", per_boot = "several" },
    mode = "download", final_ack = 140, per_boot = math.huge, within = 240, retry = 2, again = 1,
    run = send_images, foresee = foresee,
  },

  --- Lets the loader restart the modem after the images.
  leave_download = step.define {
    name = "leave download mode", changes = true, seconds = 5, leads_to = "application",
    mode = "download",
    run = leave_download,
  },

  --- Leads a modem out of download mode without an image.
  wake = step.define {
    name = "leave download mode", changes = true, seconds = 10, leads_to = "application",
    mode = "download",
    run = wake,
  },
}

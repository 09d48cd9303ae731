--- The steps in download mode: the images go over, and the modem is restarted.
-- @module moonflash.procedure.send_images

local crash = require "moonflash.procedure.crash"
local engine = require "moonflash.engine"
local interrupt = require "moonflash.base.interrupt"

local send = {}

-- What a kind of image is called in the modem's answer to the preference.
local wanted_as = { firmware = "modem", settings = "pri" }

local function is_wanted(job, image)
  local kind = wanted_as[image.kind]
  if job.options.force or not job.wanted or not kind then return true end
  return job.wanted[kind] == true
end

local function progress_of(job, image, sent_before)
  return function(sent, total)
    job.emit { event = "progress", step = job.step, file = image.file, sent = sent_before + sent,
               total = math.max(job.set.bytes, sent_before + total) }
  end
end

-- The first signal during a transfer warns, the second stops it. Returns whether to go on.
local function go_on(job)
  if job.warned then return false end
  job.warned = true
  interrupt.acknowledge()
  job:warn("transfer.interrupted", "the modem is receiving an image: asked once more, moonflash stops all "
    .. "the same, and the modem stays in download mode until the next run")
  return true
end

-- After a failed transfer: a modem that still waits for images gets this one again; one that went
-- back to its application is led into download mode anew, by another pass over the steps. An image that
-- can be read only once is gone.
local function after_failure(job, image, problem)
  job:close_download()
  job.port_lost = problem.code == "port.closed"
  if image.read_once then problem.final = true end
  if job:interrupted() then return problem end
  local found = job:refresh_device()
  if not found then problem.final = true end
  if found and found.mode == "application" then problem.final, problem.restart_procedure = true, not image.read_once end
  return problem
end

-- A modem that crashed is reset and led here from its application, by another pass over the steps, and so is
-- one that went back there meanwhile.
local function after_silence(job, problem)
  if job.device.mode == "application" then
    problem.final, problem.restart_procedure = true, true
    return problem
  end
  if not crash.reset(job, problem) then return problem end
  local found = job:wait_for_device({ application = true, download = true }, job:ms(240))
  if found then job.phase = "entering" end
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
  local sent, broken = loader:send(source, {
    progress = progress_of(job, image, sent_before), final_ack_ms = job:ms(final_ack),
    interrupted = function() return has_opened() and go_on(job) end,
  })
  source:close()
  if sent then return true end
  if job.phase ~= "transfer" and broken.code == "transfer.interrupted" then
    broken = job:check_interrupt() or broken
  end
  return nil, after_failure(job, image, broken)
end

-- The modem takes no more images in this boot: it restarts with what it has got, and another pass
-- over the steps leads it back here for the rest.
local function restart_for_more(job, within_ms)
  local left, problem = job:leave_download()
  if not left then return nil, problem end
  job.phase, job.images_left = "booting", true
  local found, lost = job:wait_for_device({ application = true, download = true }, within_ms)
  if found then return engine.RESTART, "the modem restarts for the next image" end
  lost.final = true
  return nil, lost
end

--- The work of `send_images`.
-- @tparam table job
-- @tparam table self the step
function send.send_images(job, self)
  local before, count, now = 0, 0, 0
  for _, image in ipairs(job.set.images) do
    if not job.sent[image] and is_wanted(job, image) then
      if now == self.per_boot then return restart_for_more(job, job:ms(self.within)) end
      local sent, problem = send_image(job, image, before, self.final_ack)
      if not sent then return nil, problem end
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

--- The work of `leave_download`.
function send.leave_download(job)
  local left, problem = job:leave_download()
  if not left and job.device.mode ~= "application" then return nil, problem end
  job.phase = "booting"
  return true, not left and "it has left by itself" or nil
end

return send

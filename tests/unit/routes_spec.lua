-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Routes one by one on a job of paper: what they send, what counts as taken, what is put back.
local engine = require "moonflash.engine"
local failure = require "moonflash.base.failure"
local routes = require "moonflash.procedure.routes"
local steps = require "moonflash.procedure.steps"

local pair = { firmware = "02.33.03.00", carrier = "GENERIC", config = "002.072_000" }

local function refusal(code)
  return failure.new(code, code)
end

-- A job whose modem answers a command as `answers` says by its name: a table is an answer, a text the
-- code of a failure, nothing at all a good answer.
local function paper_job(answers)
  local job = { sent = {}, undo_list = {}, deferred = {}, phase = "untouched", set = pair,
    model = { preference_command = "AT!IMPREF" },
    device = { mode = "application", nodes = { at = "x", qmi = { "q" }, mbim = {} } } }
  local function reply(name)
    job.sent[#job.sent + 1] = name
    local answer = answers[name]
    if type(answer) == "string" then return nil, refusal(answer) end
    return answer or {}
  end
  function job.ms(_, seconds) return seconds * 1000 end
  function job.follow() job.sent[#job.sent + 1] = "follow" end
  function job.close_at() job.sent[#job.sent + 1] = "close" end
  function job.close_qmi() end
  function job.let_run() end
  function job.begin_change() job.phase = "entering" end
  function job.wait_for_device() return job.device end
  function job.prepare_images() return true end
  function job.check_interrupt() return answers.signal and refusal(answers.signal) end
  function job.undo(_, name, undo) job.undo_list[name] = undo end
  function job.restore(_, name, finalizer) job.deferred[name] = finalizer end
  function job.request(_, message, fields)
    return reply(message.name .. (fields and " " .. fields.mode or ""))
  end
  function job.qmi() return answers.qmi == nil or nil, answers.qmi and refusal(answers.qmi) end
  local session = {}
  function session.command(_, command) return reply(command) end
  function session.unlock() return reply "unlock" end
  function session.ask() return answers.preference end
  function job.at()
    if answers.at then return nil, refusal(answers.at) end
    return session
  end
  return job
end

local function fails(code, taken, problem)
  assert.is_nil(taken)
  assert.equal(code, problem.code)
end

local full = 'AT!IMPREF="02.33.03.00","GENERIC","GENERIC_002.072_000"'
local short = 'AT!IMPREF="GENERIC"'
local gobi = full:gsub("IMPREF", "GOBIIMPREF")

describe("the route", function()
  it("impref needs a model that says its command", function()
    local job = paper_job {}
    assert.is_nil(routes.impref.lacks(job))
    job.model = nil -- that of flash.open
    assert.truthy(routes.impref.lacks(job))
  end)

  it("preference needs one that was set", function()
    local job = paper_job {}
    assert.truthy(routes.preference.lacks(job))
    job.preference_set = true
    assert.is_nil(routes.preference.lacks(job))
    assert.is_true(routes.preference.run(job))
    assert.same({ "set_operating_mode offline", "set_operating_mode reset" }, job.sent)
  end)

  it("firmware-id takes a lost answer for a good one, but no port that does not open", function()
    for _, code in ipairs { "qmi.timeout", "qmi.closed" } do
      assert.is_true(routes.firmware_id.run(paper_job { set_firmware_id = code }))
      fails(code, routes.firmware_id.run(paper_job { qmi = code }))
    end
    fails("qmi.refused", routes.firmware_id.run(paper_job { set_firmware_id = "qmi.refused" }))
  end)

  it("boot-download is put in order at the end, once", function()
    local job = paper_job {}
    assert.is_true(routes.boot_download.run(job))
    local clear = job.deferred["leave boot image download mode"]
    job.deferred = {}
    assert.is_true(routes.boot_download.run(job))
    assert.same({}, job.deferred)
    assert.truthy(clear(job))
    assert.equal("set_boot_image_download_mode normal", job.sent[#job.sent])
    job.sent, job.device.mode = {}, "download"
    assert.truthy(clear(job))
    assert.same({}, job.sent)
    job = paper_job { ["set_boot_image_download_mode boot_and_recovery"] = "qmi.refused" }
    fails("qmi.refused", routes.boot_download.run(job))
    assert.same({}, job.deferred)
  end)

  it("boot-download is put in order also when the answer is lost", function()
    local job = paper_job { ["set_boot_image_download_mode boot_and_recovery"] = "qmi.timeout" }
    fails("qmi.timeout", routes.boot_download.run(job))
    assert.truthy(job.deferred["leave boot image download mode"])
  end)

  it("impref is put back also when the answer is lost", function()
    local job = paper_job { [full] = "at.timeout",
      preference = { preferred = { firmware = "1", carrier = "2", config = "3" } } }
    fails("at.timeout", routes.impref.run(job))
    assert.truthy(job.undo_list["restore the preference"])
  end)

  it("is not taken to its end after a signal, and says that the modem stays", function()
    local last_commands = { ["preference"] = "set_operating_mode reset", ["firmware-id"] = "set_firmware_id",
      ["boot-download"] = "set_operating_mode reset", ["boothold"] = "AT!BOOTHOLD", ["impref"] = "AT!RESET" }
    for name, last in pairs(last_commands) do
      local job = paper_job { signal = "job.interrupted" }
      local taken, problem = routes.named(name).run(job)
      fails("job.interrupted", taken, problem)
      assert.is_true(problem.not_sent)
      for _, sent in ipairs(job.sent) do assert.not_equal(last, sent) end
    end
  end)

  it("leaves it open whether the modem goes when its last command was interrupted", function()
    local job = paper_job { ["set_operating_mode reset"] = "qmi.interrupted" }
    local taken, problem = routes.preference.run(job)
    fails("qmi.interrupted", taken, problem)
    assert.is_nil(problem.not_sent)
    taken, problem = routes.preference.run(paper_job { ["set_operating_mode offline"] = "qmi.interrupted" })
    fails("qmi.interrupted", taken, problem)
    assert.is_true(problem.not_sent)
  end)

  it("boothold goes on when unlocking is refused, not when the port is none", function()
    for _, code in ipairs { "at.error", "at.cme_error", "at.not_implemented" } do
      local job = paper_job { unlock = code }
      assert.is_true(routes.boothold.run(job))
      assert.same({ "unlock", "AT!BOOTHOLD" }, job.sent)
    end
    for _, code in ipairs { "at.timeout", "at.not_at", "port.failed" } do
      fails(code, routes.boothold.run(paper_job { unlock = code }))
    end
    fails("port.busy", routes.boothold.run(paper_job { at = "port.busy" }))
  end)

  it("boothold takes a lost answer for a good one", function()
    for _, code in ipairs { "at.timeout", "at.closed" } do
      assert.is_true(routes.boothold.run(paper_job { ["AT!BOOTHOLD"] = code }))
    end
    fails("at.not_implemented", routes.boothold.run(paper_job { ["AT!BOOTHOLD"] = "at.not_implemented" }))
  end)

  it("impref names the pair, and resets", function()
    local job = paper_job {}
    assert.is_true(routes.impref.run(job))
    assert.same({ "unlock", full, "AT!RESET" }, job.sent)
    assert.equal("entering", job.phase)
    assert.is_true(routes.impref.run(paper_job { ["AT!RESET"] = "at.closed" }))
  end)

  it("impref names the carrier alone only for what the modem stores", function()
    local job = paper_job { [full] = "at.error", [gobi] = "at.cme_error" }
    fails("at.error", routes.impref.run(job))
    assert.same({ "unlock", full, gobi }, job.sent)
    assert.equal("untouched", job.phase)
    job.stored_already, job.sent = true, {}
    assert.is_true(routes.impref.switch(job))
    assert.same({ "unlock", full, gobi, short, "AT!RESET" }, job.sent)
  end)

  it("impref tries the command's other name when a firmware refuses the one of its model", function()
    for _, code in ipairs { "at.error", "at.not_implemented" } do
      local job = paper_job { [gobi] = code }
      job.model.preference_command = "AT!GOBIIMPREF"
      assert.is_true(routes.impref.run(job))
      assert.same({ "unlock", gobi, full, "AT!RESET" }, job.sent)
    end
    local job = paper_job { [full] = "at.timeout" }
    fails("at.timeout", routes.impref.run(job))
    assert.same({ "unlock", full }, job.sent)
  end)

  it("impref puts back by AT what QMI cannot", function()
    local before = { preferred = { firmware = "02.08.02.00", carrier = "ATT", config = "002.009_001" } }
    local job = paper_job { preference = before }
    assert.is_true(routes.impref.run(job))
    local restore = job.undo_list["restore the preference"]
    job.sent = {}
    assert.truthy(restore(job))
    assert.same({ "unlock", 'AT!IMPREF="02.08.02.00","ATT","ATT_002.009_001"', "follow", "AT!RESET",
      "close" }, job.sent)
    job = paper_job { preference = before }
    job.preference_set = true
    assert.is_true(routes.impref.run(job))
    assert.same({}, job.undo_list)
    job = paper_job { preference = { preferred = { firmware = "02.08.02.00" } } }
    assert.is_true(routes.impref.run(job))
    assert.same({}, job.undo_list)
  end)

  it("over AT lacks the AT port, or the model's command", function()
    local job = paper_job {}
    job.device.nodes.at = nil
    assert.matches("AT port", routes.boothold.lacks(job))
    assert.matches("AT port", routes.impref.lacks(job))
    job = paper_job {}
    assert.is_nil(routes.boothold.lacks(job))
    assert.is_nil(routes.impref.lacks(job))
    job.model = {}
    assert.matches("command", routes.impref.lacks(job))
  end)

  it("is found by its name", function()
    for _, name in ipairs { "preference", "firmware-id", "boot-download", "boothold", "impref" } do
      assert.equal(name, routes.named(name).name)
    end
    assert.is_nil(routes.named "none")
    assert.is_nil(routes.named "power_cycle")
  end)
end)

describe("set preference", function()
  local function set(answer)
    local job = paper_job {}
    function job.request(_, _, fields)
      job.asked = fields
      if failure.is(answer) then return nil, answer end
      return answer
    end
    function job.warn(_, code) job.warned = code end
    function job.note() end
    job.options, job.sent, job.preference_before = {}, {}, { { type = "pri" } }
    local outcome, detail = steps.set_preference({ undo = "put back" }).run(job, { undo = "put back" })
    return job, outcome, detail
  end

  it("knows what the modem wants, and what to put back", function()
    local job, outcome = set { types = { "modem" } }
    assert.is_true(outcome)
    assert.same({ modem = true }, job.wanted)
    assert.is_false(job.stored_already)
    assert.is_function(job.undo_list["put back"])
    assert.equal("02.33.03.00_GENERIC", job.asked.images[2].build_id)
    assert.is_true((set { types = {} }).stored_already)
  end)

  it("counts as done when the answer cannot be read", function()
    local job, outcome = set(refusal "qmi.malformed")
    assert.is_true(outcome)
    assert.equal("qmi.malformed", job.warned)
    assert.is_true(job.preference_set)
    assert.is_nil(job.wanted)
    assert.equal("entering", job.phase)
  end)

  local function refused(error_name)
    return set(failure.new("qmi.refused", "no", { error_name = error_name }))
  end

  it("is left out for firmware that does not take it", function()
    for _, name in ipairs { "InvalidQmiCommand", "NotSupported", "MalformedMessage", "Internal" } do
      local job, outcome = refused(name)
      assert.equal(engine.SKIP, outcome)
      assert.is_nil(job.preference_set)
      assert.equal("untouched", job.phase)
    end
  end)

  it("ends the update when no other route would help, and waits for a modem that is not ready", function()
    for name, final in pairs { InvalidArgument = true, DeviceStorageFull = true, DeviceNotReady = false } do
      local job, outcome, problem = refused(name)
      assert.is_nil(outcome)
      assert.equal(final, problem.final or false)
      assert.equal("untouched", job.phase)
    end
  end)
end)

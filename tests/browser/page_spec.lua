-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- LuCI's page in a browser, with an object that answers as the test says.
local browser = require "tests.browser.browser"
local cjson = require "cjson"
local stage = require "tests.browser.stage"

local NAME = "10001-20260101-120000"
local VERSIONS = { firmware = "02.08.02.00", carrier = "GENERIC", config = "002.007_001" }
local NEW = { firmware = "02.33.03.00", carrier = "GENERIC", config = "002.072_000" }

local DEVICE = '"place":"1-1","model":"MC7455","serial":"LF123","mode":"%s"'
local RESULT = '"warnings":[],"notes":[],"result":{"ok":true,"exit":0}'

local function devices(mode)
  return ('{"v":1,"devices":[{' .. DEVICE .. "}]," .. RESULT .. "}"):format(mode or "application")
end

local function status(fields)
  local power = '"power":{"mode":"online","causes":[]}'
  return ('{"v":1,' .. DEVICE .. ',"running":%s,"preferred":%s,%s,%s' .. RESULT .. "}"):format("application",
    cjson.encode(VERSIONS), cjson.encode(VERSIONS), power, fields or '"stored":[],"advice":[],')
end

local STORED = [["stored":[
  {"type":"modem","slot":1,"unique_id":"?_?","build_id":"02.08.02.00_?","active":true,"failures":0},
  {"type":"pri","slot":1,"unique_id":"002.007_001","build_id":"02.08.02.00_GENERIC","active":true,"failures":0},
  {"type":"pri","slot":2,"unique_id":"002.012_001","build_id":"02.08.02.00_ATT","active":false,"failures":2}],
  "advice":["the radio is off: take the card out"],
  "checks":[{"name":"power","state":"ok","message":"500 mA","fix":null},
    {"name":"driver","state":"bad","message":"no driver","fix":"install kmod-usb-serial-qualcomm"}],]]

local NO_FILES = '{"folder":"/tmp/moonflash/upload","files":[],"bytes":0,"room":31457280}'
local FILES = [[{"folder":"/tmp/moonflash/upload","bytes":64000000,"room":31457280,"files":[
  {"name":"new.cwe","path":"/tmp/moonflash/upload/new.cwe","bytes":64000000}]}]]

local function jobs(...)
  local list = {}
  for index, job in ipairs { ... } do
    list[index] = ('{"job":"%s","command":"%s","state":"%s","ok":null,"exit":null}'):format(unpack(job))
  end
  return '{"jobs":[' .. table.concat(list, ",") .. "]}"
end

local function progress(fields)
  local all = { job = NAME, command = "update", state = "running", phase = "preparing", elapsed = 61, expected = 212,
    steps = { { step = "read versions", state = "done", message = "02.08.02.00", t = 33 } }, asked_to_stop = false }
  for name, value in pairs(fields or {}) do all[name] = value end
  local lists = {}
  for _, name in ipairs { "warnings", "notes" } do
    lists[#lists + 1] = ('"%s":%s'):format(name, all[name] and cjson.encode(all[name]) or "[]")
    all[name] = nil
  end
  return cjson.encode(all):sub(1, -2) .. "," .. table.concat(lists, ",") .. "}"
end

local PLAN = { set = { ok = true, firmware = NEW.firmware, carrier = NEW.carrier, config = NEW.config },
  device = { place = "1-1", model = "MC7455" }, pauses = { "the network interface wan" },
  steps = { { step = "set preference", changes = true, seconds = 1 }, { step = "send images", seconds = 90 } },
  warnings = { { t = 3, code = "preflight.power", message = "the supply is weak" } },
  result = { ok = true, exit = 0, before = VERSIONS } }

local function planned(changes)
  local answer = {}
  for name, value in pairs(PLAN) do answer[name] = value end
  for name, value in pairs(changes or {}) do answer[name] = value end
  return progress { command = "plan", state = "ended", phase = "ended", answer = answer, result = answer.result }
end

local ANSWERS = { devices = devices(), status = status(STORED), jobs = jobs(), upload_list = FILES,
  progress = progress(), plan = { job = NAME }, update = { job = NAME }, switch = { job = NAME },
  recover = { job = NAME }, cancel = { job = NAME, asked = true }, upload_remove = NO_FILES }

local function serve(changes)
  local all = {}
  for method, answer in pairs(ANSWERS) do all[method] = answer end
  for method, answer in pairs(changes or {}) do all[method] = answer end
  stage.serve_answers(all)
end

local RUNNING = { jobs = jobs { NAME, "update", "running" } }

local page

-- Chooses the first image, checks it and waits for the plan.
local function check()
  page:wait_for '!document.getElementById("moonflash-image-0").checked'
  page:eval 'document.getElementById("moonflash-image-0").click()'
  page:click "Check"
  page:wait_for '!document.getElementById("moonflash-plan").hidden'
end

local function hidden(id)
  return page:eval(('document.getElementById("%s").hidden'):format(id))
end

local only = browser.program and describe or pending

only("the page of LuCI", function()
  setup(stage.begin)
  teardown(stage.finish)
  after_each(function() stage.leave(page) end)

  it("shows a modem, its checklist and its stored images", function()
    serve()
    page = stage.page()
    local text = page:wait_for_text "Checklist"
    for _, seen in ipairs { "MC7455 (1-1)", "02.08.02.00 GENERIC 002.007_001", "LF123", "✓ power: 500 mA",
      "✗ driver: no driver", "Fix: install kmod-usb-serial-qualcomm", "the radio is off: take the card out",
      "02.08.02.00_ATT_002.012_001 – failed 2 times" } do
      assert.truthy(text:find(seen, 1, true), seen .. " is not in\n" .. text)
    end
    assert.is_true(hidden "moonflash-job")
  end)

  it("asks nothing of a modem that a job uses", function()
    serve(RUNNING)
    page = stage.page()
    page:wait_for_text "Update is in progress"
    assert.equal(0, #stage.calls "status")
  end)

  it("offers no cure for a modem that another program uses, but for one that gives no answer", function()
    local failure = '{"failure":{"code":"%s","message":"another job uses the modem","hint":"wait","evidence":null}}'
    serve { status = failure:format "device.busy" }
    page = stage.page()
    assert.falsy(page:wait_for_text "another job uses the modem":find "Recover")
    stage.answer("status", failure:format "qmi.timeout")
    page:click "Refresh"
    page:wait_for_text "Recover…"
  end)

  it("switches to a stored image after a question", function()
    serve()
    page = stage.page()
    page:click "Switch…"
    page:wait_for_text "The modem restarts with 02.08.02.00_ATT_002.012_001."
    assert.equal(0, #stage.calls "switch")
    page:click "Switch"
    page:wait_for '!document.getElementById("moonflash-job").hidden'
    local given = stage.calls "switch"[1].arguments
    assert.same({ "02.08.02.00_ATT_002.012_001", "1-1" }, { given.pair, given.place })
  end)

  it("shows the plan: what changes, which interfaces go down, what is to be known", function()
    serve { progress = planned() }
    page = stage.page()
    check()
    local text = page:text()
    for _, seen in ipairs { "the supply is weak", "from 02.08.02.00 GENERIC 002.007_001 to 02.33.03.00 GENERIC",
      "the network interface wan", "set preference (0:01)", "Expected time: 1:31" } do
      assert.truthy(text:find(seen, 1, true), seen .. " is not in\n" .. text)
    end
    local asked = stage.calls "plan"[1].arguments
    assert.same({ "/tmp/moonflash/upload/new.cwe" }, asked.files)
    assert.is_true(asked.background)
  end)

  it("finds the plan again after a reload, but not with other images", function()
    serve { progress = planned(), jobs = jobs { NAME, "plan", "ended" } }
    page = stage.page()
    check()
    page:reload()
    page:wait_for_text "Expected time: 1:31"
    page:eval 'document.getElementById("moonflash-image-0").click()'
    assert.is_true(hidden "moonflash-plan")
  end)

  it("starts nothing that would be refused", function()
    serve { progress = planned { warnings = { { t = 1, code = "preflight.memory",
      message = "update refuses: there is too little free memory" } } } }
    page = stage.page()
    check()
    assert.falsy(page:text():find "Start the update")
  end)

  it("says why there is no plan", function()
    local failure = { code = "image.mismatch", message = "these files do not belong together", hint = "give others",
      evidence = "two versions" }
    serve { progress = progress { command = "plan", state = "ended", phase = "ended", failure = failure,
      result = { ok = false, exit = 4, failure = failure } } }
    page = stage.page()
    check()
    local text = page:text()
    for _, seen in ipairs { failure.message, "Fix: give others", "Evidence: two versions" } do
      assert.truthy(text:find(seen, 1, true), seen)
    end
    assert.falsy(text:find "Start the update")
  end)

  it("starts an update after a question", function()
    serve { progress = planned() }
    page = stage.page()
    check()
    stage.answer("progress", progress { phase = "sending", step = "send images", file = "/tmp/x/new.cwe",
      sent = 31457280, total = 64000000, rate = 1048576, eta = 32 })
    page:click "Start the update…"
    page:wait_for_text "Do not switch off the router"
    assert.equal(0, #stage.calls "update")
    page:click "Update"
    local text = page:wait_for_text "Sends the images"
    assert.truthy(text:find("new.cwe", 1, true))
    assert.truthy(text:find("31.5 MB of 64.0 MB, 1.0 MB/s, 0:32 left", 1, true))
    assert.same({ "/tmp/moonflash/upload/new.cwe" }, stage.calls "update"[1].arguments.files)
    assert.is_true(hidden "moonflash-plan")
    assert.is_true(page:eval 'Array.from(document.querySelectorAll(".starts")).every(one => one.disabled)')
  end)

  it("finds a job after a reload, and in another browser", function()
    serve(RUNNING)
    page = stage.page()
    page:wait_for_text "1:01 of about 3:32"
    page:reload()
    page:wait_for_text "1:01 of about 3:32"
    local other = stage.other_page()
    other:wait_for_text "1:01 of about 3:32"
    assert.same({}, other.errors)
    other:close()
  end)

  it("continues after the connection was lost", function()
    serve(RUNNING)
    page = stage.page()
    page:wait_for_text "Update is in progress"
    page:set_offline(true)
    page:wait_for_text "There is no connection to the router at the moment"
    stage.answer("progress", progress { phase = "confirming", step = "confirm" })
    page:set_offline(false)
    page:wait_for_text "Confirms the versions"
    assert.falsy(page:text():find "There is no connection")
  end)

  it("shows the result, and the log", function()
    serve(RUNNING)
    page = stage.page()
    page:wait_for_text "Update is in progress"
    stage.answer("progress", progress { state = "ended", phase = "ended",
      notes = { { t = 20000, message = "paused: wan" } },
      result = { ok = true, exit = 0, before = VERSIONS, after = NEW } })
    page:wait_for_text "Done. The modem runs 02.33.03.00 GENERIC 002.072_000."
    page:click "Log"
    local text = page:text()
    assert.truthy(text:find("0:00  ✓ read versions: 02.08.02.00", 1, true))
    assert.truthy(text:find("0:20  paused: wan", 1, true))
  end)

  it("says how to fix a failure", function()
    local failure = { code = "qdl.stalled", message = "the transfer has stopped", hint = "try another cable" }
    serve { jobs = jobs { NAME, "update", "ended" }, progress = progress { state = "ended", phase = "ended",
      failure = failure, result = { ok = false, exit = 7, failure = failure } } }
    page = stage.page()
    page:wait_for_text "the transfer has stopped"
    page:wait_for_text "Fix: try another cable"
  end)

  it("forgets a job that the router has forgotten", function()
    serve(RUNNING)
    page = stage.page()
    page:wait_for_text "Update is in progress"
    stage.answer("jobs", jobs())
    stage.answer("progress", '{"failure":{"code":"job.unknown","message":"no such job","hint":null}}')
    page:wait_for 'document.getElementById("moonflash-job").hidden'
    page:wait_for_text "Checklist"
  end)

  it("stops a job before the transfer with one request", function()
    serve(RUNNING)
    page = stage.page()
    page:click "Stop…"
    page:wait_for_text "The modem is put back as it was before."
    page:click "Stop"
    stage.wait_for_calls("cancel", 1)
    stage.answer("progress", progress { asked_to_stop = true, phase = "entering" })
    page:wait_for_text "enters download mode"
    stage.wait_for_calls("progress", #stage.calls "progress" + 2)
    assert.equal(1, #stage.calls "cancel")
  end)

  it("stops a transfer with a warning and two requests", function()
    local sending = { phase = "sending", step = "send images" }
    serve(RUNNING)
    stage.answer("progress", progress(sending))
    page = stage.page()
    page:wait_for_text "Sends the images"
    page:click "Stop…"
    page:wait_for_text "it stays in download mode"
    page:click "Stop"
    sending.asked_to_stop, sending.warnings = true, { { t = 2, message = "the modem would stay in download mode" } }
    stage.answer("progress", progress(sending))
    page:wait_for_text "the modem would stay in download mode"
    stage.wait_for_calls("cancel", 2)
    stage.wait_for_calls("progress", #stage.calls "progress" + 2)
    assert.equal(2, #stage.calls "cancel")
  end)

  it("can be used with the keyboard", function()
    serve(RUNNING)
    page = stage.page()
    page:wait_for_text "Update is in progress"
    local focus = "document.activeElement.textContent"
    for _ = 1, 20 do
      page:press "Tab"
      if page:eval(focus) == "Stop…" then break end
    end
    assert.equal("Stop…", page:eval(focus))
    page:press "Enter"
    page:wait_for(focus .. ' == "Back"')
    for _, label in ipairs { "Stop", "Back", "Stop" } do -- the focus stays in the dialog
      page:press "Tab"
      assert.equal(label, page:eval(focus))
    end
    page:press "Escape"
    page:wait_for(focus .. ' == "Stop…"')
    stage.answer("progress", progress { phase = "entering" })
    page:wait_for_text "enters download mode"
    assert.equal("Stop…", page:eval(focus))
    assert.equal(0, #stage.calls "cancel")
  end)

  it("takes addresses", function()
    serve { upload_list = NO_FILES, progress = planned() }
    page = stage.page()
    page:click "Check"
    page:wait_for_text "No image is chosen."
    page:eval 'document.getElementById("moonflash-address").focus()'
    page:enter "http"
    page:press "Enter"
    page:wait_for_text "This is not an address"
    page:enter "://host/new.spk"
    page:press "Enter"
    page:wait_for_text "http://host/new.spk"
    page:click "Check"
    page:wait_for_text "Expected time: 1:31"
    assert.same({ "http://host/new.spk" }, stage.calls "plan"[1].arguments.files)
  end)

  it("lets a user without write access only look", function()
    serve()
    page = stage.page { session = "reader" }
    page:wait_for_text "Checklist"
    assert.same({ "Refresh" }, page:eval [[Array.from(document.querySelectorAll("button"))
      .filter(one => !one.disabled).map(one => one.textContent)]])
    assert.is_true(page:eval 'Array.from(document.querySelectorAll("input, select")).every(one => one.disabled)')
  end)

  it("fits a window of 360 px", function()
    local failure = { code = "x", message = ("verylong"):rep(20), hint = ("hint"):rep(40), evidence = ("00 "):rep(80) }
    serve { jobs = jobs { NAME, "update", "ended" }, upload_list = FILES:gsub("new.cwe", ("n"):rep(90) .. ".cwe"),
      progress = planned { warnings = { failure } } }
    page = stage.page()
    page:resize(360, 740)
    check()
    stage.answer("progress", progress { state = "ended", failure = failure,
      result = { ok = false, failure = failure }, notes = { { t = 1, message = ("x"):rep(200) } } })
    page:reload()
    page:wait_for_text "verylong"
    page:click "Log"
    assert.equal(360, page:eval "document.scrollingElement.scrollWidth")
    page:click "Switch…"
    page:wait_for_text "The modem restarts"
    assert.is_true(page:eval 'document.querySelector(".modal").getBoundingClientRect().right <= 360')
  end)

  it("takes no text of a modem for markup, and none of its control characters", function()
    local kept = { application = true, pri = true, ended = true, update = true, [NAME] = true }
    local function spoil(text)
      return (text:gsub('":"([^"]*)"', function(value)
        if kept[value] then return end
        return '":"' .. value .. '<img src=x onerror=\\"window.hurt=1\\"><b>bold</b>\\u001b[31m\\u202e"'
      end))
    end
    local failure = { code = "x", message = "message", hint = "hint", evidence = "evidence" }
    serve { devices = spoil(devices()), status = spoil(status(STORED)), upload_list = spoil(FILES),
      jobs = jobs { NAME, "update", "ended" },
      progress = spoil(progress { state = "ended", failure = failure, result = { failure = failure } }) }
    page = stage.page()
    page:wait_for_text "Checklist"
    page:click "Switch…"
    assert.truthy(page:wait_for_text "The modem restarts":find("<b>bold</b>", 1, true))
    assert.equal(0, page:eval 'document.querySelectorAll("img, b").length')
    assert.is_nil(page:eval "window.hurt")
    local control = [[/[\u0000-\u0008\u000b-\u001f\u202e]/.test(document.body.textContent)]]
    assert.is_false(page:eval(control))
  end)

  it("speaks German", function()
    serve(RUNNING)
    page = stage.page { lang = "de" }
    local text = page:wait_for_text "1:01 von etwa 3:32"
    assert.truthy(text:find("Das Modem wird vorbereitet", 1, true))
  end)
end)

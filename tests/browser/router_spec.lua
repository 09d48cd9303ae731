-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- LuCI's page in a browser, with the ubus object of the package and a simulated modem.
local browser = require "tests.browser.browser"
local router = require "tests.packaging.router"
local stage = require "tests.browser.stage"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local OLD, NEW = "02.08.02.00", "02.33.03.00"

local page, here

local function serve(time_scale)
  here = router.begin()
  if time_scale then router.start_modem(time_scale) end
  stage.serve({ "lua5.1", here.folder .. "/rpcd" }, here.environment, here.folder .. "/tmp/upload")
  page = stage.page()
  page:wait_for_text(OLD)
end

local function upload(files)
  page:choose_files("#moonflash-file", files)
  page:wait_for(('document.querySelectorAll("[id^=moonflash-image-]:checked").length == %d'):format(#files))
end

-- Jobs begin when the test lets them go.
local function hold_jobs()
  local program = here.folder .. "/bin/moonflash"
  local text = '#!/bin/sh\ncase "$*" in *" update "*) until [ -e "$FAKE/go" ]; do sleep 0.05; done ;; esac\n'
    .. 'exec "%s" "$@"\n'
  assert(sys.remove(program))
  router.install(program, text:format(sys.real_path(support.program)))
end

-- Starts an update of two uploaded files.
local function start()
  upload(router.images())
  page:click "Check"
  page:click "Start the update…"
  page:click "Update"
  page:wait_for_text "Update is in progress"
end

local can = browser.program and sys.access(router.SHELL, "x")
local only = can and describe or pending

only("the page of LuCI, with a router", function()
  setup(stage.begin)
  teardown(function()
    stage.finish()
    router.finish()
  end)
  after_each(function() stage.leave(page) end)

  it("updates a modem; a reload, another browser and a lost connection find the update again", function()
    serve()
    hold_jobs()
    start()
    page:reload()
    page:wait_for_text "Update is in progress"
    local other = stage.other_page()
    other:wait_for_text "Update is in progress"
    page:set_offline(true)
    page:wait_for_text "There is no connection to the router"
    page:set_offline(false)
    assert(sys.write_file(here.folder .. "/go", ""))
    while not page:text():find "Last job: Update" do -- at any moment
      page:reload()
      page:wait_for '!document.getElementById("moonflash-job").hidden'
    end
    for _, one in ipairs { page, other } do
      one:wait_for_text("Done. The modem runs " .. NEW .. " GENERIC 002.072_000.")
      one:wait_for(([[Array.from(document.querySelectorAll("dd")).some(value => value.textContent.startsWith("%s"))]])
        :format(NEW))
    end
    page:click "Log"
    page:wait_for_text "send images"
    assert.same({}, other.errors)
    other:close()
  end)

  it("stops an update before the transfer, and the modem is as it was", function()
    serve(0.3)
    start()
    page:click "Stop…"
    page:click "Stop"
    page:wait_for_text "Last job: Update"
    assert.matches("Fix:", page:text())
    page:wait_for_text(OLD .. " GENERIC")
  end)

  it("says what is wrong with a file", function()
    serve()
    local path = support.folder() .. "/broken.cwe"
    assert(sys.write_file(path, ("x"):rep(5000)))
    upload { path }
    page:click "Check"
    page:wait_for '!document.getElementById("moonflash-plan").hidden'
    assert.matches("Fix:", page:text())
    assert.falsy(page:text():find "Start the update")
    page:click "Remove"
    page:wait_for 'document.querySelectorAll("[id^=moonflash-image-]").length == 0'
  end)

  it("needs write access for an upload", function()
    serve()
    page:eval [[window.answered = fetch("/cgi-bin/cgi-upload", { method: "POST", body: (() => {
      const form = new FormData();
      form.append("sessionid", "reader");
      form.append("filename", "/tmp/moonflash/upload/x");
      form.append("filedata", new Blob([ "x" ]));
      return form;
    })() }).then(response => response.text())]]
    assert.matches("Upload permission denied", page:eval "window.answered")
  end)
end)

-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- A web browser for specs: Chromium without a window. It is controlled with its DevTools protocol over a pipe, so it
-- needs no driver and no port.
--
--     local chromium = browser.start()
--     local page = chromium:page(url)
--     page:wait_for [[document.querySelector("h2")]]
--     page:press "Tab"
--     assert.same({}, page.errors)
--
-- support.finish() ends it.
-- @module tests.browser.browser

local cjson = require "cjson"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local browser = {}

local PATIENCE_MS, INTERVAL_MS = 15000, 20

-- Chromium reads descriptor 3 and writes 4, messages end with NUL; support.lua reads lines.
local COMMAND = [[folder=$1; shift
HOME=$folder TMPDIR=$folder exec 3<&0
{ "$@" 4>&1 >/dev/null 2>"$folder/errors"; } | stdbuf -o0 tr '\0' '\n']]

local ARGUMENTS = { "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-breakpad",
  "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
  "--disable-extensions", "--hide-scrollbars", "--remote-debugging-pipe", "about:blank" }

local KEYS = { Tab = 9, Enter = 13, Escape = 27, [" "] = 32 }

local Browser, Page = {}, {}
Browser.__index, Page.__index = Browser, Page

--- The program, or nil when it is not installed.
browser.program = (function()
  for _, path in ipairs { "/usr/bin/chromium", "/usr/bin/chromium-browser" } do
    if sys.access(path, "x") then return path end
  end
end)()

--- Starts the browser.
function browser.start()
  local folder = support.folder()
  local argv = { "sh", "-c", COMMAND, "sh", folder, browser.program, "--user-data-dir=" .. folder .. "/profile" }
  for _, argument in ipairs(ARGUMENTS) do argv[#argv + 1] = argument end
  return setmetatable({ child = support.start(argv), pages = {}, last = 0 }, Browser)
end

local function write(descriptor, bytes)
  local deadline = support.deadline()
  while bytes ~= "" do
    local count, problem = sys.write(descriptor, bytes)
    assert(count or problem.code == "sys.again" and sys.clock_ms() < deadline, problem)
    if count then bytes = bytes:sub(count + 1) else sys.sleep_ms(1) end
  end
end

-- What a page reports by itself.
function Browser:take_event(message)
  local page, given = self.pages[message.sessionId], message.params
  if not page then return end
  if message.method == "Runtime.exceptionThrown" then
    local details = given.exceptionDetails
    page.errors[#page.errors + 1] = (details.exception or {}).description or details.text
  elseif message.method == "Runtime.consoleAPICalled" and (given.type == "error" or given.type == "warning") then
    page.errors[#page.errors + 1] = (given.args[1] or {}).value or given.type
  elseif message.method == "Log.entryAdded" and given.entry.level == "error" then
    page.network_errors[#page.network_errors + 1] = given.entry.text
  end
end

-- Calls a method of the protocol.
function Browser:call(method, given, session)
  self.last = self.last + 1
  local message = { id = self.last, method = method, params = next(given or {}) and given or nil, sessionId = session }
  write(self.child.input, cjson.encode(message) .. "\0")
  while true do
    local answer = cjson.decode(self.child:line(PATIENCE_MS))
    if answer.id == self.last then
      if answer.error then error(method .. ": " .. answer.error.message, 2) end
      return answer.result
    end
    self:take_event(answer)
  end
end

--- Opens a page with cookies and storage of its own, as in another browser.
function Browser:page(url)
  local context = self:call("Target.createBrowserContext").browserContextId
  local target = self:call("Target.createTarget", { url = "about:blank", browserContextId = context }).targetId
  local session = self:call("Target.attachToTarget", { targetId = target, flatten = true }).sessionId
  local page = setmetatable({ browser = self, session = session, errors = {}, network_errors = {} }, Page)
  self.pages[session] = page
  for _, domain in ipairs { "Page", "Runtime", "Log", "Network", "DOM" } do page:call(domain .. ".enable") end
  page:resize(1000, 800)
  if url then page:open(url) end
  return page
end

--- Ends the browser.
function Browser:stop()
  self:call "Browser.close"
  self.child:stop()
end

function Page:call(method, given)
  return self.browser:call(method, given, self.session)
end

-- Waits for another document than the one that was marked.
function Page:wait_for_document()
  self:wait_for "!window.isOld && document.readyState == 'complete'"
end

--- Goes to another address.
function Page:open(url)
  self:eval "window.isOld = true"
  self:call("Page.navigate", { url = url })
  self:wait_for_document()
end

--- Loads the page once more, as the key F5 does.
function Page:reload()
  self:eval "window.isOld = true"
  self:call "Page.reload"
  self:wait_for_document()
end

--- Forgets what the page has stored and reported.
function Page:forget()
  self:set_offline(false)
  self:eval "sessionStorage.clear()"
  self.errors, self.network_errors = {}, {}
end

function Page:close()
  self:call "Page.close"
end

--- The value of an expression in JavaScript; a promise is waited for.
function Page:eval(expression)
  local answer = self:call("Runtime.evaluate",
    { expression = expression, awaitPromise = true, returnByValue = true })
  if answer.exceptionDetails then
    error((answer.exceptionDetails.exception or {}).description or answer.exceptionDetails.text, 2)
  end
  return answer.result.value
end

--- Waits until an expression is true, and gives its value.
function Page:wait_for(expression)
  local deadline = support.deadline(PATIENCE_MS)
  while true do
    local done, value = pcall(self.eval, self, "(() => { const seen = (" .. expression .. ");"
      .. " return seen instanceof Node ? true : seen })()")
    if done and value and value ~= cjson.null then return value end
    if sys.clock_ms() > deadline then
      error(("waited in vain for %s; last: %s; the page:\n%s"):format(expression, tostring(value), self:text()), 2)
    end
    sys.sleep_ms(INTERVAL_MS)
  end
end

--- The text that the page shows.
function Page:text()
  return self:eval "document.body.innerText"
end

--- Waits for a text, and gives all that the page shows then.
function Page:wait_for_text(text)
  self:wait_for("document.body.innerText.includes(" .. cjson.encode(text) .. ")")
  return self:text()
end

--- Clicks a button by its label, as soon as it can be clicked.
function Page:click(label)
  local found = ([[Array.from(document.querySelectorAll("button, summary")).find(one =>
    one.textContent == %s && !one.disabled && one.offsetParent != null)]]):format(cjson.encode(label))
  self:wait_for(found)
  self:eval(found .. ".click()")
end

--- Presses a key or enters a text.
function Page:press(key, modifiers)
  local event = { key = key, code = key == " " and "Space" or key, windowsVirtualKeyCode = KEYS[key],
    modifiers = modifiers, text = key == "Enter" and "\r" or key == " " and " " or nil }
  event.type = event.text and "keyDown" or "rawKeyDown"
  self:call("Input.dispatchKeyEvent", event)
  event.type, event.text = "keyUp", nil
  self:call("Input.dispatchKeyEvent", event)
end

function Page:enter(text)
  self:call("Input.insertText", { text = text })
end

--- Chooses files for an input.
function Page:choose_files(selector, paths)
  local root = self:call("DOM.getDocument").root.nodeId
  local node = self:call("DOM.querySelector", { nodeId = root, selector = selector }).nodeId
  self:call("DOM.setFileInputFiles", { nodeId = node, files = paths })
end

--- Sets the size of the window.
function Page:resize(width, height)
  self:call("Emulation.setDeviceMetricsOverride",
    { width = width, height = height, deviceScaleFactor = 1, mobile = false })
end

--- Cuts the connection, or restores it.
function Page:set_offline(is)
  self:call("Network.emulateNetworkConditions",
    { offline = is, latency = 0, downloadThroughput = -1, uploadThroughput = -1 })
end

--- Writes a picture of the whole page.
function Page:picture(path)
  local data = self:call("Page.captureScreenshot", { format = "png", captureBeyondViewport = true }).data
  assert(sys.write_file(path .. ".base64", data))
  assert(support.run({ "sh", "-c", 'base64 -d "$1.base64" >"$1"; rm "$1.base64"', "sh", path }).status == 0)
end

return browser

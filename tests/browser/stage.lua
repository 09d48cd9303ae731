-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- LuCI's page in a browser: a stand-in for LuCI and rpcd (web.py), the page, and the ubus object behind it.
--
--     stage.begin()                              once for all tests of a file
--     stage.serve_answers { jobs = { ... } }     an object that always answers the same
--     stage.serve { "lua5.1", "rpcd" }           the plugin of a router
--     local page = stage.page { lang = "de" }
--
-- @module tests.browser.stage

local browser = require "tests.browser.browser"
local cjson = require "cjson"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local stage = {}

--- Where the package is.
stage.PACKAGE = "packaging/openwrt/luci-app-moonflash"

local ACL = "packaging/openwrt/moonflash/files/moonflash.acl.json"
local HERE = "tests/browser"

-- An object that answers each method with the file of that name, and an unknown method with nothing.
local CANNED = [[#!/bin/sh
cat "${0%/*}/$2.json" 2>/dev/null || echo '{"failure":{"code":"usage","message":"no such method"}}'
]]

local chromium, server, first

--- Starts the browser.
function stage.begin()
  chromium = browser.start()
end

local function absolute(path)
  return assert(sys.real_path(path))
end

--- Serves the page with an object.
-- @tparam table object the program that rpcd calls
-- @tparam[opt] table environment
-- @tparam[opt] string uploads the folder for uploaded files, instead of the one on a router
function stage.serve(object, environment, uploads)
  local folder = support.folder()
  local configuration = { port = server and server.port or 0, page = "moonflash", object = object,
    root = { absolute(HERE .. "/luci-static"), absolute(stage.PACKAGE .. "/htdocs/luci-static") },
    po = absolute(stage.PACKAGE .. "/po"), acl = { folder .. "/acl" }, calls = folder .. "/calls",
    environment = environment }
  local acl = sys.read_file(ACL):gsub("/tmp/moonflash/upload", uploads or "%0")
  assert(sys.write_file(folder .. "/acl", acl))
  assert(sys.write_file(folder .. "/calls", ""))
  assert(sys.write_file(folder .. "/configuration", cjson.encode(configuration)))
  local child = support.start { "python3", HERE .. "/web.py", folder .. "/configuration" }
  server = { child = child, calls = folder .. "/calls", port = tonumber(child:line()) }
end

--- Serves the page with an object that always answers the same; `answer` changes one.
-- @tparam table answers by method: tables, or texts of JSON
function stage.serve_answers(answers)
  local folder = support.folder()
  stage.canned = folder
  assert(sys.write_file(folder .. "/object", CANNED))
  for method, answer in pairs(answers) do stage.answer(method, answer) end
  server = nil
  stage.serve { "sh", folder .. "/object" }
end

--- Changes an answer.
function stage.answer(method, answer)
  local path = stage.canned .. "/" .. method .. ".json"
  local text = type(answer) == "string" and answer or cjson.encode(answer)
  assert(sys.write_file(path .. ".new", text))
  assert(os.rename(path .. ".new", path))
end

local function url(query)
  local words = {}
  for name, value in pairs(query or {}) do words[#words + 1] = name .. "=" .. value end
  return ("http://127.0.0.1:%d/cgi-bin/luci/admin/system/moonflash?%s"):format(server.port, table.concat(words, "&"))
end

--- Opens the page.
-- @tparam[opt] table query lang, session
function stage.page(query)
  first = first or chromium:page()
  first:open(url(query))
  return first
end

--- Opens the page in another browser: nothing that the first has stored is there.
function stage.other_page()
  return chromium:page(url())
end

--- The calls of a method so far: method, arguments, answer, seconds.
function stage.calls(method)
  local found = {}
  for line in assert(sys.read_file(server.calls)):gmatch "([^\n]*)\n" do
    local call = cjson.decode(line)
    if call.method == method then found[#found + 1] = call end
  end
  return found
end

--- Waits until a method was called so often.
function stage.wait_for_calls(method, count)
  local deadline = support.deadline()
  while #stage.calls(method) < count do
    assert(sys.clock_ms() < deadline, method .. " was not called")
    sys.sleep_ms(20)
  end
end

--- Ends a test: the page forgets what it has stored, and the server ends. Raises when the console had an error.
function stage.leave(page)
  local errors = page.errors
  page:forget()
  server.child:stop()
  assert(#errors == 0, cjson.encode(errors))
end

--- Ends the browser.
function stage.finish()
  if chromium then chromium:stop() end
  chromium, server, first = nil, nil, nil
  support.finish()
end

return stage

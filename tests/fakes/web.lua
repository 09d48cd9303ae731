-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- A web server for specs: the files of a folder, with faults asked for in the URL (see web_server.c).
--
--     local web = require("tests.fakes.web").start(folder)
--     web:url("a.cwe?stall=200000")   --> "http://127.0.0.1:PORT/a.cwe?stall=200000"
--
-- support.finish() ends it.
-- @module tests.fakes.web

local support = require "tests.support"

local web = {}
web.__index = web

--- Starts the server for a folder.
function web.start(folder)
  local child = support.start { support.program:gsub("moonflash$", "tests/web_server"), folder }
  return setmetatable({ child = child, port = child:line() }, web)
end

--- The URL of a file.
function web:url(name)
  return ("http://127.0.0.1:%s/%s"):format(self.port, name)
end

return web

-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The layers and the only arrows between them, read from the #include and require lines. Every rule
-- also has to catch a bad example, so none of them can sleep.
local lfs = require "lfs"
local support = require "tests.support"

-- What a file may include with "": the first entry whose pattern fits the path decides.
-- The driver sys is one world in several files; a fetch is a source whose other end is a process.
local SEAMS = "stream/(stream|wait).h"
local SYS = { "driver/(files|lock|process|signals|terminal|unix_socket).h", SEAMS }
local may_include = {
  { "^core/protocol/", { "protocol/*.h" } },
  { "^core/stream/verify_reader%.", { "stream/verify_reader.h", SEAMS, "protocol/(cwe|crc).h" } },
  { "^core/stream/tap%.", { "stream/tap.h", SEAMS, "protocol/crc.h" } },
  { "^core/stream/stream%.h", { "protocol/conversation.h" } },
  { "^core/stream/", { "stream/OWN.h", SEAMS } },
  { "^core/driver/uevent%.", { "driver/uevent.h", SEAMS, "driver/unix_socket.h" } },
  { "^core/driver/port%.", { "driver/port.h", SEAMS, "driver/(unix_socket|terminal_writer).h" } },
  { "^core/driver/usb%.", { "driver/OWN.h", "driver/usb_device.h", SEAMS } },
  { "^core/driver/fetch%.", { "driver/(fetch|source|process).h", SEAMS } },
  { "^core/driver/files%.", SYS }, { "^core/driver/unix_socket%.", SYS }, { "^core/driver/lock%.", SYS },
  { "^core/driver/process%.", SYS }, { "^core/driver/signals%.", SYS }, { "^core/driver/terminal%.", SYS },
  { "^core/driver/qmi%.", { "driver/OWN.h", "driver/glib_call.h", SEAMS } },
  { "^core/driver/dbus%.", { "driver/OWN.h", "driver/glib_call.h", SEAMS } },
  { "^core/driver/", { "driver/OWN.h", SEAMS } },
  { "^core/bind/", { "bind/*.h", "driver/*.h", "stream/*.h", "protocol/*.h" } },
  { "^core/main%.c", {} },
}

-- Headers of the outside with <>: only these files may include them.
local BIND, QMI = { "^core/bind/", "^core/main%.c" }, { "^core/driver/qmi%.c" }
local GLIB = { "^core/driver/qmi%.c", "^core/driver/dbus%.c", "^core/driver/glib_call%.[ch]" }
local only_in = {
  { "^lua", BIND }, { "^lauxlib", BIND },
  { "^libserialport", { "^core/driver/port%.c" } },
  { "^libusb", { "^core/driver/usb_device%.[ch]" } },
  { "^libqmi", QMI }, { "^libmbim", QMI }, { "^glib", GLIB }, { "^gio/", GLIB }, { "^gobject", GLIB },
  { "^archive", { "^core/driver/archive%.c" } },
}

local PURE_HEADERS = { ["stddef.h"] = true, ["stdint.h"] = true, ["string.h"] = true, ["stdbool.h"] = true }

-- The folders of the library from bottom to top. A file requires files of its own folder and of those before it.
local layers = {
  "base", "device", "image", "protocol", "trace", "host", "engine", "procedure", "commands", "sim", "cli",
}
local height = {}
for index, name in ipairs(layers) do height[name] = index end

-- Folders inside a layer: only files of that layer require them.
local private = { "host.checks", "sim.replay" }

-- Lua modules from outside, and the only files that may require them.
local outside = {
  { "cjson", { "^scripts/", "^lua/moonflash/base/json%.lua" } },
}

-- Files that may require less than the order of the folders allows; the first entry that fits decides. The
-- simulated modem shares no table and no builder with the side that speaks to real modems.
local ANY = { "" }
local may_only = {
  { "^scripts/", { "^moonflash$", "^cjson$" } },
  { "^lua/moonflash/sim/script_test%.lua", ANY },
  { "^lua/moonflash/sim/replay/", ANY },
  { "^lua/moonflash/sim/usb%.lua", { -- plays another program that has a port open
    "^moonflash%.core%.port$", "^moonflash%.core%.sys$", "^moonflash%.base%.", "^moonflash%.sim%." } },
  { "^lua/moonflash/sim/usbip/", {
    "^moonflash%.core%.bytes$", "^moonflash%.core%.socket$", "^moonflash%.core%.sys$", "^moonflash%.base%.",
    "^moonflash%.sim%." } },
  { "^lua/moonflash/sim/", {
    "^moonflash%.core%.crc$", "^moonflash%.core%.hdlc$", "^moonflash%.core%.bytes$", "^moonflash%.core%.sys$",
    "^moonflash%.base%.", "^moonflash%.sim%." } },
  { "^lua/moonflash/protocol/qmi/message%.lua", ANY }, -- libqmi names the errors
  { "^lua/moonflash/protocol/qmi/", { "^moonflash%.base%.", "^moonflash%.core%.[^q]", "^moonflash%.protocol%.qmi%." } },
  { "^lua/moonflash/cli/", { "^moonflash$", "^moonflash%.[^c]", "^moonflash%.cli%.", "^moonflash%.commands%.",
    "^moonflash%.core%.sys$", "^moonflash%.core%.bytes$" } },
  { "", ANY },
}

-- Words that may not stand in a file at all.
local forbidden = {
  { "^core/", "[EM][MC]7%d%d%d", "a modem model" },
  { "^core/", "%f[%w]0?x?1199%f[%W]", "a USB id" },
  { "^core/", "%f[%w]0?x?413c%f[%W]", "a USB id" },
  { "^core/", "%f[%w]0?x?05c6%f[%W]", "a USB id" },
  { "^core/", "QMI_MESSAGE_DMS", "a message of DMS" },
  { "^core/", "%f[%w]system%s*%(", "a shell" },
  { "^core/", "%f[%w]popen%s*%(", "a shell" },
  { "%.lua$", "os%.execute", "a shell" },
  { "%.lua$", "io%.popen", "a shell" },
  { "", "bin/sh%f[^%w]", "a shell" },
  { "", "[\"']sh[\"']", "a shell" },
  { "%.lua$", "os%.exit", "an exit that skips the cleaning up" },
}

local longest = { { "%.[ch]$", 400 }, { "%.lua$", 250 } }

-- "driver/(stream|wait).h" as a list of names; * is any name, OWN the file's own.
local function fits(name, allowed, own)
  local before, choices, after = allowed:match "^(.-)%((.-)%)(.*)$"
  for choice in (choices or ""):gmatch "[^|]+" do
    if name == before .. choice .. after then return true end
  end
  local pattern = allowed:gsub("%.", "%%."):gsub("OWN", own):gsub("%*", "[%%w_]+")
  return not choices and name:find("^" .. pattern .. "$") ~= nil
end

local function first_rule(rules, path)
  for _, rule in ipairs(rules) do
    if path:find(rule[1]) then return rule[2] end
  end
end

local function any(list, holds)
  for _, item in ipairs(list) do
    if holds(item) then return true end
  end
  return false
end

local function check_own_include(path, name)
  local own = path:match "([%w_]+)%.[ch]$"
  local allowed = first_rule(may_include, path)
  if any(allowed, function(entry) return fits(name, entry, own) end) then return nil end
  return "includes " .. name
end

local function check_outside_include(path, name)
  if path:find "^core/protocol/" and not PURE_HEADERS[name] then return "includes " .. name end
  for _, rule in ipairs(only_in) do
    if name:find(rule[1]) and not any(rule[2], function(place) return path:find(place) end) then
      return "includes " .. name
    end
  end
end

-- The layer of a file or of a module; nil for the core, init.lua and what is no part of the library.
local function layer_of(name)
  local layer = name:match "^lua/moonflash/([^/]+)/" or name:match "^moonflash%.([^.]+)"
  return height[layer] and layer
end

local function is_private(name, layer)
  for _, folder in ipairs(private) do
    local prefix = "moonflash." .. folder .. "."
    if name:sub(1, #prefix) == prefix and folder:match "^[^.]+" ~= layer then return true end
  end
end

local function is_allowed_outside(path, name)
  for _, rule in ipairs(outside) do
    if rule[1] == name then
      return any(rule[2], function(pattern) return path:find(pattern) end)
    end
  end
  return name:find "^moonflash%f[.%z]" ~= nil
end

local function is_upwards(path, name)
  local from, to = layer_of(path), layer_of(name)
  return from and to and height[to] > height[from]
end

local function check_require(path, name)
  local only = first_rule(may_only, path)
  local allowed = any(only, function(pattern) return name:find(pattern) end)
  if not allowed or not is_allowed_outside(path, name) or is_private(name, layer_of(path))
      or is_upwards(path, name) then
    return "requires " .. name
  end
end

-- Names in `require "x"`, `require("x")`, `pcall(require, "x")`; the constant start of `require("x." .. y)`.
local function requires(text)
  local names = {}
  for rest in text:gmatch "%f[%w_.]require%f[^%w_]([^\n]*)" do
    names[#names + 1] = rest:match "^[%s,(]*[\"']([^\"']*)[\"']" or "something not written out"
  end
  return names
end

local function without_comments(text)
  return (text:gsub("%-%-[^\n]*", ""))
end

-- Everything wrong with a file, as a list of sentences.
local function check(path, text)
  local wrong = {}
  local function note(what) wrong[#wrong + 1] = what and path .. " " .. what or nil end
  if path:find "%.[ch]$" then
    for name in text:gmatch '#%s*include%s*"([^"]+)"' do note(check_own_include(path, name)) end
    for name in text:gmatch "#%s*include%s*<([^>]+)>" do note(check_outside_include(path, name)) end
  else
    text = without_comments(text)
    for _, name in ipairs(requires(text)) do note(check_require(path, name)) end
  end
  for _, rule in ipairs(forbidden) do
    if path:find(rule[1]) and text:find(rule[2]) then note("knows " .. rule[3]) end
  end
  local _, lines = text:gsub("\n", "")
  local limit = first_rule(longest, path)
  if lines > limit then note(("has %d lines, more than %d"):format(lines, limit)) end
  return wrong
end

local function walk(folder, visit)
  for name in lfs.dir(folder) do
    local path = folder .. "/" .. name
    local kind = not name:find "^%." and lfs.attributes(path, "mode")
    if kind == "directory" then walk(path, visit) end
    if kind == "file" and ( name:find "%.[ch]$" or name:find "%.lua$") then visit(path) end
  end
end

describe("the architecture", function()
  for _, folder in ipairs { "core", "lua", "scripts" } do
    it("holds in " .. folder, function()
      local wrong, seen = {}, 0
      walk(folder, function(path)
        seen = seen + 1
        for _, sentence in ipairs(check(path, support.contents(path))) do wrong[#wrong + 1] = sentence end
      end)
      assert.is_true(seen > 0)
      assert.equal("", table.concat(wrong, "\n"))
    end)
  end

  -- Files that require each other, also through others and also lazily, as one sentence a circle.
  local function circles(graph)
    local state, found = {}, {}
    local function visit(name, trail)
      if state[name] == "done" then return end
      trail = trail .. " -> " .. name
      if state[name] then found[#found + 1] = trail; return end
      state[name] = "open"
      for _, next in ipairs(graph[name] or {}) do visit(next, trail) end
      state[name] = "done"
    end
    local names = {}
    for name in pairs(graph) do names[#names + 1] = name end
    table.sort(names)
    for _, name in ipairs(names) do visit(name, "") end
    return found
  end

  it("is on the map, core/README.md", function()
    local map, missing = support.contents "core/README.md", {}
    walk("core", function(path)
      local name = path:match "([%w_]+)%.c$"
      if name and not map:find("%f[%w_]" .. name .. "%f[^%w_]") then missing[#missing + 1] = path end
    end)
    assert.same({}, missing)
  end)

  it("has no circle of files", function()
    local graph = {}
    walk("lua", function(path)
      local name = path:gsub("^lua/", ""):gsub("%.lua$", ""):gsub("/init$", ""):gsub("/", ".")
      graph[name] = requires(without_comments(support.contents(path)))
    end)
    assert.equal("", table.concat(circles(graph), "\n"))
  end)

  it("finds a circle", function()
    assert.equal(1, #circles { a = { "b" }, b = { "c" }, c = { "a" }, d = { "a", "b" } })
    assert.same({}, circles { a = { "b", "c" }, b = { "c" }, d = { "a", "b" } })
  end)

  local bad = {
    { "core/protocol/crc.c", '#include <stdio.h>\n' },
    { "core/protocol/qdl.c", '#include "stream/stream.h"\n' },
    { "core/stream/wait.c", '#include "driver/port.h"\n' },
    { "core/stream/prefix_reader.c", '#include "stream/verify_reader.h"\n' },
    { "core/driver/port.c", '#include "driver/source.h"\n' },
    { "core/driver/lock.c", '#include "driver/port.h"\n' },
    { "core/stream/transfer.c", '#include "protocol/qdl.h"\n' },
    { "core/driver/port.c", '#include "bind/bind.h"\n' },
    { "core/driver/source.c", '#include "protocol/qdl.h"\n' },
    { "core/driver/sys.c", '#include <lua.h>\n' },
    { "core/bind/port.c", '#include <libserialport.h>\n' },
    { "core/bind/qmi.c", '#include <libqmi-glib.h>\n' },
    { "core/bind/qmi.c", '#include <glib.h>\n' },
    { "core/bind/dbus.c", '#include <gio/gio.h>\n' },
    { "core/driver/dbus.c", '#include <libqmi-glib.h>\n' },
    { "core/bind/source.c", '#include <archive.h>\n' },
    { "core/main.c", '#include "driver/port.h"\n' },
    { "core/driver/port.c", '/* as the MC7455 does */\n' },
    { "core/driver/port.c", 'if (vendor == 0x1199)\n' },
    { "core/driver/qmi.c", 'id = QMI_MESSAGE_DMS_RESET;\n' },
    { "core/driver/process.c", 'system("reboot");\n' },
    { "core/driver/process.c", 'execl("/bin/sh", "sh -c", command);\n' },
    { "scripts/mine.lua", 'local port = require "moonflash.core.port"\n' },
    { "scripts/mine.lua", 'os.execute "reboot"\n' },
    { "lua/moonflash/engine/job.lua", 'sys.spawn { "sh", "-c", command }\n' },
    { "lua/moonflash/engine/job.lua", 'local cli = require "moonflash.cli.output"\n' },
    { "lua/moonflash/engine/job.lua", 'local lfs = require("lfs")\n' },
    { "lua/moonflash/engine/job.lua", 'local it = require(name)\n' },
    { "lua/moonflash/engine/job.lua", 'local pipe = io.popen(command)\n' },
    { "lua/moonflash/commands/update.lua", 'local sim = require "moonflash.sim"\n' },
    { "lua/moonflash/sim/qdl_port.lua", 'local qdl = require "moonflash.core.qdl"\n' },
    { "lua/moonflash/sim/qmi.lua", 'local dms = require "moonflash.protocol.qmi.dms"\n' },
    { "lua/moonflash/protocol/qmi/dms.lua", 'local qmi = require "moonflash.core.qmi"\n' },
    { "lua/moonflash/base/log.lua", 'local at = require "moonflash.protocol.at"\n' },
    { "lua/moonflash/device/init.lua", 'local image = require "moonflash.image"\n' },
    { "lua/moonflash/engine/job.lua", 'local steps = pcall(require, "moonflash.procedure.steps")\n' },
    { "lua/moonflash/engine/init.lua", 'local power = require "moonflash.host.checks.power"\n' },
    { "lua/moonflash/cli/init.lua", 'local events = require "moonflash.sim.replay.events"\n' },
    { "lua/moonflash/device/init.lua", 'local json = require "cjson"\n' },
    { "lua/moonflash/cli/output.lua", 'local port = require "moonflash.core.port"\n' },
    { "lua/moonflash/cli/init.lua", 'os.exit(1)\n' },
    { "core/driver/port.c", ("\n"):rep(401) },
    { "lua/moonflash/engine/job.lua", ("\n"):rep(251) },
  }
  for _, example in ipairs(bad) do
    it(("refuses in %s: %s"):format(example[1], example[2]:match "[^\n]*"), function()
      assert.equal(1, #check(example[1], example[2]))
    end)
  end

  local good = {
    { "core/driver/port.c", '#include "driver/port.h"\n#include <libserialport.h>\n' },
    { "core/protocol/qdl.c", '#include "protocol/hdlc.h"\n#include <stdint.h>\n' },
    { "scripts/models/mc7455.lua", '-- never os.execute\nlocal flash = require "moonflash"\n' },
    { "lua/moonflash/procedure/steps.lua", 'for part in parts do require("moonflash.procedure.steps." .. part) end\n' },
    { "lua/moonflash/engine/job.lua", 'local required = 1\n' },
  }
  for _, example in ipairs(good) do
    it(("lets %s be"):format(example[1]), function()
      assert.same({}, check(example[1], example[2]))
    end)
  end
end)

-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- When the system has no more of something to give: each call fails with words, and keeps nothing.
local support = require "tests.support"
local sys = require "moonflash.core.sys"

before_each(support.watch)
after_each(support.finish)

describe("without free descriptors", function()
  -- Takes all there are but `left` and makes the call; prints what failed, and how many fewer are free then.
  local preamble = [[
    local name, folder, left = ...
    local port, source = require "moonflash.core.port", require "moonflash.core.source"
    local sys, uevent = require "moonflash.core.sys", require "moonflash.core.uevent"
    local calls = {
      open = function() return sys.open("/dev/null", "r") end,
      pipe = function() return sys.pipe() end,
      pty = function() return sys.pty() end,
      datagram = function() return sys.datagram(folder .. "/socket") end,
      long_datagram = function() return sys.datagram(folder .. ("/long"):rep(50) .. "/socket") end,
      read_file = function() return sys.read_file(folder .. "/file") end,
      write_file = function() return sys.write_file(folder .. "/file", "x") end,
      list = function() return sys.list(folder) end,
      remove_tree = function() return sys.remove_tree(folder .. "/tree") end,
      lock = function() return sys.lock(folder .. "/lock") end,
      kernel_events = function() return uevent.open "/" end,
      events = function() return uevent.open(folder) end,
      source = function() return source.file(folder .. "/file") end,
      descriptor = function() return source.descriptor(0) end,
      fetch = function() return source.fetch { "true" } end,
      port = function() return port.open(folder .. "/port") end,
      terminal = function() return port.open "/dev/ptmx" end,
    }
    local function free()
      local taken = {}
      repeat
        local descriptor = sys.open("/dev/null", "r")
        taken[#taken + 1] = descriptor
      until not descriptor
      for _, descriptor in ipairs(taken) do sys.close(descriptor) end
      return #taken
    end
    local all, held = free(), {}
    for index = 1, all - left do held[index] = assert(sys.open("/dev/null", "r")) end
    local result, problem = calls[name]()
    local kept = left - free()
    for _, descriptor in ipairs(held) do sys.close(descriptor) end -- coverage tools need some
    if result == nil then print(problem.code, problem.message ~= "", kept) else print "done" end
  ]]

  local function with_free(left, name)
    local folder = support.folder()
    assert(sys.make_folder(folder .. ("/long"):rep(50)))
    assert(sys.make_folder(folder .. "/tree/inner"))
    assert(sys.write_file(folder .. "/file", "bytes"))
    local uevent, port = sys.datagram(folder .. "/uevent"), sys.datagram(folder .. "/port")
    local result = support.run { "sh", "-c", 'ulimit -n 24 && exec "$@"', "sh",
      unpack(support.lua(preamble:gsub("^%s+", ""), name, folder, tostring(left))) }
    sys.close(uevent)
    sys.close(port)
    assert.equal("", result.stderr)
    return result.stdout
  end

  local expected = {
    open = "sys.failed", pipe = "sys.failed", pty = "sys.failed", datagram = "sys.failed",
    long_datagram = "sys.failed", read_file = "sys.failed", write_file = "sys.failed", list = "sys.failed",
    remove_tree = "sys.failed", lock = "sys.failed", kernel_events = "uevent.unavailable",
    events = "uevent.unavailable", source = "source.unreadable", descriptor = "source.unreadable",
    fetch = "source.failed", port = "port.failed", terminal = "port.failed",
  }
  for name, code in pairs(expected) do
    it(name .. " fails and keeps none", function()
      assert.equal(code .. "\ttrue\t0\n", with_free(0, name))
    end)
  end

  -- The first ones are there, a later one is not: what was got is given back.
  for name, left in pairs { pty = 1, pipe = 1, long_datagram = 1, fetch = 3, remove_tree = 1 } do
    it(name .. " gives back what it got when the next is missing", function()
      for free = 1, left do
        local said = with_free(free, name)
        assert.truthy(said == "done\n" or said:find "^[%w.]+\ttrue\t0\n$", said)
      end
    end)
  end
end)

describe("a full disk", function()
  it("is noticed when a file is written", function()
    local _, problem = sys.write_file("/dev/full", "bytes")
    assert.equal("sys.failed", problem.code)
    assert.truthy(problem.message:find("cannot write /dev/full", 1, true))
  end)
end)

describe("a path", function()
  it("that leads through a file, or is too long for the system, is refused", function()
    local folder = support.folder()
    assert(sys.write_file(folder .. "/file", ""))
    local long = folder .. ("/longer"):rep(1000)
    for _, path in ipairs { folder .. "/file/inner", folder .. "/file", long, "" } do
      assert.truthy(support.code_of(sys.make_folder(path)))
    end
    for _, path in ipairs { folder .. "/file/lock", long, folder } do
      assert.truthy(support.code_of(sys.lock(path)))
    end
    for _, path in ipairs { "", long, folder .. "/none/socket", folder .. "/" .. ("x"):rep(200) } do
      assert.truthy(support.code_of(sys.datagram(path)))
    end
  end)
end)

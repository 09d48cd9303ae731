-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

local support = require "tests.support"
local sys = require "moonflash.core.sys"
local uevent = require "moonflash.core.uevent"

local message = "add@/devices/pci0000:00/usb1/1-1\0ACTION=add\0DEVPATH=/devices/pci0000:00/usb1/1-1\0"
  .. "SUBSYSTEM=usb\0PRODUCT=1199/9071/6\0SEQNUM=4711\0"

before_each(support.watch)
after_each(support.finish)

describe("the text of an event", function()
  it("becomes a table", function()
    assert.same({ ACTION = "add", DEVPATH = "/devices/pci0000:00/usb1/1-1", SUBSYSTEM = "usb",
      PRODUCT = "1199/9071/6", SEQNUM = "4711" }, uevent.parse(message))
  end)

  it("may lack the last NUL and all but the first line", function()
    assert.same({ ACTION = "remove", DEVPATH = "/x" }, uevent.parse("remove@/x"))
    assert.equal("v", uevent.parse("remove@/x\0K=v").K)
  end)

  it("may hold garbage between its fields", function()
    assert.same({ ACTION = "add", DEVPATH = "/x", A = "=b=", E = "" },
      uevent.parse("add@/x\0\0\0no equals\0=no name\0bad name=1\0\255\254=1\0A==b=\0E=\0"))
  end)

  it("is believed in its first line", function()
    assert.same({ ACTION = "add", DEVPATH = "/x" },
      uevent.parse("add@/x\0ACTION=remove\0DEVPATH=/y\0"))
  end)

  it("is refused when it is not the kernel's", function()
    for _, bytes in ipairs { "", "\0", "@", "@/x", "add", "add@", "add@x", "a d@/x", "\0add@/x",
      "libudev\0\254\237\202\190\40\0\0\0ACTION=add\0" } do
      assert.is_nil(uevent.parse(bytes))
    end
  end)

  it("never surprises, wherever it is cut or changed", function()
    for length = 0, #message do
      local event = uevent.parse(message:sub(1, length))
      assert.equal(length >= 5, event ~= nil)
    end
    for at = 1, #message do
      for _, byte in ipairs { "\0", "=", "@", "\255" } do
        local event = uevent.parse(message:sub(1, at - 1) .. byte .. message:sub(at + 1))
        assert.is_true(event == nil or event.DEVPATH:sub(1, 1) == "/")
      end
    end
  end)
end)

describe("a simulator's events", function()
  local root, server, subscriber, listener

  local function subscribe(folder)
    root = folder or support.folder()
    server = assert(sys.datagram(root .. "/uevent"))
    listener = assert(uevent.open(root))
    local word
    word, subscriber = assert(sys.receive_from(server))
    assert.equal("+", word)
  end

  after_each(function()
    if listener then listener:close() end
    if server then sys.close(server) end
    listener, server = nil, nil
  end)

  it("come as they were sent", function()
    subscribe()
    assert.is_true(sys.send_to(server, subscriber, message))
    assert.is_true(sys.send_to(server, subscriber, "remove@/y\0"))
    assert.equal("1199/9071/6", listener:next(1000).PRODUCT)
    assert.equal("remove", listener:next(1000).ACTION)
  end)

  it("pass over what is no event, or too long for one", function()
    subscribe()
    sys.send_to(server, subscriber, "libudev\0nonsense")
    sys.send_to(server, subscriber, "")
    sys.send_to(server, subscriber, "add@/long\0A=" .. ("x"):rep(10000))
    sys.send_to(server, subscriber, "add@/good")
    assert.equal("/good", listener:next(1000).DEVPATH)
  end)

  it("wait for a listener that is slow: its queue is full, not gone", function()
    subscribe()
    local sent, code = 0, nil
    while not code and sent < 100000 do
      local result, problem = sys.send_to(server, subscriber, "add@/" .. sent)
      if result then sent = sent + 1 else code = problem.code end
    end
    assert.equal("sys.again", code)
    for number = 0, sent - 1 do assert.equal("/" .. number, listener:next(1000).DEVPATH) end
    assert.is_true(sys.send_to(server, subscriber, "add@/more"))
    assert.equal("/more", listener:next(1000).DEVPATH)
  end)

  it("fail after the time given", function()
    subscribe()
    sys.send_to(server, subscriber, "noise")
    local start = sys.clock_ms()
    assert.equal("uevent.timeout", support.code_of(listener:next(20)))
    assert.is_true(sys.clock_ms() - start >= 20)
  end)

  it("can be waited for with others", function()
    subscribe()
    local entry = { fd = listener:descriptor(), read = true }
    assert.same({}, sys.poll({ entry }, 0))
    sys.send_to(server, subscriber, "add@/x")
    assert.equal(entry, sys.poll({ entry }, 1000)[1])
  end)

  it("are found below a root of any length", function()
    local deep = support.folder() .. ("/" .. ("x"):rep(100)):rep(3)
    sys.make_folder(deep)
    subscribe(deep)
    sys.send_to(server, subscriber, "add@/x")
    assert.equal("/x", listener:next(1000).DEVPATH)
  end)

  it("do not come from strangers", function()
    subscribe()
    local stranger = sys.datagram(root .. "/stranger")
    local sent, problem = sys.send_to(stranger, subscriber, "add@/forged")
    sys.close(stranger)
    assert.is_nil(sent)
    assert.equal("sys.denied", problem.code)
  end)

  it("leave a sender whose listener is gone with a failure", function()
    subscribe()
    listener:close()
    assert.equal("sys.closed", support.code_of(sys.send_to(server, subscriber, message)))
  end)

  it("cannot be had without a simulator", function()
    root = support.folder()
    assert.equal("uevent.unavailable", support.code_of(uevent.open(root)))
    sys.close(sys.datagram(root .. "/uevent")) -- one that is dead: its socket file remains
    assert.equal("uevent.unavailable", support.code_of(uevent.open(root)))
  end)

  it("end with close, which may be called again", function()
    subscribe()
    assert.is_true(listener:close())
    assert.is_true(listener:close())
    assert.equal(-1, listener:descriptor())
    assert.has_error(function() listener:next(0) end)
  end)
end)

describe("the kernel's events", function()
  it("can be listened to, and silence ends", function()
    local listener, problem = uevent.open("/")
    if not listener then
      assert.equal("uevent.unavailable", problem.code)
      return
    end
    for _ = 1, 100 do
      local event
      event, problem = listener:next(0)
      if not event then break end
    end
    assert.equal("uevent.timeout", problem.code)
    listener:close()
  end)
end)

-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- `simulate --usb` and `--usb-port`, as far as they go without the kernel's vhci_hcd. tests/kernel has the rest.
local socket = require "moonflash.core.socket"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local REFUSED = 3

local function simulate(...)
  return support.run { support.program, "simulate", "mc7455", ... }
end

describe("simulate --usb", function()
  after_each(support.finish)

  it("says what the kernel lacks", function()
    if sys.stat "/sys/devices/platform/vhci_hcd.0" then return pending "this kernel has vhci_hcd" end
    local ran = simulate "--usb"
    assert.equal(REFUSED, ran.status)
    assert.matches("the kernel has no vhci_hcd", ran.stderr, 1, true)
    assert.matches("to do: modprobe vhci_hcd; Debian .* kmod%-usbip%-client", ran.stderr)
  end)

  it("is one of two ways", function()
    assert.equal(1, simulate("--usb", "--usb-port", "3240").status)
  end)
end)

describe("simulate --usb-port", function()
  after_each(support.finish)

  it("prints a command for each modem, and ends at Ctrl-C", function()
    local fd, port = assert(socket.listen(0))
    sys.close(fd)
    local modems = support.start { support.program, "simulate", "mc7455", "em7305", "--usb-port", tostring(port) }
    for number = 1, 2 do
      assert.equal(("usbip --tcp-port %d attach -r localhost -b 1-%d"):format(port, number), modems:line())
    end
    modems:kill "INT"
    assert.equal(0, modems:wait())
  end)

  it("refuses a port that is in use", function()
    local fd, port = assert(socket.listen(0))
    local ran = simulate("--usb-port", tostring(port))
    sys.close(fd)
    assert.equal(REFUSED, ran.status)
    assert.matches("listen on TCP port " .. port, ran.stderr, 1, true)
  end)
end)

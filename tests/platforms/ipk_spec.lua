-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- packaging/openwrt/ipk.sh for another kind of machine: its packages are unpacked into an empty root, as opkg does, and
-- the program of this root runs in an emulator, beside that machine's Debian libraries.
local packages = require "tests.images.packages"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local MACHINE = os.getenv "MOONFLASH_MACHINE"
local BUILD_MS, PATIENCE_MS = 200000, 60000
local machines = {
  mipsel = { debian = "mipsel", opkg = "mipsel_24kc" },
  aarch64 = { debian = "arm64", opkg = "aarch64_cortex-a53" },
}
local machine = machines[MACHINE]
local compiler, emulator = MACHINE .. "-linux-gnu-gcc", "qemu-" .. MACHINE .. "-static"

-- Unpacks a package and runs its script, as opkg does with an offline root: arguments are the package and the root.
local INSTALL = [[set -e
info=$2/usr/lib/opkg/info
mkdir -p "$info" "$2.control"
tar -xzOf "$1" ./data.tar.gz | tar -xz -C "$2"
tar -xzOf "$1" ./control.tar.gz | tar -xz -C "$2.control"
name=$(sed -n 's/^Package: //p' "$2.control/control")
for file in "$2.control"/*; do mv "$file" "$info/$name.${file##*/}"; done
export IPKG_INSTROOT="$2"
[ ! -e "$info/$name.postinst" ] || "$info/$name.postinst" configure]]

local libraries, files, root, reason

local function succeeds(argv, options)
  local run = support.run(argv, options)
  assert.equal(0, run.status, run.stdout .. run.stderr)
  return run
end

-- That machine's libraries; nil when the packages cannot be made here, and why.
local function libraries_of(kind)
  for _, program in ipairs { compiler, emulator } do
    if support.run({ "sh", "-c", 'command -v "$1"', "sh", program }).status ~= 0 then
      return nil, "there is no " .. program
    end
  end
  local run = support.run({ "sh", "tests/platforms/root.sh", kind }, { deadline_ms = BUILD_MS })
  if run.status == 77 then return nil, run.stderr:match "([^\n]*)\n$" end
  assert.equal(0, run.status, run.stderr)
  return run.stdout:match "([^\n]*)\n$"
end

-- The arguments and options that run the program of the root.
local function moonflash(...)
  return { emulator, "-L", libraries, root .. "/usr/bin/moonflash", ... },
    { environment = { LUA_PATH = false, LUA_CPATH = false }, deadline_ms = PATIENCE_MS }
end

local function info(name)
  return assert(sys.read_file(root .. "/usr/lib/opkg/info/" .. name))
end

describe("OpenWrt's packages for " .. MACHINE, function()
  setup(function()
    libraries, reason = libraries_of(machine.debian)
    if not libraries then return end
    local folder = support.folder()
    root = folder .. "/root"
    files = succeeds({ "sh", "packaging/openwrt/ipk.sh", machine.opkg, compiler, libraries, folder },
      { deadline_ms = BUILD_MS }).stdout
    for path in files:gmatch "[^\n]+" do succeeds { "sh", "-c", INSTALL, "sh", path, root } end
  end)
  teardown(support.finish)

  -- it(), if the packages can be made here
  local function test(title, check)
    it(title, function()
      if not libraries then return pending(reason) end
      check()
    end)
  end

  test("are archives as opkg reads them", function()
    local count = 0
    for path in files:gmatch "[^\n]+" do
      assert.equal("./debian-binary\n./data.tar.gz\n./control.tar.gz\n", succeeds({ "tar", "-tzf", path }).stdout)
      count = count + 1
    end
    assert.equal(7, count)
    assert.matches("/moonflash_[%d.]+%-r%d_" .. machine.opkg:gsub("%-", "%%-") .. "%.ipk\n", files)
  end)

  test("have the control files of the feed's Makefiles", function()
    local control, makefile = info "moonflash.control", sys.read_file "packaging/openwrt/moonflash/Makefile"
    local version = makefile:match "\nPKG_VERSION:=([^\n]*)" .. "-r" .. makefile:match "\nPKG_RELEASE:=([^\n]*)"
    for _, line in ipairs { "Package: moonflash", "Version: " .. version, "Architecture: " .. machine.opkg,
      "Depends: libc, liblua, lua-cjson, libserialport, libpthread, kmod-usb-serial, kmod-usb-serial-qualcomm",
      "Maintainer: " .. makefile:match "\nPKG_MAINTAINER:=([^\n]*)",
      "Description: Firmware updates for Sierra Wireless modems" } do
      assert.truthy(("\n" .. control):find("\n" .. line .. "\n", 1, true), ("%s\n%s"):format(line, control))
    end
    assert.matches("\nInstalled%-Size: %d+\n", control)
    assert.equal("/etc/config/moonflash\n", info "moonflash.conffiles")
    assert.equal("/etc/moonflash/\n", sys.read_file(root .. "/lib/upgrade/keep.d/moonflash"))
    assert.equal('#!/bin/sh\n[ -n "${IPKG_INSTROOT}" ] || /etc/init.d/rpcd reload\n', info "moonflash-rpcd.postrm")
  end)

  test("have libserialport, and a program without symbols", function()
    assert.truthy(sys.stat(root .. "/usr/lib/libserialport.so.0"))
    local program = assert(sys.read_file(root .. "/usr/bin/moonflash"))
    assert.equal("\127ELF", program:sub(1, 4))
    assert.falsy(program:find(".symtab", 1, true))
  end)

  test("print the version", function()
    assert.matches("^moonflash [%d.]+\n$", succeeds(moonflash "--version").stdout)
  end)

  test("list and update a modem that they simulate", function()
    local folder = support.folder()
    local image = packages.write(packages.firmware { size = 300000 }, folder)
    local settings = packages.write(packages.settings(), folder)
    local modem = support.start(moonflash("simulate", "--dir", folder .. "/modem", "mc7455", "--time-scale", "0.1",
      "--fault", "window=100"))
    local at = modem:line(PATIENCE_MS)
    assert.matches("MC7455", succeeds(moonflash("devices", "--root", at)).stdout)
    succeeds(moonflash("update", "--root", at, image, settings))
    assert.matches("02%.33%.03%.00", succeeds(moonflash("status", "--root", at)).stdout)
    modem:kill "INT"
    modem:wait(PATIENCE_MS)
  end)
end)

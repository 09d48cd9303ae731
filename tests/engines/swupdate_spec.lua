-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- make-swu's updates installed by SWUpdate itself (Debian: swupdate) on a simulated modem. Debian's
-- wants signed updates, so these are.
local clients = require "tests.packaging.clients"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local PATIENCE_MS = 60000
local OLD, NEW = clients.OLD, clients.NEW

local gateway

-- Where the images lie on the device meanwhile.
local function images_folder()
  return gateway.folder .. "/space/moonflash-images"
end

local function set_up(device)
  gateway = device
  gateway.certificate, gateway.key = gateway.folder .. "/certificate", gateway.folder .. "/key"
  local run = support.run { "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
    "-subj", "/CN=moonflash",
    "-addext", "extendedKeyUsage=emailProtection", "-out", gateway.certificate, "-keyout", gateway.key }
  assert.equal(0, run.status, run.stderr)
end

local function new_gateway(...)
  set_up(clients.device(...))
end

local function make_swu(files)
  local path = gateway.folder .. "/modem.swu"
  local environment = { CERTIFICATE = gateway.certificate, KEY = gateway.key,
    FOLDER = gateway.folder .. "/space" }
  local run = support.run({ "packaging/swupdate/make-swu", path, "gateway", "1.0", NEW, unpack(files) },
    { environment = environment })
  assert.equal(0, run.status, run.stderr)
  return path
end

local function swupdate(file)
  gateway.environment.TMPDIR = support.folder()
  return support.run({ "swupdate", "-v", "-k", gateway.certificate, "-H", "gateway:1.0", "-i", file },
    { environment = gateway.environment, deadline_ms = PATIENCE_MS })
end

local missing = clients.missing("swupdate", "cpio", "openssl")
local only = missing and pending or describe

only("SWUpdate" .. (missing and ": " .. missing or ""), function()
  after_each(support.finish)

  it("updates a modem and leaves no images behind", function()
    new_gateway()
    local run = swupdate(make_swu(clients.images()))
    assert.equal(0, run.status, run.stdout .. run.stderr)
    assert.equal(NEW, clients.runs(gateway))
    assert.falsy(sys.stat(images_folder()))
    assert.falsy(sys.stat(images_folder() .. ".before"))
  end)

  it("leaves alone what else is in the folder", function()
    new_gateway()
    assert(sys.make_folder(gateway.folder .. "/space"))
    assert(sys.write_file(gateway.folder .. "/space/theirs", "precious"))
    assert.equal(0, swupdate(make_swu(clients.images())).status)
    assert.same({ "theirs" }, sys.list(gateway.folder .. "/space"))
  end)

  it("takes an image whose name begins like an option", function()
    new_gateway()
    local files = clients.images()
    local odd = files[1]:match "^(.*/)" .. "-v.cwe"
    assert(os.rename(files[1], odd))
    local run = swupdate(make_swu { odd, files[2] })
    assert.equal(0, run.status, run.stdout .. run.stderr)
    assert.equal(NEW, clients.runs(gateway))
  end)

  it("keeps the images of a modem that stays in download mode", function()
    new_gateway "unplug=qdl.write#*"
    assert(sys.write_file(gateway.environment.MOONFLASH_DEPLOY_OPTIONS, "--timeout-scale=0.02\n"))
    assert.are_not.equal(0, swupdate(make_swu(clients.images())).status)
    assert.equal(2, #sys.list(images_folder()))
  end)

  it("still knows what ran when an update that was cut is installed again, and fails", function()
    new_gateway "refuse=qdl.open#*:2"
    local pair = "02.05.07.00_GENERIC_002.003_000" -- not what runs: a rollback that knows it has to switch
    assert(sys.make_folder(gateway.folder .. "/space"))
    assert(sys.write_file(images_folder() .. ".before", pair .. "\n"))
    clients.install(gateway, "moonflash", ([[#!/bin/sh
case $* in switch*) echo "$*" >>'%s' ;; esac
exec '%s' "$@"
]]):format(gateway.folder .. "/switches", sys.real_path(support.program)))
    assert.are_not.equal(0, swupdate(make_swu(clients.images())).status)
    assert.matches("switch " .. pair, sys.read_file(gateway.folder .. "/switches"), 1, true)
    assert.equal(OLD, clients.runs(gateway))
  end)

  it("has failed when there is no modem, and leaves no images behind", function()
    set_up(clients.device_without_modem())
    clients.install(gateway, "sleep", "#!/bin/sh\n")
    assert.are_not.equal(0, swupdate(make_swu(clients.images())).status)
    assert.same({}, sys.list(gateway.folder .. "/space"))
  end)

  it("has failed when an image is damaged, and the modem is as it was", function()
    new_gateway()
    local bad = clients.images(function(bytes) return bytes:sub(1, 5000) .. "x" .. bytes:sub(5002) end)
    assert.are_not.equal(0, swupdate(make_swu(bad)).status)
    assert.equal(0, clients.sends(gateway))
    assert.equal(OLD, clients.runs(gateway))
  end)

  it("has failed when no transfer succeeds, and the modem runs what it ran", function()
    new_gateway "refuse=qdl.open#*:2"
    assert.are_not.equal(0, swupdate(make_swu(clients.images())).status)
    assert.is_true(clients.sends(gateway) >= 3)
    assert.equal(OLD, clients.runs(gateway))
    assert.falsy(sys.stat(images_folder()))
  end)
end)

local no_cpio = clients.missing("cpio")
local only_with_cpio = no_cpio and pending or describe

only_with_cpio("make-swu" .. (no_cpio and ": " .. no_cpio or ""), function()
  local MAKE = "packaging/swupdate/make-swu"
  local out

  before_each(function() out = support.folder() .. "/modem.swu" end)
  after_each(support.finish)

  local function make(arguments, environment)
    return support.run({ arguments.program or MAKE, out, arguments.board or "gateway",
      arguments.revision or "1.0", arguments.version or NEW, unpack(arguments) },
      { environment = environment })
  end

  local function refuses(words, ...)
    local run = make(...)
    assert.are_not.equal(0, run.status)
    assert.matches(words, run.stderr)
    assert.same({}, sys.list(out:match "^(.*)/"))
  end

  -- A file of that name; what is in it does not matter.
  local function named(name)
    local path = support.folder() .. "/" .. name
    assert(sys.write_file(path, "x"))
    return path
  end

  it("says how it is used", function()
    local run = support.run { MAKE, "x.swu" }
    assert.equal(1, run.status)
    assert.truthy(run.stderr:find("usage", 1, true))
  end)

  it("can be called by another name", function()
    local link = support.folder() .. "/link"
    assert(sys.symlink(sys.real_path(MAKE), link))
    local run = make { program = link, named "a.cwe" }
    assert.equal(0, run.status, run.stderr)
    assert.truthy(sys.stat(out))
  end)

  it("refuses names that no device could take", function()
    local image = named "a.cwe"
    for _, board in ipairs { "my.board", "9board", "my board", "version", "files", "reboot", "True",
      "hardware-compatibility", "embedded-script", "bootloader_state_marker" } do
      refuses("BOARD", { board = board, image })
    end
    refuses("REVISION", { revision = '1"0', image })
    refuses("VERSION", { version = '1"0', image })
    refuses("VERSION", { version = "1\n0", image })
    for _, name in ipairs { 'a"b.cwe', "a b.cwe", ".cwe" } do refuses("name of an image", { named(name) }) end
    for _, name in ipairs { "sw-description", "sw-description.sig", "moonflash.sh" } do
      refuses("cannot be called", { named(name) })
    end
    refuses("two images", { named "a.cwe", named "a.cwe" })
  end)

  it("refuses a folder that its script could not name", function()
    for _, folder in ipairs { "/a b", "/a&b", "/a|b", "/a;b", "relative" } do
      refuses("FOLDER", { named "a.cwe" }, { FOLDER = folder })
    end
  end)

  it("signs with both or not at all", function()
    refuses("both", { named "a.cwe" }, { KEY = "key.pem" })
    refuses("both", { named "a.cwe" }, { CERTIFICATE = "certificate.pem" })
  end)

  it("leaves no file behind when it has failed", function()
    local device = clients.device_with { root = support.folder() }
    clients.install(device, "cpio", "#!/bin/sh\nexit 1\n")
    refuses("", { named "a.cwe" }, { PATH = device.environment.PATH })
  end)

  it("refuses damaged and incomplete images where moonflash is installed", function()
    local device = clients.device_with { root = support.folder() }
    local environment = { PATH = device.environment.PATH }
    local good = clients.images()
    local bad = clients.images(function(bytes) return bytes:sub(1, 5000) .. "x" .. bytes:sub(5002) end)
    refuses("no update", { bad[1], bad[2] }, environment)
    refuses("no update", { good[1] }, environment)
    assert.equal(0, make({ good[1], good[2] }, environment).status)
  end)
end)

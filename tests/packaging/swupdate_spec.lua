-- make-swu's updates installed by SWUpdate itself (Debian: swupdate) on a simulated modem. Debian's
-- wants signed updates, so these are.
local clients = require "tests.packaging.clients"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local PATIENCE_MS = 60000
local OLD, NEW = clients.OLD, clients.NEW

local gateway

local function new_gateway(...)
  gateway = clients.device(...)
  gateway.certificate, gateway.key = gateway.folder .. "/certificate", gateway.folder .. "/key"
  local run = support.run { "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
    "-subj", "/CN=moonflash",
    "-addext", "extendedKeyUsage=emailProtection", "-out", gateway.certificate, "-keyout", gateway.key }
  assert.equal(0, run.status, run.stderr)
end

local function make_swu(files)
  local path = gateway.folder .. "/modem.swu"
  local environment = { CERTIFICATE = gateway.certificate, KEY = gateway.key,
    FOLDER = gateway.folder .. "/images" }
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
    assert.falsy(sys.stat(gateway.folder .. "/images"))
    assert.falsy(sys.stat(gateway.folder .. "/images.before"))
  end)

  it("has failed when an image is damaged, and the modem is as it was", function()
    new_gateway()
    local bad = clients.images(function(bytes) return bytes:sub(1, 5000) .. "x" .. bytes:sub(5002) end)
    assert.are_not.equal(0, swupdate(make_swu(bad)).status)
    assert.equal(0, clients.sends(gateway))
    assert.equal(OLD, clients.runs(gateway))
  end)

  it("has failed when no transfer succeeds, and the modem runs what it ran", function()
    new_gateway "refuse=qdl.done#*:2"
    assert.are_not.equal(0, swupdate(make_swu(clients.images())).status)
    assert.is_true(clients.sends(gateway) >= 3)
    assert.equal(OLD, clients.runs(gateway))
    assert.falsy(sys.stat(gateway.folder .. "/images"))
  end)
end)

describe("make-swu", function()
  it("says how it is used", function()
    local run = support.run { "packaging/swupdate/make-swu", "x.swu" }
    support.finish()
    assert.equal(1, run.status)
    assert.truthy(run.stderr:find("usage", 1, true))
  end)
end)

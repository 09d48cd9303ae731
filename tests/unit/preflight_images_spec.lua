-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The check of images that are fetched: does the way to them lead over the modem?
local failure = require "moonflash.base.failure"
local fake_machine = require "tests.fakes.machine"
local modems = require "tests.fakes.modems"
local preflight = require "moonflash.host.preflight"
local url = require "moonflash.image.url"

local usb2 = modems.copy(modems.running, { place = "1-6", peer = "2-3", speed = 480 })

-- What resolvers print for vendor.example: getent of glibc; nslookup of BusyBox 1.35, of OpenWrt 19.07, and older.
local GETENT = "192.0.2.1       STREAM vendor.example\n192.0.2.1       DGRAM  \n192.0.2.1       RAW    \n"
  .. "2001:db8::1     STREAM \n2001:db8::1     DGRAM  \n2001:db8::1     RAW    \n"
local NSLOOKUP = "Server:\t\t127.0.0.1\nAddress:\t127.0.0.1:53\n\nNon-authoritative answer:\nName:\tvendor.example\n"
  .. "Address: 198.51.100.7\nName:\tvendor.example\nAddress: 192.0.2.1\n\n"
  .. "Non-authoritative answer:\nName:\tvendor.example\nAddress: 2001:db8::1\n\n"
local NSLOOKUP_OF_19_07 = "Server:\t\t127.0.0.1\nAddress:\t127.0.0.1#53\n\nName:      vendor.example\n"
  .. "Address 1: 192.0.2.1\nAddress 2: 2001:db8::1\n"
local OLD_NSLOOKUP = "Server:    127.0.0.1\nAddress 1: 127.0.0.1 localhost\n\nName:      vendor.example\n"
  .. "Address 1: 192.0.2.1 web.vendor.example\nAddress 2: 2001:db8::1 web.vendor.example\n"

describe("images that are fetched", function()
  local machine, getenv, environment

  before_each(function()
    machine = fake_machine.new(usb2)
    getenv, environment = os.getenv, {}
    os.getenv = function(name) return environment[name] end -- luacheck: ignore
  end)

  after_each(function()
    os.getenv = getenv -- luacheck: ignore
    machine:remove()
  end)

  -- A program `ip` by which addresses that match a pattern are reached through wwan0 and all others through eth0.
  local function with_routes(pattern)
    machine:program("sbin/ip", ('case "$4" in %s) name=wwan0;; *) name=eth0;; esac\n'
      .. 'echo "$4 via 198.51.100.1 dev $name src 198.51.100.9 uid 0"'):format(pattern))
  end

  local function with_resolver(name, says, status)
    machine:program("usr/bin/" .. name, ("cat <<'END'\n%sEND\nexit %d"):format(says, status or 0))
  end

  local function check(...)
    local job = machine:job()
    job.files = { ... }
    local clear, problem = preflight.check_images(job)
    assert(clear or problem)
    return clear, problem
  end

  it("over the modem are refused, with what to do instead", function()
    with_resolver("getent", GETENT)
    with_routes "192.0.2.1"
    local _, problem = check("/tmp/new.nvu", "https://vendor.example/new.cwe")
    assert.equal("source.over_modem", problem.code)
    assert.equal("the route to vendor.example is wwan0", problem.evidence)
    assert.matches("^save .*; or continue with %-%-skip images$", failure.hint(problem))
    assert.same({ "getent ahosts vendor.example", "ip -4 route get 192.0.2.1" }, machine:calls())
  end)

  for name, setup in pairs {
    ["getent"] = { "getent", GETENT },
    ["nslookup"] = { "nslookup", NSLOOKUP },
    ["nslookup of OpenWrt 19.07"] = { "nslookup", NSLOOKUP_OF_19_07 },
    ["an old nslookup"] = { "nslookup", OLD_NSLOOKUP },
    ["nslookup that fails for one kind of address"] = { "nslookup",
      NSLOOKUP .. "** server can't find vendor.example: SERVFAIL\n\n", 1 },
  } do
    it("are looked up with " .. name, function()
      with_resolver(unpack(setup))
      for _, address in ipairs { "192.0.2.1", "2001:db8::1" } do
        with_routes(address)
        local _, problem = check "http://vendor.example/new.cwe"
        assert.equal("source.over_modem", problem and problem.code, address)
      end
      with_routes "127.0.0.1" -- the server of the names
      assert.is_true(check "http://vendor.example/new.cwe")
    end)
  end

  it("are looked up with nslookup when getent knows no address", function()
    with_resolver("getent", "", 2)
    with_resolver("nslookup", NSLOOKUP)
    with_routes "192.0.2.1"
    assert.is_nil((check "http://vendor.example/new.cwe"))
  end)

  it("may be at an address", function()
    with_routes "192.0.2.1|2001:db8::1"
    assert.is_nil((check "http://192.0.2.1:8080/new.cwe"))
    assert.is_nil((check "https://[2001:db8::1]/new.zip:a.cwe"))
    assert.is_true(check "http://192.0.2.2/new.cwe")
  end)

  it("from one host are looked up once", function()
    with_resolver("getent", GETENT)
    with_routes "nothing"
    assert.is_true(check("http://vendor.example/new.cwe", "http://vendor.example/new.nvu"))
    assert.equal(3, #machine:calls())
  end)

  it("pass when nothing says where they come from", function()
    assert.is_true(check "http://vendor.example/new.cwe")
    with_resolver("nslookup", "Server:\t\t127.0.0.1\nAddress:\t127.0.0.1:53\n\n"
      .. "** server can't find vendor.example: NXDOMAIN\n", 1)
    with_routes "*"
    assert.is_true(check "http://vendor.example/new.cwe")
  end)

  it("pass when they are files", function()
    with_routes "*"
    assert.is_true(check("/tmp/new.cwe", "-", "http:/new.zip"))
    assert.same({}, machine:calls())
  end)

  it("pass with a warning when the check is skipped", function()
    with_routes "*"
    local job = machine:job { skip = { images = true } }
    job.files = { "http://192.0.2.1/new.cwe" }
    assert.is_true(preflight.check_images(job))
    assert.equal("source.over_modem", machine.warnings[1].code)
    assert.matches("^skipped: the images come over the modem", machine.warnings[1].message)
  end)

  it("are no matter of the checks of the computer", function()
    with_routes "*"
    local job = machine:job()
    job.files = { "http://192.0.2.1/new.cwe" }
    assert.is_true(preflight.check(job))
  end)

  it("come from the host of their URL, or from that of a proxy", function()
    for spec, host in pairs {
      ["http://joe:s@cret@Vendor.example:8080/a@b?c"] = "Vendor.example", ["HTTPS://vendor.example"] = "vendor.example",
      ["http://[2001:db8::1]:80/x"] = "2001:db8::1", ["http://192.0.2.1#x"] = "192.0.2.1", ["http://-x/"] = false,
      ["ftp://vendor.example/x"] = false, ["/http://vendor.example/x"] = false, ["-"] = false,
    } do
      assert.equal(host or nil, url.host(spec), spec)
    end
    environment = { http_proxy = "http://joe:x@proxy.example:3128/", https_proxy = "10.0.0.1:3128" }
    assert.equal("proxy.example", url.host "http://vendor.example/x")
    assert.equal("10.0.0.1", url.host "https://vendor.example/x")
    environment = { http_proxy = "" }
    assert.equal("vendor.example", url.host "http://vendor.example/x")
  end)
end)

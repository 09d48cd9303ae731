-- The update module driven by Mender's own client and mender-artifact (Debian: mender-client,
-- mender-artifact) against a simulated modem. The client's folders are replaced in a mount namespace
-- of its own, so nothing of the machine is touched; that needs root.
local clients = require "tests.packaging.clients"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local PATIENCE_MS, NOTHING_TO_COMMIT = 60000, 2
local OLD, NEW = clients.OLD, clients.NEW

local function lacking()
  local missing = clients.missing("mender", "mender-artifact", "unshare")
  if missing then return missing end
  local run = support.run { "unshare", "-m", "true" }
  support.finish()
  return run.status ~= 0 and "mount namespaces are not allowed here" or nil
end

local gateway

local function new_gateway(...)
  gateway = clients.device(...)
  for _, name in ipairs { "etc", "data", "modules" } do
    assert(sys.make_folder(gateway.folder .. "/" .. name))
  end
  assert(sys.write_file(gateway.folder .. "/etc/artifact_info", "artifact_name=base\n"))
  assert(sys.write_file(gateway.folder .. "/data/device_type", "device_type=gateway\n"))
  assert(sys.symlink(sys.real_path "packaging/mender/moonflash", gateway.folder .. "/modules/moonflash"))
end

local IN_ITS_PLACE = [[
  mount --bind "$1/modules" /usr/share/mender/modules/v3 && mount --bind "$1/etc" /etc/mender &&
  shift && exec mender "$@"
]]

local function mender(...)
  return support.run({ "unshare", "-m", "sh", "-c", IN_ITS_PLACE, "sh", gateway.folder, "--no-syslog",
    "--data", gateway.folder .. "/data", ... },
    { environment = gateway.environment, deadline_ms = PATIENCE_MS })
end

local function artifact(spoil)
  local path = support.folder() .. "/modem.mender"
  local argv = { "mender-artifact", "write", "module-image", "-T", "moonflash", "-t", "gateway",
    "-n", "modem-" .. NEW, "-o", path }
  for _, file in ipairs(clients.images(spoil)) do
    argv[#argv + 1] = "-f"
    argv[#argv + 1] = file
  end
  local run = support.run(argv)
  assert.equal(0, run.status, run.stderr)
  return path
end

local missing = lacking()
local only = missing and pending or describe

only("the Mender module" .. (missing and ": " .. missing or ""), function()
  after_each(support.finish)

  it("updates a modem, and commits what the modem reports", function()
    new_gateway()
    local installed = mender("install", artifact())
    assert.equal(0, installed.status, installed.stderr)
    assert.equal(NEW, clients.runs(gateway))
    local committed = mender "commit"
    assert.equal(0, committed.status, committed.stderr)
    assert.same({}, sys.list(gateway.folder .. "/data/modules/v3/payloads/0000"))
  end)

  it("goes back to the pair the modem stores", function()
    new_gateway()
    assert.equal(0, mender("install", artifact()).status)
    local back = mender "rollback"
    assert.equal(0, back.status, back.stderr)
    assert.equal(OLD, clients.runs(gateway))
  end)

  it("does not commit when the modem runs something else by then", function()
    new_gateway()
    assert.equal(0, mender("install", artifact()).status)
    clients.moonflash(gateway, "switch", OLD .. "_GENERIC")
    assert.are_not.equal(0, mender("commit").status)
    assert.equal(OLD, clients.runs(gateway))
  end)

  it("stops at a damaged image while it is downloaded", function()
    new_gateway()
    local bad = artifact(function(bytes) return bytes:sub(1, 5000) .. "x" .. bytes:sub(5002) end)
    assert.are_not.equal(0, mender("install", bad).status)
    assert.equal(0, clients.sends(gateway))
    assert.equal(OLD, clients.runs(gateway))
  end)

  it("sends again when a transfer breaks", function()
    new_gateway "vanish-chunk=1"
    local installed = mender("install", artifact())
    assert.equal(0, installed.status, installed.stderr)
    assert.equal(NEW, clients.runs(gateway))
  end)

  it("ends with the old firmware when no transfer succeeds", function()
    new_gateway "refuse=qdl.done#*:2"
    assert.are_not.equal(0, mender("install", artifact()).status)
    assert.is_true(clients.sends(gateway) >= 3)
    assert.equal(OLD, clients.runs(gateway))
    assert.equal(NOTHING_TO_COMMIT, mender("commit").status)
  end)
end)

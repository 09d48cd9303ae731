-- The update module driven by Mender's own client and mender-artifact (Debian: mender-client,
-- mender-artifact) against a simulated modem. The client's folders are replaced in a mount namespace
-- of its own, so nothing of the machine is touched; that needs root.
local packages = require "tests.images.packages"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local PATIENCE_MS = 60000
local OLD, NEW = "02.08.02.00", "02.33.03.00"

local function program(name)
  for folder in os.getenv("PATH"):gmatch "[^:]+" do
    if sys.access(folder .. "/" .. name, "x") then return true end
  end
end

local function lacking()
  for _, name in ipairs { "mender", "mender-artifact", "unshare" } do
    if not program(name) then return name .. " is not installed (tests/packaging/packages.sh)" end
  end
  local run = support.run { "unshare", "-m", "true" }
  support.finish()
  return run.status ~= 0 and "mount namespaces are not allowed here" or nil
end

local missing = lacking()

local gateway, modem, environment

local function new_gateway(...)
  gateway = support.folder()
  for _, name in ipairs { "etc", "data", "modules", "bin" } do
    assert(sys.make_folder(gateway .. "/" .. name))
  end
  assert(sys.write_file(gateway .. "/etc/artifact_info", "artifact_name=base\n"))
  assert(sys.write_file(gateway .. "/data/device_type", "device_type=gateway\n"))
  assert(sys.symlink(sys.real_path "packaging/mender/moonflash", gateway .. "/modules/moonflash"))
  assert(sys.symlink(sys.real_path(support.program), gateway .. "/bin/moonflash"))
  modem = support.simulator("mc7455", { time_scale = 0.01, faults = { ... } })
  environment = { MOONFLASH_ROOT = modem.root, PATH = gateway .. "/bin:" .. os.getenv "PATH" }
end

local IN_ITS_PLACE = [[
  mount --bind "$1/modules" /usr/share/mender/modules/v3 && mount --bind "$1/etc" /etc/mender &&
  shift && exec mender "$@"
]]

local function mender(...)
  return support.run({ "unshare", "-m", "sh", "-c", IN_ITS_PLACE, "sh", gateway, "--no-syslog",
    "--data", gateway .. "/data", ... }, { environment = environment, deadline_ms = PATIENCE_MS })
end

-- An artifact with images of 1.5 MB; `spoil` may change their bytes.
local function artifact(spoil)
  local folder, options = support.folder(), { size = 1500000 }
  local path = folder .. "/modem.mender"
  local argv = { "mender-artifact", "write", "module-image", "-T", "moonflash", "-t", "gateway",
    "-n", "modem-" .. NEW, "-o", path }
  for _, image in ipairs { packages.firmware(options), packages.settings(options) } do
    local file = packages.write(image, folder)
    if spoil then assert(sys.write_file(file, spoil((sys.read_file(file))))) end
    argv[#argv + 1], argv[#argv + 2] = "-f", file
  end
  local run = support.run(argv)
  assert.equal(0, run.status, run.stderr)
  return path
end

local function runs()
  local run = support.run({ support.program, "status" }, { environment = environment })
  assert.equal(0, run.status, run.stdout .. run.stderr)
  return run.stdout:match "runs: *(%S+)"
end

local function sends()
  local _, count = sys.read_file(modem.root .. "/log"):gsub('"command":"open"', "")
  return count
end

local only = missing and pending or describe

only("the Mender module" .. (missing and ": " .. missing or ""), function()
  after_each(support.finish)

  it("updates a modem, and commits what the modem reports", function()
    new_gateway()
    local installed = mender("install", artifact())
    assert.equal(0, installed.status, installed.stderr)
    assert.equal(NEW, runs())
    local committed = mender "commit"
    assert.equal(0, committed.status, committed.stderr)
    assert.same({}, sys.list(gateway .. "/data/modules/v3/payloads/0000"))
  end)

  it("goes back to the pair the modem stores", function()
    new_gateway()
    assert.equal(0, mender("install", artifact()).status)
    local back = mender "rollback"
    assert.equal(0, back.status, back.stderr)
    assert.equal(OLD, runs())
  end)

  it("does not commit when the modem runs something else by then", function()
    new_gateway()
    assert.equal(0, mender("install", artifact()).status)
    local argv = { support.program, "switch", OLD .. "_GENERIC" }
    local switched = support.run(argv, { environment = environment })
    assert.equal(0, switched.status, switched.stderr)
    assert.are_not.equal(0, mender("commit").status)
    assert.equal(OLD, runs())
  end)

  it("stops at a damaged image while it is downloaded", function()
    new_gateway()
    local bad = artifact(function(bytes) return bytes:sub(1, 5000) .. "x" .. bytes:sub(5002) end)
    local installed = mender("install", bad)
    assert.are_not.equal(0, installed.status)
    assert.equal(0, sends())
    assert.equal(OLD, runs())
  end)

  it("sends again when a transfer breaks", function()
    new_gateway("vanish-chunk=1")
    local installed = mender("install", artifact())
    assert.equal(0, installed.status, installed.stderr)
    assert.equal(NEW, runs())
  end)

  it("ends with the old firmware when no transfer succeeds", function()
    new_gateway("refuse=qdl.done#*:2")
    local installed = mender("install", artifact())
    assert.are_not.equal(0, installed.status)
    assert.is_true(sends() >= 3)
    assert.equal(OLD, runs())
    local NOTHING_TO_COMMIT = 2
    assert.equal(NOTHING_TO_COMMIT, mender("commit").status)
  end)
end)

-- Whole updates on the simulated modem, as a user runs them: what went over the wire, what the
-- program said, how it ended, and that the second run after a failure succeeds.
local cjson = require "cjson"
local packages = require "tests.images.packages"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local SIZE = 2500000

local function images(options)
  local folder = support.folder()
  options = options or {}
  options.size = options.size or SIZE
  local firmware, settings = packages.firmware(options), packages.settings(options)
  return { packages.write(firmware, folder), packages.write(settings, folder) }
end

local function simulator(...)
  return support.simulator("mc7455", { time_scale = 0.01, faults = { ... } })
end

local function moonflash(root, ...)
  local argv = { support.program, "--root", root, "--json", ... }
  local run = support.run(argv, { deadline_ms = 60000 })
  local lines = {}
  for line in run.stdout:gmatch "[^\n]+" do lines[#lines + 1] = cjson.decode(line) end
  run.result, run.lines = lines[#lines], lines
  assert.equal("result", run.result.event)
  assert.equal(run.status, run.result.exit)
  assert.falsy((run.stdout .. run.stderr):find("traceback", 1, true))
  return run
end

local function commands(root)
  local names = {}
  for _, entry in ipairs(support.log(root, "qdl")) do
    local name = entry.command
    if name ~= "write" or names[#names] ~= "write" then names[#names + 1] = name end
  end
  return names
end

local function changed(root)
  for _, entry in ipairs(support.log(root, "qmi")) do
    if entry.message == "0x0048" or entry.message == "0x002e" then return true end
  end
  return #support.log(root, "qdl") > 0
end

local new = { firmware = "02.33.03.00", carrier = "GENERIC", config = "002.072_000" }
local old = { firmware = "02.08.02.00", carrier = "GENERIC", config = "002.007_001" }

describe("moonflash update", function()
  after_each(support.finish)

  it("takes an MC7455 from old to new firmware, byte for byte as documented", function()
    local files, modem = images(), simulator()
    local run = moonflash(modem.root, "update", files[2], files[1])
    assert.equal(0, run.status, run.stderr)
    assert.same(old, run.result.before)
    assert.same(new, run.result.after)
    assert.equal(cjson.null, run.result.failure)
    local image = { "hello", "open", "write", "done" }
    assert.same({ "switch", "hello", image[1], image[2], image[3], image[4], image[1], image[2], image[3],
                  image[4], "reset" }, commands(modem.root))
    assert.is_true(support.contents(modem.root .. "/received/1.cwe") == support.contents(files[1]))
    assert.is_true(support.contents(modem.root .. "/received/2.cwe") == support.contents(files[2]))
    assert.same({}, support.log(modem.root, "violation"))
  end)

  it("has nothing to do the second time, and sends the images again when forced", function()
    local files, modem = images(), simulator()
    assert.equal(0, moonflash(modem.root, "update", files[1], files[2]).status)
    local again = moonflash(modem.root, "update", files[1], files[2])
    assert.equal(2, again.status)
    assert.is_true(again.result.ok)
    local forced = moonflash(modem.root, "update", "--force", files[1], files[2])
    assert.equal(0, forced.status, forced.stderr)
    assert.truthy(sys.stat(modem.root .. "/received/4.cwe"))
  end)

  it("switches without a download to what the modem stores", function()
    local files = images { version = "02.14.03.02", carrier = "SPRINT", config = "002.012_001" }
    local modem = simulator()
    local run = moonflash(modem.root, "update", files[1], files[2])
    assert.equal(0, run.status, run.stderr)
    assert.same({}, commands(modem.root))
    assert.equal("SPRINT", run.result.after.carrier)
  end)

  it("goes on from download mode", function()
    local files, modem = images(), simulator("start=download", "window=600")
    local run = moonflash(modem.root, "update", "--timeout-scale", "0.1", files[1], files[2])
    assert.equal(0, run.status, run.stderr)
    assert.same(new, run.result.after)
  end)

  it("takes both known answers to 0x70, and none", function()
    for _, fault in ipairs { "ack-0x70", "error-0x70", "no-answer-0x70" } do
      local files, modem = images(), simulator(fault, "window=600")
      local run = moonflash(modem.root, "update", "--timeout-scale", "0.2", files[1], files[2])
      assert.equal(0, run.status, fault .. run.stderr)
    end
  end)

  it("tries the next route when the preference is refused in action", function()
    local files, modem = images(), simulator "no-preference"
    local run = moonflash(modem.root, "update", files[1], files[2])
    assert.equal(0, run.status, run.stderr)
    local ids = {}
    for _, entry in ipairs(support.log(modem.root, "qmi")) do ids[entry.message] = true end
    assert.is_true(ids["0x003e"])
  end)
end)

describe("a transfer that breaks", function()
  after_each(support.finish)

  local function breaks(fault, scale)
    local files, modem = images(), simulator(fault)
    local run = moonflash(modem.root, "update", "--timeout-scale", scale or "0.01", files[1], files[2])
    if run.status ~= 0 then
      assert.is_false(run.result.ok)
      assert.truthy(run.result.failure.code)
      assert.truthy(run.result.failure.hint)
      assert.equal("send images", run.result.failure.step)
      assert.equal(7, run.status, run.stderr)
      run = moonflash(modem.root, "update", files[1], files[2])
    end
    assert.equal(0, run.status, fault .. run.stderr)
    assert.same(new, run.result.after)
  end

  it("ends well when an acknowledgement is wrong", function() breaks "bad-ack=2" end)
  it("ends well when the modem vanishes in the middle", function() breaks("vanish-chunk=2", "1") end)
  it("ends well when a write is refused", function() breaks "refuse=qdl.write#2:1" end)
  it("ends well when the open is answered by an error frame", function() breaks "error=qdl.open:5" end)
  it("ends well when the done is refused", function() breaks "refuse=qdl.done:2" end)
  it("ends well when every answer comes byte by byte", function() breaks "split=qdl.open" end)
  it("ends well when stale bytes come first", function() breaks "stale=qdl.hello" end)
end)

describe("bad input", function()
  after_each(support.finish)

  local function refused(status, code, run)
    assert.equal(status, run.status, run.stderr)
    assert.is_false(run.result.ok)
    assert.equal(code, run.result.failure.code)
    assert.truthy(run.result.failure.message)
    assert.truthy(run.result.failure.hint)
    return run
  end

  it("is a missing file", function()
    local modem = simulator()
    refused(4, "source.not_found", moonflash(modem.root, "update", "/nowhere/x.cwe"))
    assert.is_false(changed(modem.root))
  end)

  it("is an image that was cut off", function()
    local files, modem = images(), simulator()
    local cut = support.folder() .. "/cut.cwe"
    assert(sys.write_file(cut, support.contents(files[1]):sub(1, -100)))
    refused(4, "image.corrupt", moonflash(modem.root, "update", cut, files[2]))
    assert.is_false(changed(modem.root))
  end)

  it("is an image with one wrong byte", function()
    local files, modem = images(), simulator()
    local bytes, bad = support.contents(files[1]), support.folder() .. "/bad.cwe"
    local at = 1234567
    local other = string.char((bytes:byte(at) + 1) % 256)
    assert(sys.write_file(bad, bytes:sub(1, at - 1) .. other .. bytes:sub(at + 1)))
    refused(4, "image.corrupt", moonflash(modem.root, "update", bad, files[2]))
    assert.is_false(changed(modem.root))
  end)

  it("is an image for another family", function()
    local files = images { family = "SWI9X15C", version = "05.05.58.01" }
    local modem = simulator()
    refused(4, "image.wrong_model", moonflash(modem.root, "update", files[1], files[2]))
    assert.is_false(changed(modem.root))
  end)

  it("is a firmware without settings", function()
    local files, modem = images(), simulator()
    refused(4, "image.incomplete_set", moonflash(modem.root, "update", files[1]))
    assert.is_false(changed(modem.root))
  end)

  it("is no modem", function()
    local files, root = images(), support.folder()
    assert(sys.make_folder(root .. "/sys/bus/usb/devices"))
    refused(5, "device.none", moonflash(root, "update", files[1], files[2]))
  end)

  it("is a port that is not QDL, and the modem stays where it is", function()
    local files, modem = images(), simulator("start=download", "diag-instead", "window=600")
    local run = moonflash(modem.root, "update", "--timeout-scale", "0.1", files[1], files[2])
    refused(7, "qdl.diag_port", run)
    assert.same({}, commands(modem.root))
  end)
end)

describe("moonflash plan", function()
  after_each(support.finish)

  it("lists the steps and sends nothing that changes the modem", function()
    local files, modem = images(), simulator()
    local run = moonflash(modem.root, "plan", files[1], files[2])
    assert.equal(0, run.status, run.stderr)
    assert.is_false(changed(modem.root))
    local steps
    for _, line in ipairs(run.lines) do steps = steps or line.steps end
    assert.equal("read versions", steps[1].step)
    assert.is_false(steps[1].changes)
    assert.truthy(#steps >= 6)
  end)
end)

describe("an interrupted update", function()
  after_each(support.finish)

  it("is a clean stop before the reset: the preference is as it was", function()
    local files = images()
    local modem = support.simulator("mc7455", { time_scale = 0.02 })
    local child = support.start { support.program, "--root", modem.root, "update", files[1], files[2] }
    while child:line() ~= "enter download mode" do end
    child:kill "INT"
    assert.equal(9, child:wait(60000))
    local run = moonflash(modem.root, "update", files[1], files[2])
    assert.equal(0, run.status, run.stderr)
  end)
end)

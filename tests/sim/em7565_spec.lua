-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Whole runs on a simulated EM7565, whose loader speaks Sahara and Firehose. The simulator was written from the same
-- reference, but by others: it checks every byte that the loader gets.
local stage = require "tests.sim.stage"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local new, old = stage.new.em7565, stage.old.em7565

local function moonflash(modem, name, ...)
  return stage.moonflash(modem, name, "--timeout-scale", "0.2", ...)
end

-- For runs that wait for what does not come.
local function impatient(modem, name, ...)
  return stage.moonflash(modem, name, "--timeout-scale", "0.05", ...)
end

-- Modems were seen to wait in their loaders for good (reference: firehose 3).
local function em7565(...)
  return stage.modem("em7565", { faults = { "window=60000", ... } })
end

-- The messages that the loader got, in their order; the pieces of an image are one.
local function session(modem)
  local list = {}
  for _, entry in ipairs(stage.log(modem)) do
    if entry.event == "sahara" or entry.event == "firehose" then list[#list + 1] = entry.command end
  end
  return table.concat(list, " ")
end

local function assert_no_violation(modem)
  local list = stage.log(modem, "violation")
  assert.same({}, list)
end

local function assert_well(modem, pair)
  local run = stage.moonflash(modem, "status")
  local seen = run.lines[1]
  assert.equal("application", seen.mode, run.stderr)
  assert.equal("online", seen.power.mode)
  assert.same(pair, seen.running)
  assert.same(pair, seen.preferred)
end

local function count(text, words)
  return select(2, text:gsub(words, ""))
end

describe("an EM7565", function()
  after_each(support.finish)

  it("is updated in one session, with the messages of libqmi", function()
    local modem = em7565()
    local run = moonflash(modem, "update", "-v", unpack(stage.images "em7565"))
    assert.equal(0, run.status, run.stderr)
    assert_no_violation(modem)
    -- the loader reads the zeros with the next document, which fails
    assert.equal("response execute data nop configure getstorageinfo program write zeros program program write zeros "
      .. "power power", session(modem))
    assert_well(modem, new)
    assert.equal(1, count(run.stderr, "experimental"))
    assert.matches("the loader says: SWI CWE image processed OK", run.stderr)
    assert.equal(2, moonflash(modem, "update", unpack(stage.images "em7565")).status)
  end)

  it("is planned, listed and looked at without a byte to its loader", function()
    local modem = em7565 "start=download"
    local files = stage.images "em7565"
    local plan = moonflash(modem, "plan", unpack(files))
    assert.equal(0, plan.status, plan.stderr)
    assert.equal(1, count(plan.stderr, "experimental"))
    local status = moonflash(modem, "status")
    assert.same({ "EM7565", "download" }, { status.lines[1].model, status.lines[1].mode })
    assert.equal("EM7565", moonflash(modem, "devices").lines[1].devices[1].model)
    assert.equal("", session(modem))
    local run = moonflash(modem, "update", unpack(files)) -- its hello is still there
    assert.equal(0, run.status, run.stderr)
    assert_no_violation(modem)
  end)

  local variants = {
    { "the answers of a new loader, cut, and a hello of mode 0", "generation=new", "delivery=cut", "hello-mode=0" },
    { "all answers in one read, behind a log that nobody asked for", "delivery=joined", "unasked-log" },
    { "a line a read, and a hundred bad blocks", "delivery=lines", "bad-blocks=100" },
    { "the NAK of the zeros at once, and no answer to the reset", "zero-block=now", "silent-power" },
    { "sectors of 2048 bytes, and answers that are cut", "sector-size=2048", "delivery=cut" },
    { "blocks of 1 MiB, a late hello, and other places", "max-payload=1048576", "late=sahara.hello:500",
      "boot-place=1-3", "come-back-place=1-4" },
    { "MBIM", "composition=8" },
  }
  for _, variant in ipairs(variants) do
    it("is updated with " .. variant[1], function()
      local modem = em7565(unpack(variant, 2))
      local run = moonflash(modem, "update", unpack(stage.images "em7565"))
      assert.equal(0, run.status, run.stderr)
      assert_no_violation(modem)
      assert_well(modem, new)
    end)
  end

  it("an EM7511, is updated by the same model", function()
    local modem = stage.modem "em7511"
    local run = moonflash(modem, "update", unpack(stage.images "em7511"))
    assert.equal(0, run.status, run.stderr)
    assert_no_violation(modem)
  end)

  it("is given back as it was when its loader does not come, with the pin in the message", function()
    local modem = em7565 "skips-download"
    local run = moonflash(modem, "update", unpack(stage.images "em7565"))
    assert.equal(6, run.status, run.stderr)
    assert.matches("pin 25 %(DPR%)", run.stderr)
    assert_well(modem, old)
  end)

  it("is given back as it was when its loader refuses the program", function()
    local modem = em7565 "refuse=firehose.program#*"
    local run = moonflash(modem, "update", unpack(stage.images "em7565"))
    assert.equal(6, run.status, run.stderr)
    assert.equal("firehose.refused", run.result.failure.code)
    assert_no_violation(modem)
    assert_well(modem, old)
  end)

  it("stays in its loader when it refuses the package, says so, and takes it in the next run", function()
    local modem = em7565 "refuse=firehose.end"
    local files = stage.images "em7565"
    local run = moonflash(modem, "update", unpack(files))
    assert.equal(7, run.status, run.stderr)
    assert.equal("firehose.image_refused", run.result.failure.code)
    assert.matches("Package not compatible", run.stderr)
    assert.matches("download mode", run.stderr)
    assert.equal(0, count(session(modem), "power"))
    local again = moonflash(modem, "update", unpack(files))
    assert.equal(0, again.status, again.stderr)
    assert_well(modem, new)
  end)

  it("whose hello another program has read gets nothing, and is restarted as it was", function()
    local modem = em7565 "silence=sahara.hello"
    local files = stage.images "em7565"
    local run = impatient(modem, "update", unpack(files))
    assert.is_true(run.status == 6 or run.status == 0, run.stderr)
    assert.equal("reset", session(modem):match "^%l+") -- without a hello nothing else is sent in Sahara
    assert_well(modem, run.status == 0 and new or old)
  end)

  it("that refuses to switch is restarted, and updated in the same run", function()
    local modem = em7565 "refuse=sahara.execute"
    local run = moonflash(modem, "update", "-v", unpack(stage.images "em7565"))
    assert.equal(0, run.status, run.stderr)
    assert.matches("does not switch to Firehose %(status 31, command unsupported%)", run.stderr)
    assert.equal(1, count(session(modem), "reset"))
    assert_well(modem, new)
  end)

  it("is put back as it was when the user stops the run before it takes an image", function()
    local points = { { "usb", { action = "ready", mode = "download" } }, { "firehose", { command = "nop" } } }
    for _, point in ipairs(points) do
      local modem = em7565()
      local child = stage.start(modem, "update", "--timeout-scale", "0.1", unpack(stage.images "em7565"))
      stage.wait_for(modem, unpack(point))
      child:kill "INT"
      local run = stage.finish(child)
      assert.equal(9, run.status, run.stderr)
      assert_well(modem, old)
    end
  end)

  for _, fault in ipairs { "unplug=firehose.write#2", "unplug=firehose.end", "unplug=sahara.execute",
    "unplug=firehose.power" } do
    it("is well after the second run with " .. fault, function()
      local modem = em7565(fault)
      local files = stage.images "em7565"
      local run = moonflash(modem, "update", unpack(files))
      if run.status ~= 0 then run = moonflash(modem, "update", unpack(files)) end
      assert.is_true(run.status == 0 or run.status == 2, run.stderr)
      assert_well(modem, new)
    end)
  end
end)

describe("an update of an EM7565 that was killed", function()
  after_each(support.finish)

  local points = {
    { "when the preference was set", "preference", {} },
    { "at the answer to the hello", "sahara", { command = "response" } },
    { "at the ping", "firehose", { command = "nop" } },
    { "in the data", "firehose", { command = "write" } },
    { "when the firmware was whole", "image", { ok = true } },
    { "at the reset", "firehose", { command = "power" } },
  }

  -- A modem that is away is no modem.
  local function wait_until_present(modem)
    local patience = 2000
    while stage.last(modem, "usb").action ~= "ready" do
      sys.sleep_ms(5)
      patience = patience - 1
      assert(patience > 0, "the modem did not come back")
    end
  end

  for _, point in ipairs(points) do
    it(point[1] .. " succeeds the second time", function()
      local modem = stage.modem("em7565", { time_scale = 0.01, faults = { "window=60000" } })
      local files = stage.images("em7565", { size = 3000000 })
      local child = stage.start(modem, "update", unpack(files))
      stage.wait_for(modem, point[2], point[3])
      child:kill "KILL"
      child:wait()
      local run
      local runs = 0
      repeat -- a second run may meet a modem that restarts because of the first
        wait_until_present(modem)
        run, runs = moonflash(modem, "update", unpack(files)), runs + 1
      until run.status ~= 5 and run.status ~= 7 or runs == 5
      assert.is_true(run.status == 0 or run.status == 2, run.stderr .. run.stdout)
      assert_well(modem, new)
    end)
  end
end)

describe("an EM7565 that is not for an update", function()
  after_each(support.finish)

  local function assert_refused(modem, status, words, ...)
    for _, command in ipairs { "plan", "update" } do
      local run = moonflash(modem, command, ...)
      assert.equal(status, run.status, run.stderr)
      assert.matches(words, run.stderr)
    end
    assert.same({}, stage.log(modem, "preference"))
    assert.equal("", session(modem))
  end

  it("runs engineering firmware, or one that is too old", function()
    assert_refused(em7565 "running=00.06.02.00/GENERIC/000.001_000", 3, "engineering firmware",
      unpack(stage.images "em7565"))
    assert_refused(em7565 "running=01.02.01.00/GENERIC/001.012_000", 3, "01%.05%.01%.00", unpack(stage.images "em7565"))
  end)

  it("would go back behind 01.07", function()
    assert_refused(em7565(), 3, "forbids to go back", unpack(stage.images("em7565", { version = "01.05.01.00" })))
  end)

  it("gets one file alone, a package, or the images of another family", function()
    local modem, files = em7565(), stage.images "em7565"
    assert_refused(modem, 4, "nvu", files[1])
    assert_refused(modem, 4, "two files", files[1], "--carrier", "GENERIC", "--config-version", "002.048_000")
    assert_refused(modem, 4, "two files", unpack(stage.images("em7565", {}, { "package" })))
    assert_refused(modem, 4, "not for the EM7565", unpack(stage.images "mc7455"))
  end)

  it("waits in its loader for the images of another model", function()
    local run = moonflash(em7565 "start=download", "update", "--model", "mc7455", unpack(stage.images "mc7455"))
    assert.equal("image.wrong_model", run.result.failure.code)
    assert.equal(4, run.status, run.stderr)
  end)
end)

describe("recover of an EM7565", function()
  after_each(support.finish)

  it("without files restarts a loader that holds no half image", function()
    local modem = em7565 "start=download"
    local run = moonflash(modem, "recover")
    assert.equal(0, run.status, run.stderr)
    assert.equal("response execute data nop configure getstorageinfo power", session(modem))
    assert_well(modem, old)
  end)

  it("with files completes an update that was cut off", function()
    local modem, files = em7565 "unplug=firehose.write#1", stage.images "em7565"
    local run = moonflash(modem, "update", unpack(files))
    if run.status ~= 0 then run = moonflash(modem, "recover", unpack(files)) end
    assert.equal(0, run.status, run.stderr)
    assert_well(modem, new)
  end)
end)

-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- How events become text and JSON.
local failure = require "moonflash.base.failure"
local progress = require "moonflash.cli.progress"
local stage = require "tests.cli_stage"

local done = { ok = true, exit = 0,
  before = { firmware = "02.24.05.06", carrier = "GENERIC", config = "002.026_000" },
  after = { firmware = "02.33.03.00", carrier = "GENERIC", config = "002.072_000" } }

local function sending(sent, total, file)
  return { event = "progress", step = "send images", file = file or "a.cwe", sent = sent,
    total = total or 1e7 }
end

-- A megabyte each 200 ms.
local function ten_megabytes()
  local events = { { event = "step", step = "send images", state = "started" } }
  for megabyte = 0, 10 do
    events[#events + 1] = sending(megabyte * 1e6)
    events[#events + 1] = { sleep = 200 }
  end
  events[#events + 1] = { event = "step", step = "send images", state = "done" }
  return events
end

local function percents(text)
  local list = {}
  for number in text:gmatch "(%d+) %%" do list[#list + 1] = tonumber(number) end
  return list
end

describe("JSON", function()
  it("of an update is one object a line with v first and the result last", function()
    local said = stage.run({ "update", "a", "--json" }, { events = ten_megabytes(), result = done })
    for line in said.stdout:gmatch "[^\n]+" do assert.matches('^{"v":1,"t":%d+,"event":"', line) end
    local result = said.objects[#said.objects]
    assert.equal("result", result.event)
    assert.same(done.before, result.before)
    assert.same(done.after, result.after)
    assert.matches('"failure":null}\n$', said.stdout)
  end)

  it("tells how long a step and those behind it usually take", function()
    local event = { event = "step", step = "send images", state = "started", seconds = 90, behind = 74.6 }
    local said = stage.run({ "update", "a", "--json" }, { events = { event } })
    assert.same({ v = 1, t = 0, event = "step", step = "send images", state = "started", seconds = 90, behind = 75 },
      said.objects[1])
  end)

  it("tells each step, and rate and time left while sending", function()
    local said = stage.run({ "update", "a", "--json" }, { events = ten_megabytes(), result = done })
    assert.same({ v = 1, t = 0, event = "step", step = "send images", state = "started" }, said.objects[1])
    assert.same({ v = 1, t = 1000, event = "progress", step = "send images", file = "a.cwe", sent = 5e6,
      total = 1e7, rate = 5e6, eta = 1 }, said.objects[7])
  end)

  it("tells progress at most ten times a second, and the end in any case", function()
    local events = {}
    for i = 0, 1000 do
      events[#events + 1] = sending(i * 1e4)
      events[#events + 1] = { sleep = 1 }
    end
    local said = stage.run({ "update", "a", "--json" }, { events = events, result = done })
    assert.is_true(#said.objects <= 13 and #said.objects >= 10)
    assert.equal(1e7, said.objects[#said.objects - 1].sent)
  end)

  it("has no event that a script invents, which silences nothing", function()
    local events = { { event = "custom" }, { event = 5 }, { event = "step", step = "a", state = "odd" },
      { event = "say", message = "said afterwards" } }
    local said = stage.run({ "update", "a", "--json" }, { events = events, result = done })
    assert.same({ "step", "result" }, { said.objects[1].event, said.objects[2].event })
    assert.matches("said afterwards\n", said.stderr)
    assert.equal(0, said.status)
  end)

  it("has notes only with --verbose, and people get theirs on standard error", function()
    local events = { { event = "note", message = "trying the next route" },
      { event = "warning", code = "device.busy", message = "another program holds the port" } }
    local said = stage.run({ "update", "a", "--json" }, { events = events, result = done })
    assert.same({ "warning", 2 }, { said.objects[1].event, #said.objects })
    said = stage.run({ "update", "a", "--json", "-v" }, { events = events, result = done })
    assert.same({ "note", "trying the next route" }, { said.objects[1].event, said.objects[1].message })
    assert.same({ "warning", 3 }, { said.objects[2].event, #said.objects })
    assert.matches("trying the next route\n", said.stderr)
  end)
end)

describe("text", function()
  it("off a terminal has a line for each 10 %, and the rest is for the end", function()
    local said = stage.run({ "update", "a" }, { events = ten_megabytes(), result = done })
    local list = percents(said.stdout)
    assert.is_true(#list >= 9 and #list <= 11)
    assert.equal(95, list[#list])
    assert.matches("\ndone\n$", said.stdout)
    assert.is_nil(said.stdout:find "[\r\27]")
  end)

  it("never says 100 % of an update that failed", function()
    local failed = { ok = false, exit = 8, failure = failure.new("job.not_confirmed", "no") }
    local said = stage.run({ "update", "a" }, { events = ten_megabytes(), result = failed })
    assert.is_nil(said.stdout:find("100 %", 1, true))
  end)

  it("off a terminal has a line every 10 s when it is slow", function()
    local events = {}
    for i = 1, 5 do
      events[#events + 1] = sending(i)
      events[#events + 1] = { sleep = 10000 }
    end
    local said = stage.run({ "update", "a" }, { events = events, result = done })
    assert.equal(5, #percents(said.stdout))
  end)

  it("on a terminal rewrites one line that fits, at most ten times a second", function()
    local events = {}
    for i = 0, 1000 do
      events[#events + 1] = sending(i * 1e4)
      events[#events + 1] = { sleep = 1 }
    end
    for _, width in ipairs { 10, 40, 80, 200 } do
      local said = stage.run({ "update", "a" }, { events = events, result = done, width = width })
      local rewritten = 0
      for line in said.stdout:gmatch "\r\27%[K([^\r\n]+)" do
        rewritten = rewritten + 1
        if not line:find "^[bda]" then assert.is_true(#line < width, line) end
      end
      assert.is_true(rewritten >= 9 and rewritten <= 13)
    end
  end)

  it("has a bar where there is room", function()
    local event, seen = sending(5e6), { percent = 47, rate = 1e6, left = 5, in_all = 95 }
    assert.equal("send images  47 %  [#########...........]  5.0 MB of 10.0 MB  1.0 MB/s  1 min 35 s left",
      progress.line(event, seen, 90))
    assert.equal("send images  47 %  5.0 MB of 10.0 MB  1.0 MB/s  1 min 35 s left", progress.line(event, seen, 89))
    assert.equal("send images  47 %", progress.line(event, seen, 20))
  end)

  it("says that the modem writes its flash, for how long at most, and not to unplug it", function()
    local events = { sending(9e6) }
    table.insert(events, 1, { event = "step", step = "send images", state = "started", seconds = 90, behind = 75 })
    for _ = 1, 12 do
      events[#events + 1] = sending(10e6)
      events[#events].writes_within = 140
      events[#events + 1] = { sleep = 1000 }
    end
    local said = stage.run({ "update", "a" }, { events = events, result = done }).stdout
    assert.matches("send images  95 %%  the modem writes its flash, do not unplug it  0 s of at most 2 min 20 s"
      .. "  2 min 45 s left\n", said)
    assert.matches("do not unplug it  10 s of at most 2 min 20 s  2 min 35 s left\n", said)
    local _, count = said:gsub("do not unplug", "")
    assert.equal(2, count)
  end)

  it("shows in any width how long the modem has been writing, and from 40 columns on not to unplug it", function()
    local event, seen = sending(1e7), { percent = 94, rate = 0, in_all = 145, writes = 16 }
    event.writes_within = 140
    local function at(width) return progress.line(event, seen, width) end
    assert.equal("send images  94 %  the modem writes its flash, do not unplug it  16 s of at most 2 min 20 s"
      .. "  2 min 25 s left", at(199))
    assert.equal("send images  94 %  the modem writes its flash, do not unplug it  16 s  2 min 25 s left", at(99))
    assert.equal("send images  94 %  writing flash, do not unplug it  16 s  2 min 25 s left", at(79))
    assert.equal("send images  94 %  writing flash, do not unplug it  16 s", at(59))
    assert.equal("send images  94 %  do not unplug  16 s", at(39))
    assert.equal("send images  94 %  16 s", at(29))
    assert.equal("send images  94 %", at(20))
  end)

  it("shows in any width how long it has been waiting, and the time left where there is room", function()
    local event = { step = "enter download mode", message = "the modem restarts", seconds = 2, within = 120 }
    local function at(width) return progress.wait_line(event, { in_all = 205 }, width) end
    assert.equal("enter download mode  the modem restarts  2 s of at most 2 min  3 min 25 s left", at(79))
    assert.equal("enter download mode  the modem restarts  2 s  3 min 25 s left", at(69))
    assert.equal("enter download mode  the modem restarts  2 s", at(59))
    assert.equal("enter download mode  2 s", at(39))
  end)

  it("gives time left precedence over the rate", function()
    local seen = { percent = 10, rate = 6.4e6, in_all = 164 }
    assert.equal("send images  10 %  5.0 MB of 10.0 MB  2 min 44 s left", progress.line(sending(5e6), seen, 59))
    assert.equal("send images  10 %  5.0 MB of 10.0 MB", progress.line(sending(5e6), seen, 39))
  end)

  it("says that it waits for the modem, once off a terminal when that is longer than 2 s", function()
    local events = { { event = "step", step = "wait", state = "started", seconds = 60, behind = 10 } }
    for second = 0, 5 do
      events[#events + 1] = { event = "wait", step = "wait", message = "the modem restarts", seconds = second,
        within = 240 }
      events[#events + 1] = { sleep = 1000 }
    end
    assert.equal("wait\nwait  the modem restarts  2 s of at most 4 min  1 min 8 s left\n",
      stage.run({ "update", "a" }, { events = events }).stdout)
    assert.matches("\r\27%[Kwait  the modem restarts  5 s of at most 4 min  1 min 5 s left",
      stage.run({ "update", "a" }, { events = events, width = 100 }).stdout)
  end)

  it("tells no rate before there is one", function()
    assert.equal("send images   1 %  5.0 MB of 10.0 MB",
      progress.line(sending(5e6), { percent = 1, rate = 0 }))
  end)

  it("has no progress line with --no-progress, and no words with --quiet", function()
    local given = { events = ten_megabytes(), result = done, width = 80 }
    assert.is_nil(stage.run({ "update", "a", "--no-progress" }, given).stdout:find "\r")
    local said = stage.run({ "update", "a", "--quiet" }, given)
    assert.equal("", said.stdout .. said.stderr)
  end)

  it("has a line for what happened to each step", function()
    local events = {}
    for _, row in ipairs { { "started" }, { "done", "sent" }, { "skipped" }, { "skipped", "not now" },
      { "started" }, { "skipped", "it is there" }, { "started" }, { "failed", "it is gone" } } do
      events[#events + 1] = { event = "step", step = "wait", state = row[1], message = row[2] }
    end
    assert.equal("wait\n  sent\nwait: skipped\nwait: skipped (not now)\n"
      .. "wait\n  skipped (it is there)\nwait\n  failed: it is gone\n",
      stage.run({ "update", "a" }, { events = events }).stdout)
    assert.equal("", stage.run({ "plan", "a" }, { events = events }).stdout)
  end)

  it("has of a part of a step only what went wrong", function()
    local events = {}
    for _, row in ipairs { { "wait", "started" }, { "route a", "started" }, { "route a", "failed", "it is gone" },
      { "route b", "skipped", "no port" }, { "route c", "started" }, { "route c", "done" },
      { "wait", "skipped", "why" } } do
      events[#events + 1] = { event = "step", step = row[1], state = row[2], message = row[3], part = row[1] ~= "wait" }
    end
    assert.equal("wait\n  route a: it is gone\n  route b: skipped (no port)\n  skipped (why)\n",
      stage.run({ "update", "a" }, { events = events }).stdout)
  end)

  it("says by which route the modem went", function()
    local events = { { event = "step", step = "enter", state = "started" },
      { event = "step", step = "route a", state = "started", part = true },
      { event = "step", step = "route a", state = "done", part = true },
      { event = "step", step = "enter", state = "done", message = "a" },
      { event = "step", step = "wait", state = "done", message = "a" } }
    assert.equal("enter\n  by the route a\n  a\n", stage.run({ "update", "a" }, { events = events }).stdout)
  end)

  it("indents what is undone, whose waits have its name and no time left", function()
    local events = { { event = "step", step = "enter", state = "started", seconds = 60, behind = 10 },
      { event = "step", step = "leave", state = "started", undo = true },
      { event = "wait", step = "leave", message = "the modem restarts", seconds = 2, within = 30 },
      { event = "step", step = "leave", state = "done", undo = true },
      { event = "step", step = "restore", state = "started", undo = true },
      { event = "step", step = "restore", state = "failed", undo = true } }
    assert.equal("enter\n  leave\nleave  the modem restarts  2 s of at most 30 s\n  restore\n  failed\n",
      stage.run({ "update", "a" }, { events = events }).stdout)
  end)

  it("says what was and what is, and that nothing was to do", function()
    local said = stage.run({ "update", "a" }, { result = done })
    assert.matches("before: 02.24.05.06 GENERIC 002.026_000\n", said.stdout)
    assert.matches("after:  02.33.03.00 GENERIC 002.072_000\n", said.stdout)
    said = stage.run({ "update", "a" }, { result = { ok = true, exit = 2, before = done.after } })
    assert.matches("nothing to do: .* %(%-%-force does it anyway%)", said.stdout)
  end)

  it("is coloured on a terminal unless NO_COLOR says no", function()
    local events = { { event = "warning", code = "device.busy", message = "careful" } }
    local coloured = { events = events, error_width = 80 }
    assert.matches("\27%[33mwarning: careful", stage.run({ "update", "a" }, coloured).stderr)
    local plain = { events = events, error_width = 80, environment = { NO_COLOR = "1" } }
    assert.equal("warning: careful\n", stage.run({ "update", "a" }, plain).stderr)
    assert.equal("warning: careful\n", stage.run({ "update", "a" }, { events = events }).stderr)
  end)

  it("goes into the log with times, notes and all", function()
    local path = os.tmpname()
    local events = { { sleep = 1500 }, { event = "note", message = "seen 1199:9070" },
      { event = "step", step = "wait", state = "started" } }
    stage.run({ "update", "a", "-q", "-L", path }, { events = events, result = done })
    local log = assert(io.open(path)):read "*a"
    os.remove(path)
    assert.matches("%[   1%.500%]   seen 1199:9070\n%[   1%.500%] wait\n", log)
    assert.matches("^%[   0%.000%] %d%d%d%d%-%d%d%-%d%d %d%d:%d%d:%d%d [+-]%d+ moonflash [%d.]+: update a %-q", log)
  end)
end)

describe("progress", function()
  local now
  local function clock() return now end
  before_each(function() now = 0 end)

  it("does not go back when a further file is announced, but when one starts anew", function()
    local meter = progress.new(clock)
    local function percent(sent, total, file) return meter:take(sending(sent, total, file)).percent end
    assert.equal(47, percent(500, 1000))
    assert.equal(47, percent(500, 1000, "a.nvu"))
    assert.equal(95, percent(1000, 1000, "a.nvu"))
    assert.equal(95, percent(1000, 1100, "b.nvu")) -- one whose size was not known
    assert.equal(0, percent(0, 1000))
    assert.equal(95, percent(1000, 1000))
    assert.equal(9, percent(100, 1000)) -- an update of another modem
  end)

  it("measures the rate of what was sent since a file began", function()
    local meter = progress.new(clock)
    meter:take(sending(4e6))
    now = 1000
    local seen = meter:take(sending(6e6))
    assert.equal(2e6, seen.rate)
    assert.equal(2, seen.left)
  end)

  it("knows no time left when nothing moves or the size is unknown", function()
    local meter = progress.new(clock)
    assert.is_nil(meter:take(sending(0)).left)
    assert.equal(0, meter:take({ file = "-", sent = 0 }).percent)
  end)
end)

-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Whole updates whose images come from somewhere else than files, and what happens when they do not.
local build = require "tests.images.build"
local cjson = require "cjson"
local packages = require "tests.images.packages"
local support = require "tests.support"
local sys = require "moonflash.core.sys"
local web = require "tests.fakes.web"
local zip = require "tests.images.zip"

local SIZE = 2500000
local cwe = build.bytes(packages.firmware { size = SIZE })
local nvu = build.bytes(packages.settings())
local CWE, NVU = packages.firmware().name, packages.settings().name
local pack = zip.bytes { { NVU, nvu, deflated = true }, { CWE, cwe, deflated = true } }

describe("an update", function()
  local folder, modem

  before_each(function()
    folder = support.folder()
    modem = support.simulator("mc7455", { time_scale = 0.01, faults = { "window=600" } })
  end)

  after_each(support.finish)

  local function write(name, bytes)
    assert(sys.write_file(folder .. "/" .. name, bytes))
    return folder .. "/" .. name
  end

  local function argv(...)
    return { support.program, "--root", modem.root, "--json", ... }
  end

  local function result_of(status, stdout, stderr)
    local last = stdout:match "([^\n]*)\n$"
    local result = cjson.decode(last)
    assert.equal(status, result.exit)
    return { status = status, failure = result.failure, after = result.after, stderr = stderr }
  end

  local function update(options, ...)
    local run = support.run(argv("update", ...), { deadline_ms = 60000, input = options.input })
    return result_of(run.status, run.stdout, run.stderr)
  end

  local function works(options, ...)
    local run = update(options, ...)
    assert.equal(0, run.status, run.stderr)
    assert.equal("02.33.03.00", run.after.firmware)
    local received = {}
    for _, name in ipairs(sys.list(modem.root .. "/received")) do
      received[sys.read_file(modem.root .. "/received/" .. name)] = true
    end
    assert.is_true(received[cwe] and received[nvu])
  end

  local function asked_for_download()
    return #support.log(modem.root, "qdl") > 0
  end

  -- A failed run that left the modem as it was; the next one succeeds.
  local function untouched(run)
    assert.equal(4, run.status, run.stderr)
    assert.is_false(asked_for_download())
    works({}, write(CWE, cwe), write(NVU, nvu))
  end

  -- A failed run that left the modem in download mode; the next one succeeds.
  local function torn(code, run)
    assert.equal(7, run.status, run.stderr)
    assert.equal(code, run.failure.code)
    local again = update({}, write(CWE, cwe), write(NVU, nvu))
    assert.equal(0, again.status, again.stderr)
    assert.equal("02.33.03.00", again.after.firmware)
  end

  describe("from a pipe", function()
    it("works", function()
      works({ input = cwe }, "-", write(NVU, nvu))
    end)

    it("of settings works", function()
      works({ input = nvu }, write(CWE, cwe), "-")
    end)

    it("whose image is bad ends without its last chunk, and the next run succeeds", function()
      local bad = cwe:sub(1, 1800000) .. "\1" .. cwe:sub(1800002)
      if bad == cwe then bad = cwe:sub(1, 1800000) .. "\2" .. cwe:sub(1800002) end
      torn("source.rejected", update({ input = bad }, "-", write(NVU, nvu)))
    end)

    it("that is cut off ends without its last chunk, and the next run succeeds", function()
      local run = update({ input = cwe:sub(1, 2000000) }, "-", write(NVU, nvu))
      torn("source.rejected", run)
    end)

    it("that is cut off early leaves the modem alone", function()
      untouched(update({ input = cwe:sub(1, 90000) }, "-", write(NVU, nvu)))
    end)

    it("that stalls before the header leaves the modem alone", function()
      local child = support.start(argv("update", "--timeout-scale", "0.01", "-", write(NVU, nvu)))
      local status = child:wait()
      untouched(result_of(status, child.stdout, child.stderr))
    end)

    it("that stalls in the middle ends in time, and the next run succeeds", function()
      local fifo = folder .. "/fifo"
      assert.equal(0, support.run({ "mkfifo", fifo }).status)
      support.start(support.lua([[
        local part, fifo = ...
        local into = io.open(fifo, "wb")
        into:write(io.open(part, "rb"):read "*a")
        into:flush()
        require("moonflash.core.sys").sleep_ms(60000)
      ]], write("part", cwe:sub(1, 1500000)), fifo))
      local child = support.start(argv("update", "--timeout-scale", "0.02", fifo, write(NVU, nvu)))
      local status = child:wait(30000)
      torn("source.timeout", result_of(status, child.stdout, child.stderr))
    end)
  end)

  describe("from a web server", function()
    local function url(name)
      write(CWE, cwe)
      write(NVU, nvu)
      write("pack.zip", pack)
      return web.start(folder):url(name)
    end

    it("works", function()
      local address = url(CWE)
      works({}, address, (address:gsub("[^/]+$", NVU)))
    end)

    -- A program of the modem's computer.
    local function program(path, body)
      write("program", "#!/bin/sh\n" .. body .. "\n")
      local ran = support.run { "install", "-D", "-m", "755", folder .. "/program", modem.root .. path }
      assert.equal(0, ran.status, ran.stderr)
    end

    -- Two fetches are enough for one update.
    it("over the modem is refused before anything is fetched, and may be insisted on", function()
      program("/usr/bin/getent", 'echo "192.0.2.1 STREAM $2"')
      program("/sbin/ip", '[ "$4" = 192.0.2.1 ] && echo "$4 dev wwan0 src 198.51.100.9"')
      local files = { url(CWE .. "?cut=0&from=3"):gsub("127.0.0.1", "localhost"), folder .. "/" .. NVU }
      for _, command in ipairs { "update", "recover", "update --all" } do
        local words = { command:match "%a+", command:match "%-.*" or "--force", unpack(files) }
        local run = support.run(argv(unpack(words)))
        local failure = result_of(3, run.stdout, run.stderr).failure
        assert.same({ "source.over_modem", "the route to localhost is wwan0" }, { failure.code, failure.evidence })
      end
      assert.is_false(asked_for_download())
      works({}, "--skip", "images", unpack(files))
    end)

    it("over the modem makes a plan, with a warning", function()
      program("/sbin/ip", 'echo "$4 dev wwan0 src 198.51.100.9"')
      local run = support.run(argv("plan", url(CWE), folder .. "/" .. NVU))
      result_of(0, run.stdout, run.stderr)
      local _, warnings = run.stdout:gsub('"code":"source.over_modem","message":"update refuses: the images', "")
      assert.equal(1, warnings)
    end)

    it("works from an archive there", function()
      works({}, url "pack.zip")
    end)

    it("works when the parent ignores the end of children", function()
      local ran = support.run { "env", "--ignore-signal=CHLD", support.program, "inspect", url(CWE) }
      assert.equal(0, ran.status, ran.stdout .. ran.stderr)
    end)

    it("that is slow at every chunk works", function()
      modem = support.simulator("mc7455", { time_scale = 0.01, faults = { "window=600" } })
      works({}, url(CWE .. "?pause=1000"), folder .. "/" .. NVU)
    end)

    it("that has no such file leaves the modem alone", function()
      untouched(update({}, url "none.cwe", folder .. "/" .. NVU))
    end)

    it("that ends before the modem is asked leaves the modem alone", function()
      untouched(update({}, url(CWE .. "?cut=0&from=2"), folder .. "/" .. NVU))
    end)

    it("that gives something else the second time ends without its last chunk", function()
      torn("source.rejected", update({}, url(CWE .. "?flip=2000000&from=2"), folder .. "/" .. NVU))
    end)

    it("that breaks off in the middle is asked again", function()
      works({}, url(CWE .. "?cut=1500000&from=2&until=2"), folder .. "/" .. NVU)
    end)

    it("that breaks off in the middle every time ends, and the next run succeeds", function()
      torn("source.failed", update({}, url(CWE .. "?cut=1500000&from=2"), folder .. "/" .. NVU))
    end)
  end)

  describe("from a zip archive", function()
    it("works", function()
      works({}, write("pack.zip", pack))
    end)

    it("works through a pipe when the settings stand first", function()
      works({ input = pack }, "-")
    end)

    it("through a pipe with the settings last is refused, and says why", function()
      local run = update({ input = zip.bytes { { CWE, cwe }, { NVU, nvu } } }, "-")
      assert.equal(4, run.status)
      assert.equal("image.incomplete_set", run.failure.code)
      assert.matches("before the firmware", run.failure.hint)
      assert.is_false(asked_for_download())
    end)
  end)
end)

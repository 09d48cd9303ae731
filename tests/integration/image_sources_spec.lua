-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Images out of zip archives, from web servers, from pipes: what is found, what is held, what is refused.
local build = require "tests.images.build"
local source = require "moonflash.image.source"
local image = require "moonflash.image"
local packages = require "tests.images.packages"
local support = require "tests.support"
local sys = require "moonflash.core.sys"
local web = require "tests.fakes.web"
local zip = require "tests.images.zip"

local LARGE = 300000 -- more than is held in memory

local cwe = build.bytes(packages.firmware { size = LARGE })
local nvu = build.bytes(packages.settings())
local CWE, NVU = packages.firmware({ size = LARGE }).name, packages.settings().name

local function kinds(reports)
  local names = {}
  for index, report in ipairs(reports) do names[index] = report.ok and report.kind or "BAD" end
  return table.concat(names, " ")
end

local function read_all(sending)
  local pieces = { sending.head }
  while true do
    local piece, problem = sending.reader:read(10000)
    if not piece then return table.concat(pieces), problem end
    pieces[#pieces + 1] = piece
  end
end

local function is_sent(report, bytes)
  local sending = assert(report:open())
  assert.is_true(bytes == read_all(sending))
  sending:close()
end

describe("images", function()
  local folder

  before_each(function()
    support.watch()
    folder = support.folder()
  end)

  after_each(function()
    collectgarbage()
    support.finish()
  end)

  local function write(name, bytes)
    assert(sys.write_file(folder .. "/" .. name, bytes))
    return folder .. "/" .. name
  end

  local function refused(code, result, problem)
    assert.is_nil(result)
    assert.equal(code, problem.code)
    return problem
  end

  -- Runs a chunk with bytes piped into it; returns its output.
  local function with_pipe(bytes, chunk)
    local result = support.run(support.lua(chunk), { input = bytes })
    assert.equal("", result.stderr)
    return result.stdout
  end

  it("that are missing have their names in quotes", function()
    for _, name in ipairs { "", " image", "image\n" } do
      assert.matches("'" .. name .. "'", refused("source.not_found", image.look(name)).message, 1, true)
    end
  end)

  describe("in a zip archive", function()
    if not pcall(require, "moonflash.core.archive") then return end

    local both = zip.bytes { { "readme.txt", "hello" }, { "MC7455/" .. CWE, cwe, deflated = true },
      { "__MACOSX/._" .. CWE, "a note" }, { "MC7455/" .. NVU:upper(), nvu } }

    it("are all found, verified and sent from there", function()
      local path = write("pack.bin", both)
      local reports = assert(image.look(path))
      assert.equal("firmware settings", kinds(reports))
      assert.equal(path .. ":MC7455/" .. CWE, reports[1].file)
      assert.equal("02.33.03.00", reports[1].firmware)
      assert.is_true(image.set(reports).ok)
      is_sent(reports[2], nvu)
      is_sent(reports[1], cwe)
      is_sent(reports[1], cwe)
    end)

    it("are chosen by name", function()
      local path = write("pack.zip", both)
      for _, name in ipairs { "MC7455/" .. CWE, CWE } do
        assert.equal("firmware", kinds(assert(image.look(path .. ":" .. name))))
      end
      assert.matches("readme.txt", refused("source.no_image", image.look(path .. ":other.cwe")).evidence)
    end)

    it("are named in a file whose name has a colon, when there is one", function()
      assert.equal("settings", kinds(assert(image.look(write("a.zip:b.nvu", nvu)))))
      refused("source.not_found", image.look(folder .. "/none.zip:b.nvu"))
    end)

    it("are missed", function()
      local failure = refused("source.no_image", image.look(write("x.zip", zip.bytes { { "a.exe", "MZ" } })))
      assert.equal("it holds a.exe", failure.evidence)
      assert.equal("it is empty", refused("source.no_image",
        image.look(write("y.zip", zip.bytes { { "folder/", "" } }))).evidence)
    end)

    it("may be damaged in the archive or before", function()
      local path = write("bad.zip", zip.bytes { { CWE, cwe:sub(1, -2) .. "\0" } })
      assert.equal("BAD", kinds(assert(image.look(path))))
      path = write("cut.zip", both:sub(1, 200000))
      refused("source.failed", image.look(path))
    end)

    it("are not sent when the archive changed in between", function()
      local path = write("pack.zip", both)
      local reports = assert(image.look(path))
      write("pack.zip", zip.bytes { { CWE, build.bytes(packages.firmware { size = LARGE, seed = 2 }) } })
      refused("source.rejected", reports[2]:open())
      local sending = reports[1]:open()
      if sending then
        assert.equal("source.rejected", select(2, read_all(sending)).code)
        sending:close()
      end
    end)

    it("are not looked for in any number of files", function()
      local many = {}
      for index = 1, 10000 do many[index] = { index .. ".txt", "" } end
      many[#many + 1] = { NVU, nvu }
      local path = write("many.zip", zip.bytes(many))
      assert.equal("it holds more than 10000 files",
        refused("source.no_image", image.look(path)).evidence)
      path = write("less.zip", zip.bytes { many[1], many[10001] })
      assert.equal("settings", kinds(assert(image.look(path))))
    end)

    it("come out of a pipe", function()
      assert.equal("firmware 300000 settings 23855\n", with_pipe(both, [[
        local image = require "moonflash.image"
        local reports = assert(image.look "-")
        print(reports[1].kind, reports[1].bytes, reports[2].kind, reports[2].bytes)
      ]]):gsub("\t", " "), nil)
    end)

    it("come out of a pipe for sending as far as small ones stand before a large one", function()
      local chunk = [[
        local image = require "moonflash.image"
        local reports = assert(image.look("-", { to_send = true }))
        for _, report in ipairs(reports) do
          local sending, bytes, problem, piece = assert(report:open()), 400
          repeat
            piece, problem = sending.reader:read(50000)
            bytes = bytes + #(piece or "")
          until not piece
          print(report.kind, bytes, report.read_once, problem)
          sending:close()
        end
      ]]
      local first = zip.bytes { { NVU, nvu }, { CWE, cwe, deflated = true, size_after = true } }
      assert.equal("settings\t23855\tfalse\tnil\nfirmware\t300000\ttrue\tnil\n", with_pipe(first, chunk))
      assert.equal("firmware\t300000\ttrue\tnil\n", with_pipe(both, chunk))
    end)

    it("need a module, and the failure names its package", function()
      local module = package.loaded["moonflash.core.archive"]
      package.loaded["moonflash.core.archive"] = nil
      package.preload["moonflash.core.archive"] = function() error("libarchive.so.13: cannot open", 0) end
      local failure = refused("source.unavailable", image.look(write("pack.zip", both)))
      package.preload["moonflash.core.archive"] = nil
      package.loaded["moonflash.core.archive"] = module
      assert.matches("OpenWrt: moonflash%-archive, Debian: libarchive13", failure.hint)
      assert.matches("libarchive.so.13", failure.evidence)
    end)

    it("come from a web server", function()
      write("pack.zip", both)
      local reports = assert(image.look(web.start(folder):url "pack.zip"))
      assert.equal("firmware settings", kinds(reports))
      is_sent(reports[1], cwe)
      is_sent(reports[2], nvu)
      is_sent(reports[1], cwe)
    end)
  end)

  describe("from a web server", function()
    local server

    before_each(function()
      write(CWE, cwe)
      write(NVU, nvu)
      server = web.start(folder)
    end)

    it("are fetched to look at them and again to send them", function()
      local report = assert(image.inspect(server:url(CWE), { to_send = true }))
      assert.equal("firmware", report.kind)
      assert.is_true(report.complete)
      assert.is_false(report.read_once)
      is_sent(report, cwe)
      is_sent(report, cwe)
    end)

    it("are fetched once when they are small", function()
      local report = assert(image.inspect(server:url(NVU .. "?cut=0&from=2")))
      is_sent(report, nvu)
      is_sent(report, nvu)
    end)

    it("tell their name in the URL", function()
      local report = assert(image.inspect(server:url(NVU .. "?token=1/2")))
      assert.same({}, report.notes)
      assert.equal(NVU, report.file_name)
    end)

    it("keep their end to themselves when the second fetch differs", function()
      local report = assert(image.inspect(server:url(CWE .. "?flip=250000&from=2")))
      local sending = assert(report:open())
      local got, problem = read_all(sending)
      assert.equal("source.rejected", problem.code)
      assert.is_true(#got < LARGE)
      sending:close()
    end)

    it("can be made ready before they are sent", function()
      local report = assert(image.inspect(server:url(CWE .. "?cut=0&from=3")))
      assert.is_true(report:prepare())
      assert.is_true(report:prepare())
      is_sent(report, cwe)
      local unready = refused("source.failed", report:prepare())
      assert.is_truthy(unready.evidence)
    end)

    it("are missed with the server's words", function()
      local failure = refused("source.failed", image.look(server:url "none.cwe"))
      assert.matches("404", failure.evidence)
    end)

    it("may be cut off", function()
      local reports, problem = image.look(server:url(CWE .. "?cut=200000"))
      assert.equal("source.failed", reports and "no failure" or problem.code)
    end)

    it("may never come, which ends in time", function()
      for _, after in ipairs { 0, 200000 } do
        local began = sys.clock_ms()
        refused("source.timeout", image.look(server:url(CWE .. "?stall=" .. after), { silence_ms = 200 }))
        assert.is_true(sys.clock_ms() - began < 5000)
      end
    end)
  end)

  it("need a program that can fetch them", function()
    local programs = source.fetchers
    source.fetchers = { { "no-such-curl" }, { "no-such-wget", "-O", "-" } }
    local failure = refused("source.unavailable", image.look "https://example.invalid/a.cwe")
    source.fetchers = programs
    assert.equal("looked for no-such-curl, no-such-wget", failure.evidence)
    assert.matches("curl", failure.hint)
  end)

  it("come through every fetcher that is here", function()
    write(CWE, cwe)
    local server, programs, tried = web.start(folder), source.fetchers, 0
    for _, program in ipairs(programs) do
      source.fetchers = { program }
      local report, problem = image.inspect(server:url(CWE))
      if report then
        assert.is_true(report.ok)
        local failure = refused("source.failed", image.look(server:url "none"))
        assert.matches("404", failure.evidence)
        tried = tried + 1
      else
        assert.equal("source.unavailable", problem.code)
      end
    end
    source.fetchers = programs
    assert.is_true(tried > 0)
  end)
end)

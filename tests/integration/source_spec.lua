-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Readers over files and descriptors.
local source = require "moonflash.core.source"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

describe("a source", function()
  local folder, reader
  local fds

  local function keep(...)
    for _, fd in ipairs { ... } do fds[fd] = true end
    return ...
  end

  local function close(fd)
    sys.close(fd)
    fds[fd] = nil
  end

  before_each(function()
    support.watch()
    folder, fds, reader = support.folder(), {}, nil
  end)

  after_each(function()
    if reader then reader:close() end
    for fd in pairs(fds) do sys.close(fd) end
    support.finish()
  end)

  local function write(name, bytes)
    assert(sys.write_file(folder .. "/" .. name, bytes))
    return folder .. "/" .. name
  end

  local function refuses(code, result, failure)
    assert.is_nil(result)
    assert.equal(code, failure.code)
    return failure
  end

  local function read_all(n)
    local pieces = {}
    for piece in function() return reader:read(n, 1000) end do pieces[#pieces + 1] = piece end
    return table.concat(pieces)
  end

  describe("of a file", function()
    it("gives its bytes, its size and its end, as often as wanted", function()
      reader = assert(source.file(write("image", "0123456789")))
      assert.equal(10, reader:size())
      for n = 1, 11 do
        assert.equal("0123456789", read_all(n))
        assert.is_nil(reader:read(1))
        assert.is_true(reader:rewind())
      end
    end)

    it("gives every byte value unchanged", function()
      local all = {}
      for value = 0, 255 do all[#all + 1] = string.char(value) end
      reader = assert(source.file(write("image", table.concat(all))))
      assert.equal(table.concat(all), read_all(100))
    end)

    it("may be empty", function()
      reader = assert(source.file(write("image", "")))
      assert.equal(0, reader:size())
      assert.is_nil(reader:read(10))
    end)

    it("is called by its path", function()
      local path = write("image", "x")
      reader = assert(source.file(path))
      assert.equal(path, tostring(reader))
    end)

    it("that does not exist is not found", function()
      local failure = refuses("source.not_found", source.file(folder .. "/none"))
      assert.matches("no such file: '" .. folder .. "/none'", failure.message, 1, true)
      assert.is_nil(failure.evidence)
      refuses("source.not_found", source.file(write("image", "x") .. "/inside"))
    end)

    it("whose name starts with a blank is read when it is there", function()
      reader = assert(source.file(write(" image", "x")))
      assert.equal("x", read_all(10))
    end)

    it("that is a folder is unreadable", function()
      assert.matches("directory", refuses("source.unreadable", source.file(folder)).evidence)
    end)

    it("that is a link leading nowhere is not found", function()
      assert(sys.symlink(folder .. "/none", folder .. "/link"))
      refuses("source.not_found", source.file(folder .. "/link"))
    end)
  end)

  describe("of a pipe", function()
    local into

    before_each(function()
      local out
      out, into = keep(sys.pipe())
      reader = assert(source.descriptor(out))
      close(out)
    end)

    it("gives what is there without waiting for more, and then its end", function()
      sys.write(into, "hello")
      assert.equal("hello", reader:read(100, 1000))
      sys.write(into, "world")
      close(into)
      assert.equal("wor", reader:read(3, 1000))
      assert.equal("ld", reader:read(3, 1000))
      assert.is_nil(reader:read(3, 1000))
    end)

    it("has no size, unless told, and can be read once", function()
      assert.is_nil(reader:size())
      assert.is_false(reader:rewind())
      local sized = assert(source.descriptor(into, 602))
      assert.equal(602, sized:size())
      sized:close()
    end)

    it("that is silent ends the wait in time and goes on later", function()
      local began = sys.clock_ms()
      refuses("source.timeout", reader:read(1, 20))
      assert.is_true(sys.clock_ms() - began >= 20)
      refuses("source.timeout", reader:read(1, 0))
      sys.write(into, "x")
      assert.equal("x", reader:read(1, 1000))
    end)

    it("is left by an interrupt", function()
      assert(sys.kill(sys.process_id(), "INT"))
      refuses("source.interrupted", reader:read(1, 10000))
      sys.clear_interrupt()
      sys.write(into, "x")
      assert.equal("x", reader:read(1, 1000))
    end)
  end)

  it("of a program that never stops complaining ends the wait in time", function()
    reader = assert(source.fetch(support.lua "while true do io.stderr:write(('no '):rep(1000)) end"))
    refuses("source.timeout", reader:read(1, 50))
  end)

  it("of a program that fails says why, without the progress that it writes over", function()
    local said = [[printf 'Connecting to 192.0.2.1:80\nWriting to stdout\n' >&2
      for percent in 1 22 45; do printf '\rnew.cwe %74s %%' $percent >&2; done
      printf '\nConnection reset prematurely\r\n' >&2; exit 4]]
    reader = assert(source.fetch { "sh", "-c", said })
    assert.equal("Connection reset prematurely", refuses("source.failed", reader:read(1, 10000)).evidence)
    assert(reader:close())
    reader = assert(source.fetch { "sh", "-c", "printf ' Downloading x\nHTTP error 404\n' >&2; exit 8" })
    assert.equal("Downloading x HTTP error 404", refuses("source.failed", reader:read(1, 10000)).evidence)
  end)

  it("of a program whose status is lost says so at its end", function()
    local argv = support.lua [[
      local source = require "moonflash.core.source"
      local reader = assert(source.fetch { "echo", "bytes" })
      assert(reader:read(100, 10000) == "bytes\n")
      local ended, problem = reader:read(100, 10000)
      assert(ended == nil and problem.code == "source.failed", problem)
      assert((problem.message .. (problem.evidence or "")):find "[Cc]hild")
      reader:close()
    ]]
    local ran = support.run { "env", "--ignore-signal=CHLD", unpack(argv) }
    assert.same({ 0, "" }, { ran.status, ran.stderr })
  end)

  it("of a FIFO waits for a writer that has not come yet", function()
    local path = folder .. "/fifo"
    assert.equal(0, support.run({ "mkfifo", path }).status)
    reader = assert(source.file(path))
    refuses("source.timeout", reader:read(1, 20))
    local into = keep(assert(sys.open(path, "w")))
    sys.write(into, "late")
    close(into)
    assert.equal("late", read_all(10))
  end)

  it("of a descriptor of a file begins where that stands, and can be read again", function()
    local fd = keep(assert(sys.open(write("image", "0123456789"), "r")))
    assert.equal("012", sys.read(fd, 3))
    reader = assert(source.descriptor(fd))
    assert.equal(7, reader:size())
    assert.equal("3456789", read_all(4))
    assert.is_true(reader:rewind())
    assert.equal("3456789", read_all(100))
    assert.equal("345", sys.read(fd, 3))
  end)

  it("of no open descriptor is unreadable", function()
    refuses("source.unreadable", source.descriptor(999))
  end)

  it("that is closed fails, may be closed again, and is not rewound", function()
    reader = assert(source.file(write("image", "x")))
    reader:close()
    reader:close()
    refuses("source.failed", reader:read(1))
    refuses("source.failed", reader:rewind())
  end)

  it("wants a count it can give", function()
    reader = assert(source.file(write("image", "x")))
    for _, count in ipairs { 0, -1, 0.5, 1e12 } do
      assert.has_error(function() reader:read(count) end)
    end
    assert.has_error(function() reader:read() end)
    assert.has_error(function() reader:read(1, -1) end)
  end)
end)

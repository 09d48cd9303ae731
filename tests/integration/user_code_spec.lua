-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- User code: its errors name its own file and line, Ctrl-C ends it, and what it returns is success or a failure.
local engine = require "moonflash.engine"
local failure = require "moonflash.base.failure"
local model = require "moonflash.engine.model"
local steps = require "moonflash.procedure.steps"
local support = require "tests.support"
local sys = require "moonflash.core.sys"
local user_code = require "moonflash.engine.user_code"

local function write(text)
  local path = support.folder() .. "/my.lua"
  assert(sys.write_file(path, text))
  return path
end

describe("user_code.call", function()
  after_each(support.finish)

  it("hands arguments and results on, nil among them", function()
    local function code(...) return select("#", ...), nil, ... end
    local ok, count, nothing, first, second = user_code.call(code, nil, "b")
    assert.same({ true, 2, nil, nil, "b" }, { ok, count, nothing, first, second })
  end)

  it("gives a failure that was raised as it is", function()
    local problem = failure.new("script.refused", "no")
    local ok, got = user_code.call(function() error(problem, 0) end)
    assert.is_nil(ok)
    assert.equal(problem, got)
  end)

  it("names the file and line of a function", function()
    assert.truthy(user_code.place(function() end):find "user_code_spec%.lua:%d+$")
  end)

  it("leaves another's hook alone", function()
    local seen = 0
    debug.sethook(function() seen = seen + 1 end, "", 100)
    user_code.call(function() for _ = 1, 1000 do seen = seen + 0 end end)
    local hook = debug.gethook()
    debug.sethook()
    assert.is_not_nil(hook)
    assert.is_true(seen > 0)
  end)

  local function blamed(text)
    local path = write(text)
    local ok, problem = user_code.call(assert(loadfile(path)))
    assert.is_nil(ok)
    assert.equal("script.raised", problem.code)
    assert.equal(path, problem.message:sub(1, #path))
    return problem.message:sub(#path + 1), problem
  end

  it("names the line of the script that raised, also when the library noticed it", function()
    assert.equal(":2: no", (blamed "\nerror 'no'"))
    assert.equal(":3: no", (blamed "local function f()\n  local x = 1\n  error('no') end\nf()"))
    assert.equal(":2: no", (blamed "local function f() error('no', 2) end\nf()\nreturn 1"))
    assert.equal(":2: no", (blamed "\nerror('no', 0)"))
    assert.equal(":1: raised a value of type table", (blamed "error {}"))
    assert.equal(":1: raised a value of type nil", (blamed "error()"))
    -- LuaJIT may leave no room to look for the line
    assert.truthy(blamed("local function f() return f() + 1 end\nf()"):find "^:1?:? ?stack overflow")
    local message, problem = blamed 'local flash = require "moonflash"\n\nflash.versions.text(5)\n'
    assert.truthy(message:find "^:3: attempt to index")
    assert.truthy(problem.evidence:find "moonflash/base/version%.lua:%d+$")
    message = blamed 'local flash = require "moonflash"\n\nflash.log.say("%d")\n'
    assert.truthy(message:find "^:3: bad argument")
  end)

  it("names the file alone for an error in a tail call, which leaves no frame", function()
    local message = blamed 'local flash = require "moonflash"\n\nreturn flash.model {\n  nam = "x",\n}\n'
    assert.equal(": unknown field of a model: nam", message)
  end)

  it("names the script with the error, not one that called the library", function()
    local outer = write "local call, code = ...\nreturn call(code)"
    local inner = support.folder() .. "/inner.lua"
    assert(sys.write_file(inner, 'local flash = require "moonflash"\nreturn flash.model { nam = "x" }'))
    local _, ok, problem = user_code.call(assert(loadfile(outer)), user_code.call, assert(loadfile(inner)))
    assert.is_nil(ok)
    assert.equal(inner .. ": unknown field of a model: nam", problem.message)
  end)

  it("names a long path as it is", function()
    local folder = support.folder() .. "/" .. ("long"):rep(40)
    assert(sys.make_folder(folder))
    assert(sys.write_file(folder .. "/x.lua", "\nerror 'no'"))
    local _, problem = user_code.call(assert(loadfile(folder .. "/x.lua")))
    assert.equal(folder .. "/x.lua:2: no", problem.message)
  end)
end)

describe("a script that is stopped", function()
  after_each(support.finish)

  -- How it ends when it gets a signal while it runs.
  local function stopped(text, signal)
    local path = write('io.stdout:write("running\\n") io.stdout:flush() ' .. text)
    local child = support.start { support.program, "--root", support.folder(), "run", path }
    assert.equal("running", child:line(10000))
    child:kill(signal or "INT")
    return child:wait(10000), child.stderr
  end

  it("ends though it waits for nothing", function()
    for _, signal in ipairs { "INT", "TERM" } do
      local status, said = stopped("while true do end", signal)
      assert.equal(9, status, said)
      assert.truthy(said:find("stopped by SIG" .. signal, 1, true))
    end
  end)

  it("ends though it is in a coroutine", function()
    assert.equal(9, (stopped "coroutine.wrap(function() while true do end end)()"))
    assert.equal(9, (stopped [[while true do
      coroutine.resume(coroutine.create(function() while true do end end)) end]]))
  end)

  it("has been stopped though it came to its end", function()
    local status, said = stopped [[local flash = require "moonflash"
      flash.sys.sleep_ms(20000)
      io.stderr:write "on and on\n"]]
    assert.equal(9, status)
    assert.truthy(said:find("on and on", 1, true))
    assert.truthy(said:find("stopped by SIGINT", 1, true))
  end)

  it("ends though it swallows all errors", function()
    assert.equal(9, (stopped "while true do pcall(function() while true do end end) end"))
    assert.equal(9, (stopped [[local flash = require "moonflash"
      while true do pcall(flash.sys.sleep_ms, 20) end]]))
  end)
end)

describe("what user code returned", function()
  local refused = failure.new("script.refused", "not today")

  local function code_of(value, detail)
    local found = user_code.failure("my.lua", value, detail)
    return found and found.code, found and found.message
  end

  it("is success when it is nothing, true, an answer, a result, a model or a function", function()
    local made = model.define { name = "MC1", family = "F", product = "P", steps.confirm {},
      usb = { application = { "1199:0001" }, download = { "1199:0002" } } }
    assert.is_nil((code_of()))
    for _, value in ipairs { true, { ok = true, exit = 2 }, {}, { revision = "1" }, made, print, engine.SKIP } do
      assert.is_nil((code_of(value)))
    end
  end)

  it("is its failure, also that of a result", function()
    assert.equal("script.refused", (code_of(nil, refused)))
    assert.equal("script.refused", (code_of(refused)))
    assert.equal("low", select(2, code_of(nil, "low")))
    assert.equal("not today", select(2, code_of { ok = false, exit = 3, failure = refused }))
    local of_process = { ok = false, exit = 5, failure = { code = "device.none", message = "no modem" } }
    assert.equal("device.none", (code_of(of_process)))
    of_process.failure.code = "of a later version"
    assert.equal("script.refused", (code_of(of_process)))
  end)

  it("is no success otherwise", function()
    for _, values in ipairs { { false, "why" }, { 42 }, { "done" }, { nil, 5 }, { nil, {} }, { nil, "" },
      { { ok = false } }, { { ok = false, exit = 3, failure = {} } } } do
      local code, message = code_of(values[1], values[2])
      assert.equal("script.invalid", code)
      assert.truthy(message:find "^my.lua returned a value of type %l+$")
    end
  end)

  it("is a result when it has ok and an exit status", function()
    assert.is_true(user_code.is_result { ok = true, exit = 0 })
    for _, value in ipairs { 5, {}, { ok = true }, { ok = 1, exit = 0 }, { ok = true, exit = 256 },
      { ok = true, exit = 2.5 }, { exit = 3 } } do
      assert.is_false(user_code.is_result(value))
    end
  end)
end)

describe("a script of Lua 5.1", function()
  after_each(support.finish)

  it("runs in the program, whichever Lua that has", function()
    local path = support.folder() .. "/my.lua"
    assert(sys.write_file(path, 'return nil, (select(2, unpack { 1, "the second" })) .. loadstring "return 3" ()'))
    local ran = support.run { support.program, "--root", support.folder(), "run", path }
    assert.equal(3, ran.status, ran.stderr)
    assert.truthy(ran.stderr:find("the second3", 1, true), ran.stderr)
  end)
end)

-- Code that is not ours: what it raises is told with its own file and line, and a signal ends it.
local failure = require "moonflash.base.failure"
local foreign = require "moonflash.engine.user_code"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local function write(text)
  local path = support.folder() .. "/my.lua"
  assert(sys.write_file(path, text))
  return path
end

describe("foreign.call", function()
  after_each(support.finish)

  it("hands arguments and results on, nil among them", function()
    local function code(...) return select("#", ...), nil, ... end
    local ok, count, nothing, first, second = foreign.call(code, nil, "b")
    assert.same({ true, 2, nil, nil, "b" }, { ok, count, nothing, first, second })
  end)

  it("gives a failure that was raised as it is", function()
    local problem = failure.new("script.refused", "no")
    local ok, got = foreign.call(function() error(problem, 0) end)
    assert.is_nil(ok)
    assert.equal(problem, got)
  end)

  it("stands for functions by file and line", function()
    assert.truthy(foreign.place(function() end):find "foreign_spec%.lua:%d+$")
  end)

  it("leaves another's hook alone", function()
    local seen = 0
    debug.sethook(function() seen = seen + 1 end, "", 100)
    foreign.call(function() for _ = 1, 1000 do seen = seen + 0 end end)
    local hook = debug.gethook()
    debug.sethook()
    assert.is_not_nil(hook)
    assert.is_true(seen > 0)
  end)

  local function blamed(text)
    local path = write(text)
    local ok, problem = foreign.call(assert(loadfile(path)))
    assert.is_nil(ok)
    assert.equal("script.raised", problem.code)
    assert.equal(path, problem.message:sub(1, #path))
    return problem.message:sub(#path + 1), problem
  end

  it("says where a script raised, whoever noticed it", function()
    assert.equal(":2: no", (blamed "\nerror 'no'"))
    assert.equal(":3: no", (blamed "local function f()\n  local x = 1\n  error('no') end\nf()"))
    assert.equal(":2: no", (blamed "local function f() error('no', 2) end\nf()\nreturn 1"))
    assert.equal(":2: no", (blamed "\nerror('no', 0)"))
    assert.equal(":1: raised a table", (blamed "error {}"))
    assert.equal(":1: raised nothing", (blamed "error()"))
    assert.truthy(blamed("local function f() return f() + 1 end\nf()"):find "^:1: stack overflow")
    local message, problem = blamed 'local flash = require "moonflash"\n\nflash.versions.text(5)\n'
    assert.truthy(message:find "^:3: attempt to index")
    assert.truthy(problem.evidence:find "moonflash/procedure/versions%.lua:%d+$")
    message = blamed 'local flash = require "moonflash"\n\nflash.log.say("%d")\n'
    assert.truthy(message:find "^:3: bad argument")
  end)

  it("says where the last call of a script was, when that left no trace of itself", function()
    local message = blamed 'local flash = require "moonflash"\n\nreturn flash.model {\n  nam = "x",\n}\n'
    assert.equal(":3: unknown field of a model: nam", message)
    message = blamed 'local flash = require "moonflash"\nif 1 then\n  return flash.model { nam = 1 }\nend'
    assert.equal(":3: unknown field of a model: nam", message)
  end)

  it("says which line of a function, when that left no trace of itself", function()
    local function blamed_of(text)
      local path = write('local flash = require "moonflash"\n' .. text)
      local ok, problem = foreign.call(assert(loadfile(path))())
      assert.is_nil(ok)
      assert.equal(path, problem.message:sub(1, #path))
      return problem.message:sub(#path + 1)
    end
    assert.equal(":4: unknown field of a model: nam",
      blamed_of 'return function()\n  local x = { nam = "y" }\n  return flash.model(x)\nend')
    assert.equal(":2: unknown field of a model: nam", blamed_of [[return function(x)
      if x then return 1 end
      return flash.model { nam = "y" }
    end]])
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

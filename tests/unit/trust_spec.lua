-- Scripts that everybody may write to, or put where they are, are not run.
local failure = require "moonflash.base.failure"
local support = require "tests.support"
local files = require "moonflash.engine.model_files"
local sys = require "moonflash.core.sys"
local trust = require "moonflash.engine.trust"

local ANOTHER = 4711

local function chmod(mode, path)
  assert.equal(0, support.run({ "chmod", mode, path }).status)
end

describe("a script's place", function()
  local folder, path
  local stat = sys.stat

  before_each(function()
    folder = support.folder() .. "/scripts"
    path = folder .. "/my.lua"
    assert(sys.make_folder(folder))
    assert(sys.write_file(path, "return 'read'"))
    chmod("700", folder)
    chmod("600", path)
  end)

  after_each(function()
    sys.stat = stat -- luacheck: ignore
    support.finish()
  end)

  local function belongs_to(owner, what)
    sys.stat = function(name) -- luacheck: ignore
      local seen, problem = stat(name)
      if seen and name == sys.real_path(what) then seen.uid = owner end
      return seen, problem
    end
  end

  local function refused(name)
    local text, problem = trust.read(name or path)
    assert.is_nil(text)
    assert.equal("script.untrusted", problem.code)
    return problem
  end

  it("is good when only its owner or a group may write there", function()
    assert.equal("return 'read'", trust.read(path))
    chmod("775", folder)
    chmod("664", path)
    assert.equal("return 'read'", trust.read(path))
    belongs_to(ANOTHER, path)
    assert.equal("return 'read'", trust.read(path))
  end)

  it("is refused when everybody may write to the file", function()
    chmod("646", path)
    local problem = refused()
    assert.equal("everybody may write to " .. path, problem.message)
    assert.equal("it has mode 646", problem.evidence)
    assert.truthy(problem.hint:find("chmod o-w " .. path, 1, true))
  end)

  it("is refused when everybody may replace the file, or a folder above it", function()
    assert(sys.make_folder(folder .. "/a/b"))
    assert(sys.write_file(folder .. "/a/b/x.lua", ""))
    chmod("777", folder)
    for _, name in ipairs { path, folder .. "/a/b/x.lua" } do
      local problem = refused(name)
      assert.equal("everybody may replace " .. name, problem.message)
      assert.equal(folder .. " has mode 777", problem.evidence)
      assert.truthy(problem.hint:find("chmod o-w " .. folder, 1, true))
    end
  end)

  it("is good in a folder for all where only owners remove, when it is ours or root's", function()
    chmod("1777", folder)
    assert.equal("return 'read'", trust.read(path))
    belongs_to(0, path)
    assert.equal("return 'read'", trust.read(path))
    belongs_to(ANOTHER, path)
    local problem = refused()
    assert.equal("anybody could have put " .. path .. " there", problem.message)
    assert.equal(("%s has mode 1777, %s belongs to user %d"):format(folder, path, ANOTHER), problem.evidence)
    assert.truthy(failure.hint(problem):find("copy", 1, true))
  end)

  it("is that of the file itself, not of a link to it", function()
    local link = support.folder() .. "/link.lua"
    assert(sys.symlink(path, link))
    assert.equal("return 'read'", trust.read(link))
    chmod("602", path)
    assert.equal("everybody may write to " .. path, refused(link).message)
  end)

  it("may be said from where one is", function()
    local result = support.run { "env", "-C", folder, support.program, "run", "my.lua" }
    assert.equal(10, result.status)
    assert.truthy(result.stderr:find('returned "read"', 1, true), result.stderr)
    chmod("777", folder)
    result = support.run { "env", "-C", folder, support.program, "run", "./my.lua" }
    assert.equal(10, result.status)
    assert.truthy(result.stderr:find("everybody may replace ", 1, true), result.stderr)
  end)

  it("is no question for what came through a descriptor", function()
    local result = support.run({ support.program, "run", "/dev/fd/0" }, { input = "error 'seen'" })
    assert.equal(10, result.status)
    assert.truthy(result.stderr:find("seen", 1, true), result.stderr)
  end)

  it("is asked before anything of the file is run", function()
    chmod("666", path)
    assert(sys.write_file(path, ("io.open(%q, 'w'):close()"):format(folder .. "/ran")))
    for _, words in ipairs { { "run", path }, { "test-script", path, "--model", "mc7455" } } do
      local result = support.run { support.program, unpack(words) }
      assert.equal(10, result.status)
      assert.truthy(result.stderr:find("everybody may write to " .. path, 1, true), result.stderr)
    end
    assert.is_nil(sys.stat(folder .. "/ran"))
  end)

  it("counts for scripts that are looked for by name, too", function()
    local bundled = files.folders
    files.folders = { folder }
    assert(sys.write_file(path, "return require('moonflash').script 'other' -- flash.script"))
    chmod("666", path)
    local _, of_all = files.all()
    local _, of_one = files.script "my"
    files.folders = bundled
    -- a comment makes no model of it, so all() had no reason to look
    assert.is_nil(of_all)
    assert.equal("script.untrusted", of_one.code)
  end)

  it("does not change how a script is read", function()
    assert(sys.write_file(path, "#!/usr/bin/moonflash run\nerror 'here'"))
    local _, raised = files.load(path)
    assert.equal(path .. ":2: here", raised.message)
    assert(sys.write_file(path, "#!/usr/bin/moonflash run\nreturn ="))
    local _, invalid = files.load(path)
    assert.truthy(invalid.message:find(path .. ":2:", 1, true))
  end)

  it("fails for a folder and a missing file", function()
    assert.equal("script.invalid", support.code_of(files.load(folder)))
    assert.equal("script.not_found", support.code_of(files.load(folder .. "/none.lua")))
  end)
end)

describe("the folder one is in", function()
  after_each(support.finish)

  it("has no modules for the program", function()
    local folder = support.folder()
    for _, name in ipairs { "cjson", "argparse", "moonflash" } do
      assert(sys.write_file(("%s/%s.lua"):format(folder, name), "print 'taken from here'"))
    end
    for _, environment in ipairs { {}, { LUA_PATH = false, LUA_CPATH = false } } do
      local result = support.run({ "env", "-C", folder, support.program, "devices", "--root", folder },
        { environment = environment })
      assert.equal("", result.stderr)
      assert.is_nil(result.stdout:find("taken from here", 1, true))
      assert.equal(0, result.status)
    end
  end)
end)

-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Script files: which may be run, and what a file in a folder of models can do wrong.
local support = require "tests.support"
local files = require "moonflash.engine.model_files"
local flash = require "moonflash"
local sys = require "moonflash.core.sys"

local ANOTHER = 4711

local function chmod(mode, path)
  assert.equal(0, support.run({ "chmod", mode, path }).status)
end

describe("a script that other users can modify", function()
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
    assert.equal("script.untrusted", support.code_of(files.load(name or path)))
    return select(2, files.load(name or path))
  end

  local function runs()
    assert.equal("read", (files.load(path)))
  end

  it("is none when only its owner or a group can write to it and its folder", function()
    runs()
    chmod("775", folder)
    chmod("664", path)
    runs()
    belongs_to(ANOTHER, path) -- sudo moonflash run my.lua
    runs()
  end)

  it("is refused when others can write to the file", function()
    chmod("646", path)
    local problem = refused()
    assert.equal("other users can modify " .. path, problem.message)
    assert.equal(path .. " has mode 646", problem.evidence)
    assert.truthy(problem.hint:find("chmod o-w " .. path, 1, true))
  end)

  it("is refused when others can write to its folder", function()
    chmod("777", folder)
    local problem = refused()
    assert.equal("other users can modify " .. path, problem.message)
    assert.equal(folder .. " has mode 777", problem.evidence)
    assert.truthy(problem.hint:find("chmod o-w " .. folder, 1, true))
  end)

  it("is refused in a folder like /tmp unless it belongs to root or the caller", function()
    chmod("1777", folder)
    runs()
    belongs_to(0, path)
    runs()
    belongs_to(ANOTHER, path)
    assert.equal(folder .. " has mode 1777", refused().evidence)
  end)

  it("is refused through a link, too", function()
    local link = support.folder() .. "/link.lua"
    assert(sys.symlink(path, link))
    assert.equal("read", (files.load(link)))
    chmod("602", path)
    assert.equal("other users can modify " .. path, refused(link).message)
  end)

  it("is refused by a relative path, too", function()
    local result = support.run { "env", "-C", folder, support.program, "run", "my.lua" }
    assert.equal(10, result.status)
    assert.truthy(result.stderr:find("returned a value of type string", 1, true), result.stderr)
    chmod("777", folder)
    result = support.run { "env", "-C", folder, support.program, "run", "./my.lua" }
    assert.equal(10, result.status)
    assert.truthy(result.stderr:find("other users can modify ", 1, true), result.stderr)
  end)

  it("is none when it comes through a descriptor", function()
    local result = support.run({ support.program, "run", "/dev/fd/0" }, { input = "error 'seen'" })
    assert.equal(10, result.status)
    assert.truthy(result.stderr:find("seen", 1, true), result.stderr)
  end)

  it("is refused before anything of it is run", function()
    chmod("666", path)
    assert(sys.write_file(path, ("io.open(%q, 'w'):close()"):format(folder .. "/ran")))
    for _, words in ipairs { { "run", path }, { "test-script", path, "--model", "mc7455" } } do
      local result = support.run { support.program, unpack(words) }
      assert.equal(10, result.status)
      assert.truthy(result.stderr:find("other users can modify " .. path, 1, true), result.stderr)
    end
    assert.is_nil(sys.stat(folder .. "/ran"))
  end)

  it("is read with its own line numbers", function()
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

describe("a folder of models", function()
  local bundled = files.folders
  local GOOD = 'local mf = require "moonflash" return mf.rename(mf.script "mc7455", { name = "MC1" })'
  local folder

  before_each(function()
    folder = support.folder()
    assert(sys.make_folder(folder .. "/models"))
    files.folders = { folder, bundled[2] }
  end)

  after_each(function()
    files.folders = bundled
    support.finish()
  end)

  local function names()
    local list, events = {}, {}
    local models, broken = files.all(function(event) events[#events + 1] = event end)
    for index, one in ipairs(models) do list[index] = one.name end
    return table.concat(list, " "), broken, events
  end

  it("needs no certain words in a model: every .lua file is one", function()
    assert(sys.write_file(folder .. "/models/mine.lua", GOOD))
    assert.equal("MC1 EM7305 EM7565 MC7354 MC7455", (names()))
    assert.equal("MC1", files.script("mine").name)
    assert.equal("MC1", files.model_of(folder .. "/models/mine.lua").name)
  end)

  it("is the only place whose files are run to list modems", function()
    assert(sys.write_file(folder .. "/nightly.lua", [[local flash = require "moonflash"
      flash.script "mc7455"
      error "it was run"]]))
    local list, broken = names()
    assert.equal("EM7305 EM7565 MC7354 MC7455", list)
    assert.is_nil(broken)
  end)

  -- What a file does wrong, the code of its failure and a part of its message.
  local wrong = {
    ["does not parse"] = { "return = 5", "script.invalid", "unexpected symbol" },
    ["returns nothing"] = { 'require("moonflash").script "mc7455"', "script.invalid", "does not return flash.model" },
    ["returns something else"] = { "return 5", "script.invalid", "does not return flash.model" },
    ["returns a reason"] = { "return nil, 'no'", "script.invalid", "does not return flash.model" },
    ["raises"] = { "error 'oh'", "script.raised", "x.lua:1: oh" },
    ["raises a failure"] = { 'require("moonflash").try(nil, "no")', "script.refused", "no" },
    ["reads its arguments"] = { "local file = ... return file:upper()", "script.raised", "x.lua:1: attempt to index" },
    ["loads itself"] = { 'return require("moonflash").script(debug.getinfo(1, "S").source:sub(2))', "script.invalid",
      "loads itself" },
  }
  for words, row in pairs(wrong) do
    it("warns of a file that " .. words .. ", and lists the other models", function()
      local path = folder .. "/models/x.lua"
      assert(sys.write_file(path, row[1]))
      local list, broken, events = names()
      assert.equal("EM7305 EM7565 MC7354 MC7455", list)
      assert.equal(row[2], broken.code)
      assert.truthy(tostring(broken):find(row[3], 1, true), tostring(broken))
      assert.equal(1, #events)
      assert.equal(0, flash.devices({ root = support.folder() })[1] or 0)
      assert.equal("device.none", flash.status({ root = support.folder() }).failure.code)
    end)
  end

  it("warns of a link to nothing, and leaves other files and folders alone", function()
    assert(sys.symlink(folder .. "/nothing", folder .. "/models/link.lua"))
    assert(sys.write_file(folder .. "/models/README", "no Lua"))
    assert(sys.write_file(folder .. "/models/x.lua~", "return ="))
    assert(sys.make_folder(folder .. "/models/old.lua"))
    local list, broken, events = names()
    assert.equal("EM7305 EM7565 MC7354 MC7455", list)
    assert.equal("script.not_found", broken.code)
    assert.equal(1, #events)
  end)

  it("may hold a link to a model, and one that other users can modify is left out", function()
    assert(sys.write_file(folder .. "/mine.lua", GOOD))
    assert(sys.symlink("../mine.lua", folder .. "/models/x.lua"))
    assert.equal("MC1 EM7305 EM7565 MC7354 MC7455", (names()))
    chmod("666", folder .. "/mine.lua")
    local list, broken = names()
    assert.equal("EM7305 EM7565 MC7354 MC7455", list)
    assert.equal("script.untrusted", broken.code)
  end)

  it("uses the bundled model while the one that overrides it does not load", function()
    assert(sys.write_file(folder .. "/models/mc7455.lua", "return ="))
    assert.equal("EM7305 EM7565 MC7354 MC7455", (names()))
  end)
end)

describe("the model of a script", function()
  after_each(support.finish)

  local function model_of(text)
    local path = support.folder() .. "/my.lua"
    assert(sys.write_file(path, text))
    return files.model_of(path)
  end

  it("is what it returns, whatever it calls the library", function()
    assert.equal("MC7455", model_of('local mf = require "moonflash" return mf.script "mc7455"').name)
  end)

  it("is none for a script of another kind, which sees no modem meanwhile", function()
    for _, text in ipairs { "return", "return function() end", 'return require("moonflash").update { files = {} }',
      'local flash = require "moonflash" flash.try(flash.open())' } do
      local made, problem = model_of(text)
      assert.is_nil(made)
      assert.is_nil(problem)
    end
    assert.equal("script.raised", support.code_of(model_of "error 'oh'"))
    assert.equal("script.invalid", support.code_of(model_of "return ="))
  end)
end)

describe("the current folder", function()
  after_each(support.finish)

  it("has no modules for the program", function()
    local folder = support.folder()
    for _, name in ipairs { "cjson", "moonflash" } do
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

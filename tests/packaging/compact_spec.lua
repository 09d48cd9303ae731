-- The compact installation: the Lua library in one file, from which stock Lua and the program work.
local clients = require "tests.packaging.clients"
local exit = require "moonflash.exit"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local BUILD_MS = 200000

local function run(argv, options)
  local ran = support.run(argv, options)
  assert.equal(0, ran.status, ran.stdout .. ran.stderr)
  return ran.stdout
end

-- All Lua files below a folder, as seen from there.
local function files_below(folder, found, at)
  for _, name in ipairs(sys.list(folder .. at)) do
    local path = at .. "/" .. name
    if sys.stat(folder .. path).kind == "folder" then files_below(folder, found, path)
    elseif name:find "%.lua$" then found[#found + 1] = path:sub(2) end
  end
  return found
end

describe("the compact installation", function()
  local kept, prefix, bare

  local function lua(text, ...)
    return run(support.lua(text, ...), { environment = {
      LUA_PATH = prefix .. "/share/lua/5.1/?.lua;" .. prefix .. "/share/lua/5.1/?/init.lua;;",
      LUA_CPATH = prefix .. "/lib/lua/5.1/?.so;;", MOONFLASH = false } })
  end

  local function program(...)
    return support.run({ prefix .. "/bin/moonflash", ... }, { environment = bare })
  end

  setup(function()
    bare = { LUA_PATH = false, LUA_CPATH = false, MOONFLASH = false }
    kept = assert(sys.temporary_folder())
    prefix = kept .. "/prefix"
    local build = kept .. "/build"
    run({ "cmake", "-S", ".", "-B", build, "-DCMAKE_INSTALL_PREFIX=" .. prefix, "-DMOONFLASH_COMPACT=ON",
      "-DMOONFLASH_TESTS=OFF", "-DMOONFLASH_LUA_DIR=share/lua/5.1", "-DMOONFLASH_CMODULE_DIR=lib/lua/5.1" },
      { deadline_ms = BUILD_MS })
    run({ "cmake", "--build", build, "-j2" }, { deadline_ms = BUILD_MS })
    run({ "cmake", "--install", build })
  end)
  teardown(function() sys.remove_tree(kept) end)
  after_each(support.finish)

  it("has every module, the same to the last instruction, line number and name", function()
    local files = files_below("lua", {}, "")
    assert.is_true(#files > 100)
    assert.equal("packed: 100 and more\n", lua([[
      local seen = 0
      require "moonflash"
      local library = package.loaders[2]
      for _, file in ipairs { ... } do
        local name = file:gsub("%.lua$", ""):gsub("/init$", ""):gsub("/", ".")
        local chunk = library(name)
        if type(chunk) == "function" then
          local original = assert(loadstring(assert(io.open("lua/" .. file)):read "*a", "@" .. file))
          assert(string.dump(chunk) == string.dump(original), file .. " is another one")
          seen = seen + 1
        else
          local part = file:match "^moonflash/(%l+)"
          local command = file:find "^moonflash/cli/simulator/"
          assert(command or part == "sim" or part == "replay" or part == "trial", chunk)
        end
      end
      print(seen > 100 and "packed: 100 and more" or seen)]], unpack(files)))
  end)

  it("lists, looks and updates, by program and from stock Lua", function()
    local files = clients.images()
    local modem = support.simulator("mc7455", { time_scale = 0.01 })
    assert.matches("MC7455", program("--root", modem.root, "devices").stdout)
    assert.equal(0, program("inspect", unpack(files)).status)
    assert.matches(clients.OLD, program("--root", modem.root, "status").stdout)
    local out = lua([[
      local flash = require "moonflash"
      local root, one, two = ...
      print(flash.devices({ root = root })[1].model, #flash.models())
      local job = flash.job { command = "update", root = root, files = { one, two } }
      print(job:wait(60000).after.firmware, require("moonflash.place").program)
    ]], modem.root, files[1], files[2])
    assert.equal(("MC7455\t3\n%s\t%s/bin/moonflash\n"):format(clients.NEW, prefix), out)
    assert.equal(exit.NOTHING_TO_DO, program("--root", modem.root, "update", unpack(files)).status)
  end)

  it("says what to install for the simulator, and has it when it is there", function()
    assert.matches("MC7455", program("simulate", "list").stdout)
    local folder = prefix .. "/share/lua/5.1/moonflash/sim"
    run { "mv", folder, folder .. ".away" }
    local ran = program("simulate", "mc7455")
    run { "mv", folder .. ".away", folder }
    assert.equal(exit.REFUSED, ran.status)
    assert.matches("the package moonflash%-simulator", ran.stdout .. ran.stderr)
  end)

  it("names the file when it is damaged", function()
    local path = prefix .. "/share/lua/5.1/moonflash/library.gz"
    local whole = assert(sys.read_file(path))
    assert(sys.write_file(path, whole:sub(1, #whole / 2)))
    local ran = program "--help"
    assert(sys.write_file(path, whole))
    assert.equal(exit.SCRIPT_ERROR, ran.status)
    assert.matches("cannot start: .*library%.gz", ran.stderr)
  end)
end)

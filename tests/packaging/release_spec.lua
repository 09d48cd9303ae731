-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- What a build folder has for users besides the program: `--target uninstall` and `--target dist`.
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local BUILD = support.program:match "^(.*)/[^/]+$"
local MINUTE_MS = 60000

local function succeeds(argv, environment)
  local run = support.run(argv, { environment = environment, deadline_ms = MINUTE_MS })
  assert.equal(0, run.status, run.stdout .. run.stderr)
  return run
end

-- All paths below a folder, those of folders too, as text.
local function tree(folder)
  return succeeds({ "sh", "-c", 'cd "$1" && find . | sort', "sh", folder }).stdout
end

describe("the target uninstall", function()
  local list, before = BUILD .. "/install_manifest.txt", nil
  before_each(function() before = sys.stat(list) and support.contents(list) end)
  after_each(function()
    if before then assert(sys.write_file(list, before)) else os.remove(list) end
    support.finish()
  end)

  local function uninstall(environment)
    return support.run({ "cmake", "--build", BUILD, "--target", "uninstall" },
      { environment = environment, deadline_ms = MINUTE_MS })
  end

  -- The folders that an installation of anything has.
  local function new_system()
    local folder = support.folder() .. "/a system"
    succeeds { "sh", "-c", 'mkdir -p "$1" && cd "$1" && cmake --install "$2" --prefix "$1/usr" >/dev/null &&'
      .. ' find . -type f -delete && find . -type l -delete && find . -depth -path "*/moonflash*" -delete',
      "sh", folder, BUILD }
    return folder
  end

  it("removes what was installed and nothing else", function()
    local system = new_system()
    local bare = tree(system)
    assert.falsy(bare:find "moonflash")
    for _, path in ipairs { "/usr/bin/other", "/usr/share/.hidden" } do
      assert(sys.write_file(system .. path, "kept"))
    end
    local others = tree(system)
    succeeds { "cmake", "--install", BUILD, "--prefix", system .. "/usr" }
    assert.truthy(tree(system):find("/share/moonflash/scripts/models/mc7455.lua\n", 1, true))
    local run = uninstall()
    assert.equal(0, run.status, run.stderr)
    assert.equal(others, tree(system))
  end)

  it("keeps what users put into the program's folders, and works below DESTDIR", function()
    local stage = support.folder()
    succeeds({ "cmake", "--install", BUILD, "--prefix", "/usr" }, { DESTDIR = stage })
    local own = stage .. "/usr/share/moonflash/scripts/mine.lua"
    assert(sys.write_file(own, "return nil\n"))
    assert.equal(0, uninstall({ DESTDIR = stage }).status)
    assert.equal("return nil\n", support.contents(own))
    assert.equal(own:sub(#stage + 1) .. "\n",
      succeeds({ "sh", "-c", 'cd "$1" && find . -type f | sed s/.//', "sh", stage }).stdout)
  end)

  it("says that there is nothing to remove", function()
    os.remove(list)
    local run = uninstall()
    assert.are_not.equal(0, run.status)
    assert.matches("nothing was installed from this build folder", run.stdout .. run.stderr)
  end)

  it("has nothing for update engines to remove unless asked for it", function()
    local stage = support.folder()
    succeeds({ "cmake", "--install", BUILD, "--prefix", "/usr" }, { DESTDIR = stage })
    local cache = support.contents(BUILD .. "/CMakeCache.txt")
    local deploys = cache:find "MOONFLASH_DEPLOY:BOOL=ON" ~= nil
    assert.equal(deploys, tree(stage):find("mender", 1, true) ~= nil)
  end)
end)

describe("the target dist", function()
  after_each(support.finish)

  local function unpacked(folder, path)
    succeeds { "tar", "-C", folder, "-xzf", path }
    return folder .. "/moonflash-1.2.3"
  end

  local function dist(of, into)
    succeeds { "cmake", "-DTREE=" .. of, "-DBUILD=" .. into, "-DNAME=moonflash-1.2.3", "-P",
      "packaging/dist.cmake" }
    return into .. "/moonflash-1.2.3.tar.gz"
  end

  it("has the same files from an unpacked archive as the archive, without what was built there", function()
    local first = unpacked(support.folder(), dist(sys.real_path ".", support.folder()))
    local files = tree(first)
    for _, name in ipairs { "CMakeLists.txt", "LICENSE", "tests/run.sh", "packaging/README.md" } do
      assert.truthy(files:find("\n./" .. name .. "\n", 1, true), name)
    end
    assert.falsy(files:find("\n./build", 1, true))
    assert.falsy(files:find("\n./.git/", 1, true))
    local build = first .. "/my build"
    for _, name in ipairs { "/my build", "/build-other", "/doc" } do assert(sys.make_folder(first .. name)) end
    assert.equal(files, tree(unpacked(support.folder(), dist(first, build))))
  end)
end)

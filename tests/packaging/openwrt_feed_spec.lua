-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The feed's Makefiles, run by GNU make with a small stand-in for OpenWrt's build (buildroot):
-- what cmake installs is in exactly one of the packages.
local exit = require "moonflash.commands.result"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local FEED = "packaging/openwrt/"
-- Seen from a package of the feed. An absolute path may have a blank, which make cannot read.
local TREE = "../../.."

local function succeeds(argv)
  local run = support.run(argv, { deadline_ms = 200000 })
  assert.equal(0, run.status, run.stderr)
  return run.stdout
end

local function make(package, stage, target)
  return succeeds { "make", "-C", FEED .. package, target, "STAGE=" .. stage, "TREE=" .. TREE, "TOPDIR=../buildroot" }
end

local function project_version()
  return assert(sys.read_file "CMakeLists.txt"):match "project%(moonflash VERSION ([%d.]+)"
end

-- The files below a folder: adds each path as seen from there to `found`.
local function each_file(folder, found, at)
  for _, name in ipairs(sys.list(folder .. at)) do
    local path = at .. "/" .. name
    if sys.stat(folder .. path).kind == "folder" then each_file(folder, found, path) else found(path) end
  end
end

local function owners_of(stage, packages)
  local owners = {}
  for _, package in ipairs(packages) do
    each_file(stage .. "/" .. package, function(path)
      owners[path] = (owners[path] and owners[path] .. " " or "") .. package
    end, "")
  end
  return owners
end

-- What a router has no use for.
local left_out = {
  "^/usr/share/man/", "^/usr/share/bash%-completion/", "^/usr/share/zsh/", "^/usr/share/fish/",
  "^/usr/share/doc/", "^/usr/share/mender/",
  "^/usr/share/moonflash%-deploy/", -- makes updates for SWUpdate
  "^/usr/lib/udev/", "^/usr/lib/tmpfiles%.d/", -- OpenWrt has no udev and no systemd
}

local function is_left_out(path)
  for _, pattern in ipairs(left_out) do
    if path:find(pattern) then return true end
  end
end

describe("the feed's moonflash", function()
  after_each(support.finish)

  it("has each file in exactly one package, and its own where OpenWrt looks for them", function()
    local stage = support.folder()
    make("moonflash", stage, "compile")
    make("moonflash", stage, "packages")
    local owners = owners_of(stage,
      { "moonflash", "moonflash-qmi", "moonflash-usb", "moonflash-archive", "moonflash-simulator", "moonflash-rpcd" })
    each_file(stage .. "/install", function(path)
      if not is_left_out(path) then assert(owners[path], "in no package: " .. path) end
    end, "")
    for path, owner in pairs(owners) do
      assert.falsy(owner:find " ", path .. " is in " .. owner)
    end
    local expected = {
      ["/usr/bin/moonflash"] = "moonflash", ["/usr/libexec/moonflash-job"] = "moonflash",
      ["/etc/init.d/moonflash"] = "moonflash", ["/etc/config/moonflash"] = "moonflash",
      ["/usr/share/moonflash/scripts/models/mc7455.lua"] = "moonflash",
      ["/usr/lib/lua/moonflash/init.lua"] = "moonflash",
      ["/usr/lib/lua/moonflash/core/port.so"] = "moonflash",
      ["/usr/lib/lua/moonflash.so"] = "moonflash",
      ["/usr/lib/lua/moonflash/core/qmi.so"] = "moonflash-qmi",
      ["/usr/lib/lua/moonflash/core/usb.so"] = "moonflash-usb",
      ["/usr/lib/lua/moonflash/core/archive.so"] = "moonflash-archive",
      ["/usr/lib/lua/moonflash/sim/init.lua"] = "moonflash-simulator",
      ["/usr/lib/lua/moonflash/sim/script_test.lua"] = "moonflash-simulator",
      ["/usr/lib/lua/moonflash/core/socket.so"] = "moonflash-simulator",
      ["/usr/share/moonflash/scripts/examples/inventory.lua"] = "moonflash-simulator",
      ["/usr/libexec/rpcd/moonflash"] = "moonflash-rpcd",
      ["/usr/lib/lua/moonflash/rpcd/jobs.lua"] = "moonflash-rpcd",
      ["/usr/share/rpcd/acl.d/moonflash.json"] = "moonflash-rpcd",
    }
    for path, owner in pairs(expected) do assert.equal(owner, owners[path], path) end
    for _, path in ipairs { "/usr/bin/moonflash", "/etc/init.d/moonflash", "/usr/libexec/moonflash-job" } do
      assert.truthy(sys.access(stage .. "/moonflash" .. path, "x"))
    end
    local program = stage .. "/moonflash/usr/bin/moonflash"
    local bare = { environment = { LUA_PATH = false, LUA_CPATH = false } }
    local modem = support.simulator("mc7455", { time_scale = 0.02 })
    local devices = support.run({ program, "devices", "--root", modem.root }, bare)
    assert.equal(0, devices.status, devices.stderr)
    assert.matches("MC7455", devices.stdout)
    local simulate = support.run({ program, "simulate", "mc7455" }, bare)
    assert.equal(exit.REFUSED, simulate.status)
    assert.matches("package moonflash%-simulator", simulate.stdout .. simulate.stderr)
    local environment = { LUA_PATH = false, LUA_CPATH = false, MOONFLASH_ROOT = modem.root,
      PATH = stage .. "/moonflash/usr/bin:" .. os.getenv "PATH" }
    for version, right in pairs { [project_version()] = true, ["9.9.9"] = false } do
      local run = support.run({ "sh", FEED .. "moonflash/test.sh", "moonflash", version },
        { environment = environment })
      assert.equal(right, run.status == 0, run.stdout .. run.stderr)
    end
  end)

  it("is built anew when a package is chosen that its build depends on", function()
    local makefile = sys.read_file(FEED .. "moonflash/Makefile")
    local depends, asked = makefile:match "\nPKG_CONFIG_DEPENDS:=([^\n]*)" or "", 0
    for symbol in makefile:gmatch "%$%((CONFIG_[%w_-]+)%)" do
      assert.truthy((depends .. " "):find(symbol .. " ", 1, true), symbol)
      asked = asked + 1
    end
    assert.equal(3, asked)
  end)

  -- OpenWrt 19.07 hides a package from its menu if that one is not chosen.
  it("names the kernel module that a driver belongs to", function()
    local makefile, drivers = sys.read_file(FEED .. "moonflash/Makefile"), 0
    for depends in makefile:gmatch "DEPENDS:=([^\n]*)" do
      for part in depends:gmatch "%+(kmod%-usb%-%a+)%-%S" do
        assert.truthy((" " .. depends .. " "):find(" +" .. part .. " ", 1, true), depends)
        drivers = drivers + 1
      end
    end
    assert.equal(3, drivers)
  end)

  it("is built anew when any file of the tree has changed that its build takes", function()
    local stage, watched = support.folder(), {}
    make("moonflash", stage, "prepare")
    for line in make("moonflash", stage, "file-depends"):gmatch "[^\n]+" do
      local path = sys.real_path(FEED .. "moonflash/" .. line)
      if path then watched[path] = true end
    end
    local tree, taken = sys.real_path ".", 0
    each_file(stage .. "/build", function(path)
      assert.is_true(watched[tree .. path], path)
      taken = taken + 1
    end, "")
    assert.is_true(taken > 100)
  end)

  it("is the archive of a release outside of the tree", function()
    local stage, feed, name = support.folder(), support.folder(), "moonflash-" .. project_version()
    succeeds { "cmake", "-DTREE=" .. sys.real_path ".", "-DBUILD=" .. stage, "-DNAME=" .. name, "-P",
      "packaging/dist.cmake" }
    assert(sys.make_folder(feed .. "/feed/utils"))
    succeeds { "cp", "-R", FEED .. "moonflash", feed .. "/feed/utils/" }
    succeeds { "cp", "-R", FEED .. "buildroot", feed .. "/feed/utils/" }
    succeeds { "make", "-C", feed .. "/feed/utils/moonflash", "prepare", "STAGE=" .. stage, "TOPDIR=../buildroot",
      "DL_DIR=" .. stage }
    assert.truthy(sys.stat(stage .. "/build/CMakeLists.txt"))
    assert.truthy(sys.stat(stage .. "/build/tests"))
  end)
end)

describe("the packages", function()
  local makefiles = { "libserialport", "luci-app-moonflash", "moonflash" }

  local function value(package, name)
    return sys.read_file(FEED .. package .. "/Makefile"):match("\n" .. name .. ":=([^\n]*)")
  end

  it("have the version of the project", function()
    assert.equal(project_version(), value("moonflash", "PKG_VERSION"))
    assert.equal(project_version(), value("luci-app-moonflash", "PKG_VERSION"))
    assert.equal(project_version(), sys.read_file "packaging/debian/changelog":match "^moonflash %(([%d.]+)%-")
  end)

  it("have one maintainer with an address", function()
    local maintainer = sys.read_file "packaging/debian/control":match "\nMaintainer: ([^\n]*)"
    assert.matches("^[%w ]+ <[^@]+@[^@]+>$", maintainer)
    assert.truthy(sys.read_file "packaging/debian/changelog":find("\n -- " .. maintainer .. "  ", 1, true))
    for _, package in ipairs(makefiles) do assert.equal(maintainer, value(package, "PKG_MAINTAINER")) end
  end)

  it("have a licence at the top of Makefiles and scripts, and a test for the feed's CI", function()
    local files = { "ipk.sh", "moonflash/files/moonflash.init", "moonflash/files/moonflash-job",
      "moonflash/files/moonflash.rpcd", "buildroot/rules.mk", "buildroot/package.mk", "buildroot/cmake.mk" }
    for _, package in ipairs(makefiles) do
      files[#files + 1] = package .. "/Makefile"
      files[#files + 1] = package .. "/test.sh"
    end
    for _, name in ipairs(files) do
      local text = sys.read_file(FEED .. name):gsub("^#![^\n]*\n", "")
      assert.matches("^[#-]+ SPDX%-FileCopyrightText: [^\n]+\n[#-]+ SPDX%-License%-Identifier: GPL%-2%.0%-or%-later\n",
        text, name)
    end
  end)
end)

describe("the build", function()
  after_each(support.finish)

  -- All that pkg-config knows here, but Lua only as OpenWrt has it: lua.pc.
  local function openwrt_folder(version)
    local folder = support.folder()
    local places = support.run({ "pkg-config", "--variable=pc_path", "pkg-config" }).stdout
    for place in places:gmatch "[^:\n]+" do
      for _, name in ipairs(sys.list(place) or {}) do
        if not name:find "^lua" then sys.symlink(place .. "/" .. name, folder .. "/" .. name) end
        if name == "lua5.1.pc" then
          local text = sys.read_file(place .. "/" .. name):gsub("\nVersion:[^\n]*", "\nVersion: " .. version)
          assert(sys.write_file(folder .. "/lua.pc", text))
        end
      end
    end
    return folder
  end

  local function configure(version)
    return support.run({ "cmake", "-S", ".", "-B", support.folder(), "-DMOONFLASH_TESTS=OFF" },
      { environment = { PKG_CONFIG_LIBDIR = openwrt_folder(version) }, deadline_ms = 60000 })
  end

  it("takes Lua by OpenWrt's name, if it is 5.1", function()
    local run = configure "5.1.5"
    assert.equal(0, run.status, run.stderr)
    assert.are_not.equal(0, configure("5.4.6").status)
  end)
end)

describe("ipk.sh", function()
  it("says how it is used", function()
    local run = support.run { "sh", FEED .. "ipk.sh", "mipsel_24kc" }
    support.finish()
    assert.equal(1, run.status)
    local first, last = run.stderr:match "^([^\n]*)\n.*\n([^\n]*)\n$"
    assert.equal("Makes .ipk packages without OpenWrt's SDK, to try moonflash:", first)
    assert.equal("The system of a router has musl: packages for it come from the SDK.", last)
  end)
end)

describe("the feed's libserialport", function()
  it("packs the library and its development files", function()
    local stage = support.folder()
    for _, path in ipairs { "include/libserialport.h", "lib/libserialport.so", "lib/libserialport.so.0",
      "lib/pkgconfig/libserialport.pc" } do
      assert(sys.make_folder(stage .. "/install/usr/" .. path:match "^(.*)/"))
      assert(sys.write_file(stage .. "/install/usr/" .. path, ""))
    end
    make("libserialport", stage, "packages")
    make("libserialport", stage, "development")
    assert.same({ ["/usr/lib/libserialport.so.0"] = "libserialport" }, owners_of(stage, { "libserialport" }))
    assert.truthy(sys.stat(stage .. "/development/usr/include/libserialport.h"))
    support.finish()
  end)
end)

-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The Debian package, unpacked into a folder: program, modules and scripts find each other there.
local clients = require "tests.packaging.clients"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local package, missing = clients.debian_package "moonflash"

-- The package unpacked: its /usr.
local function unpacked()
  local folder = support.folder()
  local run = support.run { "dpkg-deb", "-x", package, folder .. "/root" }
  assert.equal(0, run.status, run.stderr)
  return folder .. "/root/usr"
end

-- Without what leads to the build tree.
local bare = { LUA_PATH = false, LUA_CPATH = false, MOONFLASH = false }

local function folders_of(prefix)
  local run = support.run { "pkg-config", "--variable=INSTALL_CMOD", "lua5.1" }
  return prefix .. "/share/lua/5.1", prefix .. run.stdout:match "^/usr(%S+)"
end

local only = missing and pending or describe

only("the Debian package" .. (missing and ": " .. missing or ""), function()
  after_each(support.finish)

  it("updates a modem from wherever it is unpacked, by program and from stock Lua", function()
    local prefix = unpacked()

    local depends = support.run({ "dpkg-deb", "-f", package, "Depends" }).stdout
    for _, needed in ipairs {
      "lua-cjson", "liblua5.1-0", "libserialport0", "libqmi-glib5", "libarchive13", "libusb-1.0-0",
    } do
      assert.truthy(depends:find(needed, 1, true), needed)
    end
    assert.equal("curl\n", support.run({ "dpkg-deb", "-f", package, "Recommends" }).stdout)
    for _, path in ipairs { "share/man/man1/moonflash.1.gz", "share/bash-completion/completions/moonflash",
      "share/zsh/vendor-completions/_moonflash", "share/fish/vendor_completions.d/moonflash.fish",
      "share/doc/moonflash/copyright", "lib/udev/rules.d/70-moonflash.rules",
      "lib/udev/rules.d/77-mm-moonflash.rules", "lib/tmpfiles.d/moonflash.conf" } do
      assert.truthy(sys.stat(prefix .. "/" .. path), path)
    end
    local postinst = support.run({ "dpkg-deb", "-I", package, "postinst" }).stdout
    assert.matches("systemd%-tmpfiles .*%-%-create moonflash%.conf", postinst)

    local modem = support.simulator("mc7455", { time_scale = 0.01 })
    local files = clients.images()
    local argv = { prefix .. "/bin/moonflash", "--root", modem.root, "plan", files[1], files[2] }
    local run = support.run(argv, { environment = bare })
    assert.equal(0, run.status, run.stderr)

    local lua, cmodules = folders_of(prefix)
    run = support.run(support.lua([[
      local flash = require "moonflash"
      assert(flash.script "mc7455", "no script")
      local root, one, two = ...
      local job = flash.job { command = "update", root = root, files = { one, two } }
      print(job:wait(60000).after.firmware, require("moonflash.base.install").program)
    ]], modem.root, files[1], files[2]), { environment = {
      LUA_PATH = lua .. "/?.lua;" .. lua .. "/?/init.lua;;", LUA_CPATH = cmodules .. "/?.so;;" } })
    assert.equal(clients.NEW .. "\t" .. prefix .. "/bin/moonflash\n", run.stdout, run.stderr)
  end)
end)

only("the Debian packages" .. (missing and ": " .. missing or ""), function()
  after_each(support.finish)

  local function list(name)
    return support.run({ "dpkg-deb", "-c", (clients.debian_package(name)) }).stdout
  end

  it("have modes that do not depend on the umask", function()
    for _, name in ipairs { "moonflash", "moonflash-deploy" } do
      for mode, rest in list(name):gmatch "(%S+)([^\n]*)\n" do
        assert.matches(mode:find "^d" and "^drwxr.xr.x$" or "^.r..r..r..$", mode, 1, false, mode .. rest)
      end
    end
  end)

  it("have what update engines need in a package of its own", function()
    local main, deploy = list "moonflash", list "moonflash-deploy"
    for _, path in ipairs { "bin/moonflash-deploy", "share/man/man1/moonflash-deploy.1.gz",
      "share/mender/modules/v3/moonflash", "share/moonflash-deploy/make-swu" } do
      assert.truthy(deploy:find("./usr/" .. path .. "\n", 1, true), path)
      assert.falsy(main:find(path, 1, true), path)
    end
  end)
end)

-- Runs a program in a mount namespace where the package lies over the system's /usr, as if installed.
local function installed(prefix, ...)
  local laid_over = 'mount -t overlay overlay -o "lowerdir=$1:/usr" /usr && shift && exec "$@"'
  return support.run({ "unshare", "-m", "sh", "-c", laid_over, "sh", prefix, ... }, { environment = bare })
end

only("the installed Debian package" .. (missing and ": " .. missing or ""), function()
  after_each(support.finish)

  it("is found by stock Lua and by PATH", function()
    local empty = support.folder()
    if installed(empty, "true").status ~= 0 then return pending "mount namespaces are not allowed here" end
    local prefix = unpacked()
    local run = installed(prefix, "lua5.1", "-e", [[
      local flash = require "moonflash"
      print(#flash.models(), flash.job({ command = "devices", root = "/nowhere" }):wait(20000).exit)
    ]])
    assert.equal("4\t1\n", run.stdout, run.stderr)
    run = installed(prefix, "moonflash", "--version")
    assert.equal("moonflash " .. require("moonflash.base.install").version .. "\n", run.stdout, run.stderr)
  end)
end)

describe("the rockspec", function()
  it("builds with cmake and names what the program needs", function()
    local rock = {}
    setfenv(assert(loadfile "moonflash-scm-1.rockspec"), rock)()
    assert.equal("moonflash", rock.package)
    assert.equal("cmake", rock.build.type)
    assert.same({ "lua ~> 5.1", "lua-cjson" }, rock.dependencies)
    local cmake = assert(sys.read_file "CMakeLists.txt")
    for name in pairs(rock.build.variables) do
      assert.truthy(name:find "^CMAKE_" or cmake:find(name, 1, true), name)
    end
  end)
end)

-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The man page, the completion and the shell scripts: complete, and clean for the tools that check them.
local arguments = require "moonflash.cli.arguments"
local clients = require "tests.packaging.clients"
local commands = require "moonflash.cli.commands"
local exit = require "moonflash.commands.result"
local flash = require "moonflash"
local options = require "moonflash.base.options"
local preflight = require "moonflash.host.preflight"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

-- Every option by its words: `-L` and `--log`.
local by_word = {}
for _, option in pairs(options.by_name) do
  by_word[option.long] = option
  if option.letter then by_word["-" .. option.letter] = option end
end

-- Options that all commands have, and those that this one has.
local function of_all(take)
  for word, option in pairs(by_word) do
    if not option.commands then take(word, option) end
  end
end

local function only_of(command, take)
  for word, option in pairs(by_word) do
    if option.commands and option.commands[command.name] then take(word, option) end
  end
end

local function clean(program, argv)
  local missing = clients.missing(program)
  if missing then return pending(missing) end
  local run = support.run(argv)
  assert.same({ status = 0, stdout = "", stderr = "" }, run)
end

describe("the man page", function()
  local PAGE = "packaging/moonflash.1"
  local page = assert(sys.read_file(PAGE))

  after_each(support.finish)

  -- "-w" as mdoc has it: "Fl w", "--log": "Fl Fl log".
  local function has_option(name)
    local words = name:gsub("^%-%-", "Fl Fl "):gsub("^%-", "Fl "):gsub("%p", "%%%0")
    return page:find(words .. "%f[%s]")
  end

  it("has every option, command and exit status", function()
    for word in pairs(by_word) do assert(has_option(word), word) end
    for _, command in ipairs(commands) do
      assert(page:find("\n.It Cm " .. command.name:gsub("%p", "%%%0") .. "%f[%s]"), command.name)
    end
    for _, route in ipairs(arguments.names(options.by_name.route)) do assert(page:find(route, 1, true), route) end
    for name, status in pairs(exit) do
      if type(status) == "number" then assert(page:find(("\n.It %d\n"):format(status), 1, true), name) end
    end
  end)

  it("has every finding that may be skipped, and that a model may be a script", function()
    local skip = page:match "\n%.It Fl Fl skip (.-)\n%.El"
    for _, name in ipairs(preflight.names()) do assert(skip:find("%f[%w]" .. name .. "%f[%W]"), name) end
    assert.matches("script", page:match "\n%.It Fl Fl model (.-)\n%.It")
  end)

  it("has no option that there is not", function()
    for name in page:gmatch "Fl Fl ([%w-]+)" do assert(by_word["--" .. name], name) end
  end)

  it("is clean for mandoc", function()
    clean("mandoc", { "mandoc", "-Tlint", "-Wwarning", PAGE })
  end)

  it("is clean for groff", function()
    clean("groff", { "groff", "-mandoc", "-ww", "-z", "-Tutf8", PAGE })
  end)
end)

describe("README", function()
  it("has every command and exit status", function()
    local readme = sys.read_file "README.md"
    for _, command in ipairs(commands) do
      assert(readme:find("\n| `" .. command.name:gsub("%p", "%%%0") .. "%f[^%w-]"), command.name)
    end
    for name, status in pairs(exit) do
      if type(status) == "number" then assert(readme:find(("\n| %d |"):format(status), 1, true), name) end
    end
  end)
end)

describe("README's Install", function()
  after_each(support.finish)

  it("names the packages that the tests build with", function()
    local command = assert(sys.read_file "README.md"):match "\n    apt%-get install ([^\n]*\\\n[^\n]*)\n"
    local list = support.run({ "sh", "-c", ". tests/packages.sh && echo $build_packages" }).stdout
    assert.equal(list, command:gsub("[\\%s]+", " ") .. "\n")
  end)
end)

describe("the udev rules", function()
  -- The ids of all models in these modes, as a set.
  local function of_models(...)
    local set = {}
    for _, model in ipairs(assert(flash.models())) do
      for _, mode in ipairs { ... } do
        for _, ids in ipairs(model.usb[mode]) do set[ids] = true end
      end
    end
    return set
  end

  -- The ids that the rules of a file give a property, as a set.
  local function named(path, property)
    local set = {}
    local pattern = 'idVendor}=="(%x+)", ATTRS{idProduct}=="([%x|]+)", ' .. property .. "\n"
    for vendor, products in support.contents(path):gmatch(pattern) do
      for product in products:gmatch "%x+" do set[vendor .. ":" .. product] = true end
    end
    return set
  end

  it("tell ModemManager the download ids of all models", function()
    assert.same(of_models "download", named("packaging/77-mm-moonflash.rules", 'ENV{ID_MM_PORT_IGNORE}="1"'))
  end)

  it("open the ports of all models to users at this computer and to the group dialout", function()
    assert.same(of_models("application", "download"),
      named("packaging/70-moonflash.rules", 'GROUP="dialout", MODE="0660", TAG%+="uaccess"'))
  end)
end)

describe("the completion", function()
  after_each(support.finish)

  -- What bash would offer for the last of the words, which it splits at = and :; each as the whole word that
  -- would stand there.
  local function offered(...)
    local words = { ... }
    local folder = support.folder()
    assert(sys.symlink(sys.real_path(support.program), folder .. "/moonflash"))
    local run = support.run({ "bash", "-c", [=[
      . packaging/moonflash.bash
      ls() { printf '%s\n' usb1 1-0:1.0 1-1 1-1.4; } # places
      COMP_LINE="$*" COMP_WORDS=()
      for word in "$@"; do
        while [[ $word =~ ^([^=:]*)([=:]+)(.*)$ ]]; do
          COMP_WORDS+=(${BASH_REMATCH[1]:+"${BASH_REMATCH[1]}"} "${BASH_REMATCH[2]}")
          word=${BASH_REMATCH[3]}
          [[ -n $word ]] || continue 2
        done
        COMP_WORDS+=("$word")
      done
      COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
      last=${!#}
      before=${last%"${last##*[=:]}"}
      _moonflash
      printf '%s\n' "${COMPREPLY[@]/#/"$before"}"
    ]=], "bash", "moonflash", unpack(words) },
      { environment = { PATH = folder .. ":" .. os.getenv "PATH" } })
    assert.equal("", run.stderr)
    local set = {}
    for word in run.stdout:gmatch "[^\n]+" do set[word] = true end
    return set
  end

  it("offers every command and option", function()
    local first, flags = offered "", offered "-"
    for _, command in ipairs(commands) do
      assert.is_true(first[command.name], command.name)
      local of_command = offered(command.name, "x", "-")
      only_of(command, function(word) assert.is_true(of_command[word], word) end)
    end
    of_all(function(word) assert.is_true(flags[word], word) end)
    assert.same({ update = true }, offered "up")
  end)

  it("knows which options take a value, and what", function()
    of_all(function(word, option)
      if option.value then
        assert.is_nil(offered(word, "")["update"], word)
        assert.is_true(offered(word, "x", "")["update"], word)
      else
        assert.is_true(offered(word, "")["update"], word)
      end
    end)
    local routes = {}
    for _, route in ipairs(arguments.names(options.by_name.route)) do routes[route] = true end
    assert.same(routes, offered("--route", ""))
    assert.is_true(offered("update", "CMakeL")["CMakeLists.txt"])
    assert.is_true(offered("simulate", "")["mc7455"])
    local folder = support.folder()
    assert(sys.write_file(folder .. "/the firmware.cwe", ""))
    assert.same({ [folder .. "/the firmware.cwe"] = true }, offered("update", folder .. "/the f"))
  end)

  it("knows the places of devices, and that there are no options behind --", function()
    assert.same({ ["1-1"] = true, ["1-1.4"] = true }, offered("--place", ""))
    assert.same({}, offered("update", "--", "--f"))
    assert.same({ ["CMakeLists.txt"] = true }, offered("update", "--", "--log", "CMakeL"))
  end)

  it("goes on after = and :", function()
    assert.same({ ["--route=preference"] = true }, offered "--route=p")
    assert.is_true(offered("--route=")["--route=impref"])
    assert.same({ update = true }, offered("--place=1-1", "upd"))
    assert.same({ update = true }, offered("-d", "1199:9071", "upd"))
    assert.same({ update = true }, offered("--vid-pid=1199:9071", "upd"))
    assert.same({ status = true }, offered("--timeout-scale=2", "st"))
    assert.same({ plan = true }, offered("-s", "1:5", "pl"))
    assert.same({}, offered("-d", "1199:"))
    assert.same({}, offered("update", "CMakeLists.txt:C"))
    local folder = support.folder()
    for _, name in ipairs { "a:bc", "bcd" } do assert(sys.write_file(folder .. "/" .. name, "")) end
    assert.same({ [folder .. "/a:bc"] = true }, offered("update", folder .. "/a:b"))
    assert.same({ ["--log=" .. folder .. "/a:bc"] = true }, offered("--log=" .. folder .. "/a:b"))
    assert.same({ ["--log=" .. folder .. "/bcd"] = true }, offered("--log=" .. folder .. "/b"))
  end)

  it("knows scripts, and leaves to them what follows", function()
    for _, command in ipairs { "run", "test-script" } do
      local names = offered(command, "")
      for _, name in ipairs { "mc7455", "examples/inventory", "CMakeLists.txt" } do
        assert.is_true(names[name], name)
      end
    end
    assert.is_nil(offered("run", "mc7455", "")["mc7455"])
    assert.same({}, offered("run", "x.lua", "--f"))
    assert.same({ ["CMakeLists.txt"] = true }, offered("run", "x.lua", "--route", "CMakeL"))
    assert.is_true(offered("run", "--f")["--force"])
    assert.is_true(offered("test-script", "x.lua", "--f")["--force"])
    local models = offered("--model", "")
    assert.is_true(models["mc7455"] and models["CMakeLists.txt"])
  end)

  it("knows what may be skipped, and the faults", function()
    local expected = {}
    for _, name in ipairs(preflight.names()) do expected[name] = true end
    assert.same(expected, offered("--skip", ""))
    local faults, known = require "moonflash.sim.faults", {}
    for name, switch in pairs(faults.switches) do
      known[name .. (switch.takes and "=" or "")] = true
    end
    for name in pairs(faults.about_messages) do known[name .. "="] = true end
    assert.same(known, offered("simulate", "mc7455", "--fault", ""))
  end)
end)

describe("the completions of zsh and fish", function()
  local fish, zsh = support.contents "packaging/moonflash.fish", support.contents "packaging/moonflash.zsh"

  -- A text in the quotes of a shell.
  local function quoted(text, quote) return "'" .. text:gsub("'", quote) .. "'" end

  local function has(text, expected) assert(text:find(expected, 1, true), "lacks " .. expected) end

  it("have every command with its help", function()
    for _, command in ipairs(commands) do
      has(fish, ("-a %s -d %s\n"):format(command.name, quoted(command.summary, "\\'")))
      has(zsh, quoted(command.name .. ":" .. command.summary:gsub(":", "\\:"), "'\\''"))
    end
  end)

  it("have every option with its help", function()
    for _, option in pairs(options.by_name) do
      local words = (option.letter and "-s " .. option.letter .. " " or "") .. "-l " .. option.long:sub(3) .. " "
      local at = select(2, fish:find("\ncomplete [^\n]*" .. words:gsub("%p", "%%%0")))
      assert(at, "fish: " .. words)
      has(fish:sub(at, fish:find("\n", at, true)), "-d " .. quoted(option.help, "\\'") .. "\n")
      local word = option.long .. (option.value and "=" or "") .. (option.letter and "}'" or "")
      has(zsh, ("%s[%s]"):format(word, option.help))
    end
  end)

  it("have no option that there is not", function()
    for name in fish:gmatch "\ncomplete [^\n]* %-l ([%w-]+)" do assert(by_word["--" .. name], name) end
    for word in zsh:gmatch "[^%w-](%-%-[%w-]+)=?[}%[]" do assert(by_word[word], word) end
  end)
end)

describe("the shell scripts", function()
  after_each(support.finish)

  for _, path in ipairs { "packaging/moonflash-deploy", "packaging/mender/moonflash",
    "packaging/swupdate/make-swu", "packaging/swupdate/moonflash.sh", "packaging/debian/build.sh" } do
    it("are clean: " .. path, function() clean("shellcheck", { "shellcheck", "-s", "sh", path }) end)
  end

  -- `local` is BusyBox's; variables that rc.common reads are used.
  for _, name in ipairs { "moonflash-job", "moonflash.init" } do
    it("are clean: " .. name, function()
      clean("shellcheck", { "shellcheck", "-s", "dash", "-e", "SC2034",
        "packaging/openwrt/moonflash/files/" .. name })
    end)
  end
end)

describe("the rpcd plugin", function()
  after_each(support.finish)

  it("is clean for luacheck", function()
    local missing = clients.missing "luacheck"
    if missing then return pending(missing) end
    local plugin = "packaging/openwrt/moonflash/files/"
    local run = support.run { "luacheck", "--std", "lua51", plugin .. "moonflash.rpcd", plugin .. "rpcd" }
    assert.equal(0, run.status, run.stdout)
  end)
end)

describe("moonflash-deploy", function()
  it("says how it is used", function()
    for _, words in ipairs { {}, { "update" }, { "reboot", "x" } } do
      local run = support.run { "packaging/moonflash-deploy", unpack(words) }
      assert.equal(1, run.status)
      assert.truthy(run.stderr:find "usage")
    end
    support.finish()
  end)
end)

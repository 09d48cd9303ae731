-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The completions of zsh and fish in a real zsh and a real fish. Their texts are in packaging/documents_spec.lua.
local arguments = require "moonflash.cli.arguments"
local clients = require "tests.packaging.clients"
local commands = require "moonflash.cli.commands"
local options = require "moonflash.base.options"
local preflight = require "moonflash.host.preflight"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local MINUTE_MS = 60000
local folder

-- A folder to be at home in, with the program in its bin.
local function environment(more)
  assert(sys.make_folder(folder .. "/bin"))
  assert(sys.symlink(sys.real_path(support.program), folder .. "/bin/moonflash"))
  local all = { HOME = folder, TERM = "dumb", PATH = folder .. "/bin:" .. os.getenv "PATH" }
  for name, value in pairs(more or {}) do all[name] = value end
  return all
end

-- The words that a shell offers at the end of each command line, as sets: the lines of its output up to a line "==",
-- without the description behind a tab.
local function sets_of(text, lines)
  local sets, number = {}, 1
  for _, line in ipairs(lines) do sets[line] = {} end
  for line in text:gmatch "[^\n]+" do
    if line == "==" then number = number + 1
    else sets[lines[number]][line:match "^[^\t]*"] = true end
  end
  assert.equal(#lines + 1, number, text)
  return sets
end

local shells = {}

function shells.fish(lines)
  local argv = { "fish", "--no-config", "tests/analyse/offered.fish", "packaging/moonflash.fish" }
  for _, line in ipairs(lines) do argv[#argv + 1] = line end
  local run = support.run(argv, { environment = environment(), deadline_ms = MINUTE_MS })
  assert.same({ status = 0, stderr = "" }, { status = run.status, stderr = run.stderr })
  return sets_of(run.stdout, lines)
end

-- zsh completes only at a terminal.
function shells.zsh(lines)
  assert(sys.symlink(sys.real_path "tests/analyse/offered.zsh", folder .. "/.zshrc"))
  assert(sys.make_folder(folder .. "/functions"))
  assert(sys.symlink(sys.real_path "packaging/moonflash.zsh", folder .. "/functions/_moonflash"))
  local run = support.run({ "script", "-qec", "zsh -d -i", "/dev/null" }, { deadline_ms = MINUTE_MS,
    environment = environment { ZDOTDIR = folder, FUNCTIONS = folder .. "/functions", OFFERED = folder .. "/offered",
      LINES_TO_COMPLETE = table.concat(lines, "\n") } })
  assert.equal(0, run.status, run.stdout)
  assert.is_nil(run.stdout:find "bad option") -- what a completion function says is seen in the line of the user
  return sets_of(support.contents(folder .. "/offered"), lines)
end

-- The long options of a command, or those of all commands.
local function long_options(command)
  local list = {}
  for _, option in pairs(options.by_name) do
    if not option.commands or option.commands[command] then list[#list + 1] = option.long end
  end
  return list
end

local all_commands = {}
for index, command in ipairs(commands) do all_commands[index] = command.name end

local faults = require "moonflash.sim.faults"
local all_faults = {}
for name, switch in pairs(faults.switches) do all_faults[#all_faults + 1] = name .. (switch.takes and "=" or "") end
for name in pairs(faults.about_messages) do all_faults[#all_faults + 1] = name .. "=" end

-- Rows: a command line, words that are offered at its end, words that are not.
local cases = {
  { "moonflash ", all_commands, { "CMakeLists.txt" } },
  { "moonflash up", { "update" }, { "devices" } },
  { "moonflash -", long_options(), { "--fault", "--time-scale" } },
  { "moonflash simulate -", long_options "simulate" },
  { "moonflash replay x -", long_options "replay", { "--fault" } },
  { "moonflash test-script x -", long_options "test-script", { "--fault" } },
  { "moonflash status --no-progress -", { "--json" } },
  { "moonflash --route ", arguments.names(options.by_name.route), { "update" } },
  { "moonflash update --skip ", preflight.names(), { "CMakeLists.txt" } },
  { "moonflash --place ", { "1-1", "1-1.4" }, { "usb1", "1-0:1.0" } },
  { "moonflash --route preference up", { "update" } },
  { "moonflash -d 1199:9071 up", { "update" } },
  { "moonflash --timeout-scale=2 st", { "status" } },
  { "moonflash --route=p", { "--route=preference" }, { "--route=impref" } },
  { "moonflash update CMakeL", { "CMakeLists.txt" } },
  { "moonflash status CMakeL", {}, { "CMakeLists.txt" } },
  { "moonflash update -- --f", {}, { "--force" } },
  { "moonflash simulate mc", { "mc7455", "mc7354" } },
  { "moonflash simulate ", { "list", "mc7455" }, { "CMakeLists.txt" } },
  { "moonflash simulate mc7455 --fault ", all_faults, { "models:" } },
  { "moonflash --model ", { "mc7455", "CMakeLists.txt" } },
  { "moonflash run ", { "mc7455", "examples/inventory", "CMakeLists.txt" } },
  { "moonflash test-script ", { "mc7455", "examples/inventory", "CMakeLists.txt" } },
  { "moonflash run x.lua ", { "CMakeLists.txt" }, { "mc7455", "examples/inventory" } },
  { "moonflash run x.lua --f", {}, { "--force" } },
  { "moonflash run --f", { "--force" } },
  { "moonflash --log CMakeL", { "CMakeLists.txt" } },
}

describe("the completion", function()
  before_each(function() folder = support.folder() end)
  after_each(support.finish)

  for _, name in ipairs { "zsh", "fish" } do
    it("of " .. name .. " offers what the command line takes", function()
      local missing = clients.missing(name, "script")
      if missing then return pending(missing) end
      local lines, wrong = {}, {}
      for index, case in ipairs(cases) do lines[index] = case[1] end
      local sets = shells[name](lines)
      for _, case in ipairs(cases) do
        for _, word in ipairs(case[2]) do
          if not sets[case[1]][word] then wrong[#wrong + 1] = case[1] .. ": lacks " .. word end
        end
        for _, word in ipairs(case[3] or {}) do
          if sets[case[1]][word] then wrong[#wrong + 1] = case[1] .. ": offers " .. word end
        end
      end
      assert.equal("", table.concat(wrong, "\n"))
    end)

    it("of " .. name .. " knows which options take a value", function()
      local missing = clients.missing(name, "script")
      if missing then return pending(missing) end
      local lines, offers = {}, {}
      local function add(line, is_offered)
        lines[#lines + 1], offers[#lines + 1] = line, is_offered
      end
      for _, option in pairs(options.by_name) do
        for _, word in ipairs { option.long, option.letter and "-" .. option.letter } do
          if not option.commands then
            add(("moonflash %s upd"):format(word), not option.value)
            add(("moonflash %s 1 upd"):format(word), option.value ~= nil)
          end
        end
      end
      local sets = shells[name](lines)
      for index, line in ipairs(lines) do assert.equal(offers[index], sets[line].update == true, line) end
    end)
  end
end)

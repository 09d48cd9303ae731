-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Every command in README, docs/ and the other documents for users does what the text says: the indented blocks are
-- run against simulated modems, with the exit status 0, 2, or the one in the remark of the line. Commands between
-- backticks are parsed. Links lead somewhere, and quoted messages are those of the program.
local arguments = require "moonflash.cli.arguments"
local commands = require "moonflash.cli.commands"
local flash = require "moonflash"
local images = require "moonflash.sim.test_images"
local options = require "moonflash.base.options"
local support = require "tests.support"
local sys = require "moonflash.core.sys"
local web = require "tests.fakes.web"
local zip = require "tests.images.zip"

local documents = { "README.md", "CONTRIBUTING.md", "SECURITY.md" }
for _, name in ipairs(sys.list "docs") do
  if name:find "%.md$" then documents[#documents + 1] = "docs/" .. name end
end

-- Programs of blocks that are not run here: README's Install and the scripts of tests/ are run by tests/fresh.sh, those
-- of OpenWrt by tests/packaging. The others are the system's.
local others = { ["apt-get"] = true, cmake = true, ctest = true, echo = true, lsusb = true, logread = true, make = true,
  modprobe = true, qmicli = true, ["while"] = true,
  ["scripts/feeds"] = true, ubus = true }

-- Options of other programs that the texts name.
local foreign_options = { ["--reset"] = true, ["--verify"] = true, ["--skip-validation"] = true, ["--target"] = true,
  ["--update-download"] = true, ["--allow-untrusted"] = true, ["--quick"] = true, ["--dms-get-revision"] = true,
  ["--device-open-qmi"] = true, ["--build"] = true, ["--tcp-port"] = true }

-- The indented lines of a text, in blocks; a line that ends in a backslash goes on in the next.
local function blocks_of(path)
  local blocks, current, number = {}, nil, 0
  for line in io.lines(path) do
    number = number + 1
    local command = line:match "^    (.*)$"
    if command and not current then
      current = { line = number }
      blocks[#blocks + 1] = current
    end
    if not command then
      current = nil
    elseif current[1] and current[#current]:find "\\$" then
      current[#current] = current[#current]:gsub("%s*\\$", " ") .. command:gsub("^%s+", "")
    else
      current[#current + 1] = command
    end
  end
  return blocks
end

-- A line without its remark, and the exit status that the remark promises.
local function command_of(line)
  local command, remark = line:match "^(.-)%s+# (.*)$"
  return command or line, tonumber((remark or ""):match "exit status (%d+)")
end

local function is_ours(command)
  local program = command:match "^sudo (%S+)" or command:match "^nohup sudo (%S+)" or command:match "^(%S+)"
  return program == "moonflash" or program == "build/moonflash" or command:find "| moonflash "
    or command:find "^service moonflash job "
end

-- --- a folder in which the commands of a document are run ----------------------------------------

local Place = {}
Place.__index = Place

local function write_program(path, text)
  assert(sys.write_file(path, "#!/bin/sh\n" .. text .. "\n"))
  assert.equal(0, support.run({ "chmod", "755", path }).status)
end

-- The images of the texts, and programs that stand for sudo, nohup and ssh.
local function new_place()
  local self = setmetatable({ folder = support.folder(), simulators = {} }, Place)
  local folder = self.folder
  for _, name in ipairs { "bin", "build", "tmp" } do assert(sys.make_folder(folder .. "/" .. name)) end
  local members, names = {}, {}
  for index, path in ipairs(assert(images.write("mc7455", folder, 60000))) do
    names[index] = path:match "[^/]*$"
    members[index] = { names[index], support.contents(path) }
    assert(sys.symlink(path, folder .. "/tmp/" .. names[index]))
  end
  self.files = table.concat(names, " ")
  local archive = members[2][1]:gsub("%.nvu$", ".zip")
  assert(sys.write_file(folder .. "/" .. archive, zip.bytes(members)))
  write_program(folder .. "/bin/moonflash", ([[case " $* " in *" --root "*) unset MOONFLASH_ROOT ;; esac
exec %s "$@"]]):format(sys.real_path(support.program)))
  assert(sys.symlink("../bin/moonflash", folder .. "/build/moonflash"))
  write_program(folder .. "/bin/sudo", 'exec "$@"')
  write_program(folder .. "/bin/nohup", 'exec "$@"')
  write_program(folder .. "/bin/ssh", 'shift; exec "$@"')
  self.web = web.start(folder)
  return self
end

function Place:adapted(command)
  command = command:gsub("%-%-log FILE", "--log x.log"):gsub("FILE%.%.%.", self.files)
  local address = self.web:url ""
  return (command:gsub("^service moonflash job ", "moonflash "):gsub("%f[%S]/tmp/", self.folder .. "/tmp/")
    :gsub("https?://[%w.]+/", (address:gsub("%%", "%%%%"))):gsub("%s*&$", ""))
end

-- `simulate` goes on until the end of the document; its first line says that the modem is ready.
local function simulate(command)
  local argv = {}
  for word in command:gmatch "%S+" do argv[#argv + 1] = word end
  argv[1] = support.program
  for _, word in ipairs { "--fault", "window=600" } do argv[#argv + 1] = word end
  support.start(argv):line()
end

function Place:run(command, expected)
  command = self:adapted(command)
  if command:find "moonflash simulate mc" then return simulate(command) end
  local ran = support.run({ "sh", "-c", ("cd %s && %s"):format(self.folder, command) }, { deadline_ms = 60000,
    environment = { PATH = self.folder .. "/bin:" .. os.getenv "PATH", MOONFLASH_ROOT = self.modem.root } })
  local good = expected and ran.status == expected or not expected and (ran.status == 0 or ran.status == 2)
  assert(good, ("%s: exit status %d\n%s%s"):format(command, ran.status, ran.stdout, ran.stderr))
end

-- --- commands ------------------------------------------------------------------------------------

local function check_other(command)
  local program, script = command:match "^(%S+) ?(%S*)"
  if program == "sh" then return assert(sys.stat(script), script) end
  assert(others[program], "not run by a test: " .. command)
end

-- The words of a command; quotes hold blanks together.
local function words_of(text)
  local words = {}
  for quoted, plain in (text:gsub("'([^']*)'", function(inner) return "\1" .. inner:gsub(" ", "\2") end)
    :gmatch "(\1?)(%S+)") do
    words[#words + 1] = quoted .. plain
  end
  for index, word in ipairs(words) do words[index] = word:gsub("\1", ""):gsub("\2", " ") end
  return words
end

local function check_words(text)
  if text == "" or text:find "^COMMAND" then return end
  local _, problem = arguments.parse(words_of(text), commands)
  assert(not problem, ("`moonflash %s`: %s"):format(text, tostring(problem)))
end

for _, path in ipairs(documents) do
  describe(path, function()
    after_each(support.finish)

    it("has commands that end as it says", function()
      local place = new_place()
      for _, block in ipairs(blocks_of(path)) do
        place.modem = support.simulator("mc7455", { time_scale = 0.005, faults = { "place=1-1.4", "window=600" } })
        for _, line in ipairs(block) do
          local command, expected = command_of(line)
          -- The kernel of this machine may lack vhci_hcd, and its TCP port may be in use.
          local parsed_only = command:match "moonflash (test%-script .*)$"
            or command:match "moonflash (simulate .*%-%-usb.*)$"
          if parsed_only then
            check_words((parsed_only:gsub("%s*&$", "")))
          elseif is_ours(command) then
            place:run(command, expected)
          elseif command ~= "" and not command:find "^#" then
            check_other(command)
          end
        end
      end
    end)

    it("names only commands and options that there are", function()
      local text = support.contents(path)
      for inline in text:gmatch "`([^`\n]+)`" do
        if inline:find "^moonflash " then check_words(inline:match "^moonflash (.*)$") end
        for option in inline:gmatch "%f[^%s]%-%-[%w-]+" do
          local name = option:sub(3):gsub("-", "_")
          assert(options.by_name[name] or foreign_options[option], option)
        end
        local bare = inline:match "^(%-%-[%w-]+)"
        local known = not bare or options.by_name[bare:sub(3):gsub("-", "_")] or foreign_options[bare]
        assert(known, bare)
      end
    end)

    it("has links that lead somewhere", function()
      local folder = path:match "^(.*/)" or ""
      for target in support.contents(path):gmatch "%]%(([^)%s]+)%)" do
        if not target:find "^https?:" then
          local file, anchor = target:match "^([^#]*)#?(.*)$"
          file = file == "" and path or folder .. file
          assert(sys.stat(file), target)
          local found = anchor == ""
          for title in ("\n" .. (anchor ~= "" and support.contents(file) or "")):gmatch "\n#+ ([^\n]+)" do
            local slug = title:gsub("`", ""):lower():gsub("[^%w%s-]", ""):gsub(" ", "-")
            found = found or slug == anchor
          end
          assert(found, path .. ": no heading for " .. target)
        end
      end
    end)
  end)
end

describe("docs/troubleshooting.md", function()
  it("quotes messages of the program", function()
    local sources = {}
    local function collect(folder)
      for _, name in ipairs(sys.list(folder)) do
        local at = folder .. "/" .. name
        if sys.stat(at).kind == "folder" then collect(at) else sources[#sources + 1] = support.contents(at) end
      end
    end
    collect "lua/moonflash"
    local all, count = table.concat(sources), 0
    for message in support.contents("docs/troubleshooting.md"):gmatch "\n> ([^\n]+)" do
      assert(all:find(message, 1, true), message)
      count = count + 1
    end
    assert.is_true(count > 10)
  end)
end)

describe("README's table of modems", function()
  it("has the USB ids of the models", function()
    local expected, named = {}, {}
    for _, model in ipairs(assert(flash.models())) do
      for _, ids in pairs(model.usb) do
        for _, id in ipairs(ids) do expected[id] = true end
      end
    end
    for row in support.contents("README.md"):match("\n## Supported modems\n(.-)\n## "):gmatch "\n|[^\n]*" do
      for vid, rest in row:gmatch "(%x%x%x%x):([%x ]+)" do
        for pid in rest:gmatch "%f[%x]%x%x%x%x%f[^%x]" do named[vid .. ":" .. pid] = true end
      end
    end
    assert.same(expected, named)
  end)
end)

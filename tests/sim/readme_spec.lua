-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Every Lua example in lua/README.md and scripts/README.md does what the text says: each is taken out of
-- the text as it stands and run against a simulated modem.
local images = require "moonflash.sim.test_images"
local stage = require "tests.sim.stage"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

-- The ```lua blocks of a text: { line, text }.
local function blocks_of(path)
  local blocks, current, number = {}, nil, 0
  for line in io.lines(path) do
    number = number + 1
    if line == "```" then
      current = nil
    elseif current then
      current.text = current.text .. line .. "\n"
    elseif line == "```lua" then
      current = { line = number, text = "" }
      blocks[#blocks + 1] = current
    end
  end
  return blocks
end

-- The images that replace the file names in the texts.
local function made_images()
  return images.write("mc7455", support.folder(), 300000)
end

local function write(text)
  local path = support.folder() .. "/my.lua"
  assert(sys.write_file(path, text))
  return path
end

describe("lua/README.md", function()
  after_each(support.finish)

  local stock = [[
    local script, root = ...
    local flash = require "moonflash"
    local result = flash.run_script { path = script, root = root, emit = function(event)
      if event.event == "say" or event.event == "warning" then print(event.message) end
    end }
    if not result.ok then error(tostring(result.failure), 0) end]]

  local function run(block)
    local modem, files = stage.mc7455(), made_images()
    local text = block.text
    for _, file in ipairs(files) do
      local folder, name = file:match "^(.*/)([^/]*)$"
      text = text:gsub('"(' .. name:gsub("%p", "%%%0") .. ')"', '"' .. folder .. '%1"')
    end
    local place = ("flash.job { root = %q, program = %q,"):format(modem.root, support.program)
    text = text:gsub("flash%.job {", place)
    text = text:gsub("flash%.replay {", ("flash.replay { program = %q,"):format(support.program))
    text = text:gsub('"status.trace"', ("%q"):format(support.folder() .. "/status.trace"))
    if not text:find 'require "moonflash"' then text = 'local flash = require "moonflash" ' .. text end
    local ran = support.run(support.lua(stock, write(text), modem.root), { deadline_ms = 60000 })
    assert.equal("", ran.stderr)
    assert.equal(0, ran.status, ran.stderr)
    return ran.stdout
  end

  -- "--> words" at the end of a line that prints: what it prints, blanks being one.
  local function promised(text)
    local words = {}
    for line in text:gmatch "[^\n]+" do
      local promise = line:match "print.*%-%->%s*(.-)%s*$"
      if promise then words[#words + 1] = promise end
    end
    return words
  end

  -- The files under "Every file": a folder, then its files with what they are for.
  local function listed()
    local names, folder = {}, ""
    for line in support.contents("lua/README.md"):match("\n## Every file\n(.-)\n## "):gmatch "[^\n]+" do
      folder = line:match "^    (%l+/)$" or folder
      local name = line:match "^      (%S+) +%S" or line:match "^    (init%.lua) +%S"
      names[#names + 1] = name and folder .. name
    end
    table.sort(names)
    return table.concat(names, "\n")
  end

  local function files_below(prefix, names)
    for _, name in ipairs(sys.list("lua/moonflash/" .. prefix)) do
      if name:find "%.lua" then names[#names + 1] = prefix .. name else files_below(prefix .. name .. "/", names) end
    end
    return names
  end

  it("lists every file of the library", function()
    local names = files_below("", {})
    table.sort(names)
    assert.equal(table.concat(names, "\n"), listed())
  end)

  for _, block in ipairs(blocks_of "lua/README.md") do
    it("works at line " .. block.line, function()
      local out = run(block):gsub("[ \t]+", " ")
      for _, words in ipairs(promised(block.text)) do
        assert.truthy(out:find(words, 1, true), ("%s\nis not in\n%s"):format(words, out))
      end
    end)
  end
end)

describe("scripts/README.md", function()
  after_each(support.finish)

  for _, block in ipairs(blocks_of "scripts/README.md") do
    it("works at line " .. block.line, function()
      local model = block.text:find "flash%.model" or block.text:find "flash%.script"
      local files = model or block.text:find "flash%.update {"
      -- a script that looks at the modem itself must not keep an update from being completed
      for _, faults in ipairs { {}, model and { "loses-settings=1" } } do
        local modem = stage.mc7455(unpack(faults))
        local argv = { support.program, "--root", modem.root, "--timeout-scale", faults[1] and "0.1" or "1",
          "run", write(block.text), unpack(files and made_images() or {}) }
        local ran = support.run(argv, { deadline_ms = 60000 })
        assert.truthy(ran.status == 0 or ran.status == 2, ran.stdout .. ran.stderr)
      end
    end)
  end
end)

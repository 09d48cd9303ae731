-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The public API as a whole: documented, mentioned by a test, harmless to load, and free of what breaks
-- in a Lua whose integers have 32 bits.
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local function read(path)
  return assert(sys.read_file(path))
end

-- Calls visit(path) for every Lua file below a folder.
local function walk(folder, visit)
  for _, name in ipairs(assert(sys.list(folder))) do
    local path = folder .. "/" .. name
    if sys.stat(path).kind == "folder" then walk(path, visit) elseif name:find "%.lua$" then visit(path) end
  end
end

local function lines_of(text)
  local lines = {}
  for line in (text .. "\n"):gmatch "([^\n]*)\n" do lines[#lines + 1] = line end
  return lines
end

-- What a file returns is what is public in it: "function NAME.x" and "function NAME:x" of that table, and
-- of the classes (capitalised) whose objects it hands out.
local function public_functions(path, text)
  local returned = text:match "return ([%a_][%w_]*)%s*$"
  local found, lines = {}, lines_of(text)
  for number, line in ipairs(lines) do
    local owner, name = line:match "^function ([%a_][%w_]*)[.:]([%w_]+)%("
    local step = line:match "^  ([%w_]+) = step%.define"
    if step then owner, name, returned = "steps", step, "steps" end
    if owner and (owner == returned or owner:find "^%u") and not name:find "^__" then
      found[#found + 1] = { path = path, line = number, owner = owner, name = name, lines = lines }
    end
  end
  return found
end

-- What LDoc leaves out: no program calls it.
local inner = read "config.ld":match "exclude = (%b{})"

local function each_public(visit)
  walk("lua/moonflash", function(path)
    for left_out in inner:gmatch '"(.-)"' do
      if path == left_out or path:sub(1, #left_out + 1) == left_out .. "/" then return end
    end
    for _, found in ipairs(public_functions(path, read(path))) do visit(found) end
  end)
end

local objects = {
  "engine/job", "engine/job_ports", "protocol/qmi/session", "device/follow", "image/set", "commands/child",
}

-- Calls visit for each function that require "moonflash" hands out: those of its parts, single functions, and those of
-- the objects that these give. No program calls the rest of lua/.
local function each_handed_out(visit)
  local whole, single = {}, {}
  for _, name in ipairs(objects) do whole["lua/moonflash/" .. name .. ".lua"] = true end
  for list in read "lua/moonflash/init.lua":gmatch "local %l+ = (%b{})" do
    for where in list:gmatch '"([%l_.]+)"' do
      local path = where:gsub("%.", "/")
      local folder, name = where:match "^(.+)%.([%l_]+)$"
      for _, ending in ipairs { ".lua", "/init.lua" } do
        whole["lua/moonflash/" .. path .. ending] = true
        if name then single["lua/moonflash/" .. folder:gsub("%.", "/") .. ending .. ":" .. name] = true end
      end
    end
  end
  each_public(function(found)
    if whole[found.path] or single[found.path .. ":" .. found.name] then visit(found) end
  end)
end

-- The comment right above a function, if it is one of LDoc's.
local function comment_above(found)
  local first = found.line - 1
  while first > 0 and found.lines[first]:find "^%s*%-%-" do first = first - 1 end
  local above = table.concat(found.lines, "\n", first + 1, found.line - 1)
  return above:find "^%s*%-%-%-" and above or nil
end

local function where(found)
  return ("%s:%d %s.%s"):format(found.path, found.line, found.owner, found.name)
end

describe("the public API", function()
  it("is documented, function by function", function()
    local missing, count = {}, 0
    each_public(function(found)
      count = count + 1
      if not comment_above(found) then missing[#missing + 1] = where(found) end
    end)
    assert.is_true(count > 120, "only " .. count .. " functions found")
    assert.equal("", table.concat(missing, "\n"))
  end)

  it("names the parameters of each function that has more than one", function()
    local missing = {}
    each_handed_out(function(found)
      local list = found.lines[found.line]:match "%((.*)%)" or ""
      local documented = comment_above(found) or ""
      local named = documented:find "@[t]?param"
      if list:find "," and not named then missing[#missing + 1] = where(found) end
    end)
    assert.equal("", table.concat(missing, "\n"))
  end)

  it("is mentioned by a test, function by function", function()
    local words = {}
    local function collect(text)
      for word in text:gmatch "[.:]([%a_][%w_]*)" do words[word] = true end
    end
    for _, folder in ipairs { "tests/unit", "tests/integration", "tests/sim" } do
      walk(folder, function(path) collect(read(path)) end)
    end
    for _, readme in ipairs { "lua/README.md", "scripts/README.md" } do -- run by sim/readme_spec.lua
      for block in read(readme):gmatch "```lua\n(.-)```" do collect(block) end
    end
    walk("scripts/examples", function(path) collect(read(path)) end) -- run by sim/examples_spec.lua
    local missing = {}
    each_handed_out(function(found)
      if not words[found.name] then missing[#missing + 1] = where(found) end
    end)
    assert.equal("", table.concat(missing, "\n"))
  end)

  it("has every name that require 'moonflash' hands out in lua/README.md", function()
    local source, readme, missing = read "lua/moonflash/init.lua", read "lua/README.md", {}
    for list in source:gmatch "local %l+ = (%b{})" do
      for name in list:gmatch "([%l_]+) = \"" do
        if not readme:find("flash." .. name, 1, true) then missing[#missing + 1] = name end
        assert.is_not_nil(require("moonflash")[name], name)
      end
    end
    assert.equal("", table.concat(missing, " "))
  end)
end)

describe("the public modules in C", function()
  local modules = { bytes = { "bytes.c" }, crc = { "crc.c" }, cwe = { "cwe.c" }, port = { "port.c" },
    sys = { "sys.c", "sys_descriptors.c", "sys_files.c", "sys_process.c" } }

  -- The functions that a file registers: what Lua can call.
  local function registered(text)
    local names = {}
    for list in text:gmatch "luaL_Reg [%w_]+%[%] = (%b{})" do
      for name in list:gmatch '{"([%a][%w_]*)"' do names[#names + 1] = name end
    end
    return names
  end

  it("say at their head what each function takes and gives, and a test calls it", function()
    local words, missing, count = {}, {}, 0
    for _, folder in ipairs { "tests/unit", "tests/integration", "tests/sim" } do
      walk(folder, function(path)
        for word in read(path):gmatch "[.:]([%a_][%w_]*)" do words[word] = true end
      end)
    end
    for name, files in pairs(modules) do
      local heads = {}
      for _, file in ipairs(files) do heads[#heads + 1] = read("core/bind/" .. file):match "/%*.-%*/" end
      local head = table.concat(heads)
      for _, file in ipairs(files) do
        for _, called in ipairs(registered(read("core/bind/" .. file))) do
          count = count + 1
          if not head:find("%f[%w_]" .. called .. "%f[^%w_]") then
            missing[#missing + 1] = ("%s: %s is not described"):format(name, called)
          end
          if not words[called] then missing[#missing + 1] = ("%s: %s is not tested"):format(name, called) end
        end
      end
    end
    assert.is_true(count > 50, "only " .. count .. " functions found")
    table.sort(missing)
    assert.equal("", table.concat(missing, "\n"))
  end)
end)

describe("the sources", function()
  local kinds = { c = true, h = true, lua = true, sh = true, py = true, js = true, cmake = true, mk = true }

  local function each_source(folder, visit)
    for _, name in ipairs(assert(sys.list(folder))) do
      local path = folder .. "/" .. name
      if sys.stat(path).kind == "folder" then
        each_source(path, visit)
      elseif kinds[name:match "%.(%w+)$"] or name == "CMakeLists.txt" then
        visit(path)
      end
    end
  end

  it("name their copyright and licence in the first lines", function()
    local missing, count = {}, 0
    for _, folder in ipairs { "core", "lua", "scripts", "packaging", "tests" } do
      each_source(folder, function(path)
        local head = read(path):sub(1, 300)
        count = count + 1
        if not (head:find("SPDX-FileCopyrightText: 2026 the moonflash authors\n", 1, true)
            and head:find("SPDX-License-Identifier: GPL-2.0-or-later\n", 1, true)) then
          missing[#missing + 1] = path
        end
      end)
    end
    assert.is_true(count > 500, "only " .. count .. " sources found")
    assert.same({}, missing)
  end)
end)

describe("LDoc", function()
  after_each(support.finish)

  -- LDoc's own template and style, in a folder of the test: otherwise LDoc copies them to a folder in /tmp
  -- that it does not remove.
  local function templates(folder)
    for _, name in ipairs { "ldoc.ltp", "ldoc.css" } do
      local text = require("ldoc.html." .. name:gsub("%.", "_"))
      assert(sys.write_file(folder .. "/" .. name, text))
    end
    return folder
  end

  it("makes pages of the comments without a warning", function()
    local folder = templates(support.folder())
    local ran = support.run({ "ldoc", "-l", folder, "-s", folder, "-d", folder .. "/doc", "." })
    assert.equal(0, ran.status, ran.stderr)
    assert.falsy((ran.stdout .. ran.stderr):match "[^\n]*%.lua:%d+:[^\n]*")
    for _, page in ipairs { "moonflash.protocol.qdl", "moonflash.core.port", "moonflash.core.sys.files" } do
      assert.truthy(sys.stat(folder .. "/doc/modules/" .. page .. ".html"), page)
    end
  end)
end)

describe("require 'moonflash'", function()
  after_each(support.finish)

  -- In a process of its own: here busted has already filled the globals.
  local function run(text)
    local ran = support.run(support.lua(text))
    assert.equal("", ran.stderr)
    assert.equal(0, ran.status)
    return ran.stdout
  end

  it("writes no global, whichever part is used", function()
    local text = [[
      local before = {}
      for name in pairs(_G) do before[name] = true end
      local flash = require "moonflash"
      for _, name in ipairs { NAMES } do assert(flash[name], name) end
      flash.models()
      for name in pairs(_G) do if not before[name] then print(name) end end]]
    local names = {}
    for list in read "lua/moonflash/init.lua":gmatch "local %l+ = (%b{})" do
      for name in list:gmatch "([%l_]+) = \"" do names[#names + 1] = ("%q"):format(name) end
    end
    assert.is_true(#names > 25)
    assert.equal("", run((text:gsub("NAMES", table.concat(names, ", ")))))
  end)

  it("loads no library until a port is opened, and no part that is not used", function()
    local out = run [[
      local flash = require "moonflash"
      flash.devices { root = "/nowhere" }
      for name in pairs(package.loaded) do print(name) end]]
    assert.falsy(out:find("moonflash.core.qmi", 1, true))
    assert.falsy(out:find("moonflash.core.port", 1, true))
    assert.falsy(out:find("moonflash.sim", 1, true))
    assert.falsy(out:find("moonflash.cli", 1, true))
  end)
end)

describe("a Lua whose integers have 32 bits", function()
  local function code_of(path)
    return (read(path):gsub("%-%-[^\n]*", ""):gsub('"%d+"', '""')) -- digits in quotes are text
  end

  -- Everything that breaks there, as a list of sentences.
  local function breaks(path, code)
    local found = {}
    local function note(what) found[#found + 1] = path .. ": " .. what end
    for conversion in code:gmatch "[^%%]%%%d*([xX])[^%]*+?%-]" do
      if code:find("%%%d*" .. conversion .. "[^\n]*format") then note("%" .. conversion) end
    end
    for literal in code:gmatch "%f[%w]0[xX](%x+)" do
      if #literal:gsub("^0+", "") > 8 or tonumber(literal, 16) > 0x7fffffff then note("0x" .. literal) end
    end
    for literal in code:gmatch "%f[%w_.](%d%d%d%d%d%d%d%d%d%d+)%f[^%w]" do
      if tonumber(literal) > 2147483647 then note(literal) end
    end
    for call in code:gmatch "lua_pushinteger" do note(call) end
    return found
  end

  it("meets nothing it cannot count in lua/ and scripts/", function()
    local found, seen = {}, 0
    for _, folder in ipairs { "lua", "scripts" } do
      walk(folder, function(path)
        seen = seen + 1
        for _, sentence in ipairs(breaks(path, code_of(path))) do found[#found + 1] = sentence end
      end)
    end
    assert.is_true(seen > 100)
    assert.equal("", table.concat(found, "\n"))
  end)

  it("would be told of every bad example", function()
    for _, code in ipairs { 'print(("%08x"):format(crc))', 'print(("%x "):format(1))', "mask(n, 0xffffffff)",
      "mask(n, 0x80000000)", "if n > 4294967295 then return end" } do
      assert.equal(1, #breaks("example", code), code)
    end
    for _, code in ipairs { 'text:match "^%x%x%x%x:%x+$"', "n == 0x7fffffff", "n / 1000000000" } do
      assert.same({}, breaks("example", code), code)
    end
  end)

  -- Sizes and offsets of files may be 2^31 and more: "%d" raises or wraps there.
  it("gets sizes and offsets by %.0f", function()
    local found = {}
    walk("lua", function(path)
      for line in code_of(path):gmatch "[^\n]+" do
        local sized = line:find "%.size%f[^%w_]" or line:find "offset" or line:find "%%%d*d bytes"
        if sized and line:find "%%%d*d%f[%W]" and line:find "format" then
          found[#found + 1] = path .. ": " .. line
        end
      end
    end)
    assert.equal("", table.concat(found, "\n"))
  end)
end)

-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- What of core/ and lua/ ran, a table with the worst file first: lua5.1 tests/coverage/report.lua BUILD
-- Reads what tests/coverage.sh left in the build folder. The exit status is 0 when the targets are met.
local cjson = require "cjson"

local build = ...
local targets = { { "core lines", 90 }, { "core branches", 80 }, { "lua lines", 90 } }

local function counter() return { hit = 0, all = 0, missed = {} } end

local function count(into, hit, line)
  into.all = into.all + 1
  if hit then into.hit = into.hit + 1 end
  if not hit and into.missed[#into.missed] ~= line then into.missed[#into.missed + 1] = line end
end

local function percent(counted)
  return counted.all == 0 and 100 or counted.hit / counted.all * 100
end

local function sorted_keys(map)
  local keys = {}
  for key in pairs(map) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

-- --- C ------------------------------------------------------------------------------------------

-- A file is compiled for several programs, a line may stand in several functions: counts are added.
local function add_line(lines, entry)
  local line = lines[entry.line_number] or { count = 0, branches = {} }
  lines[entry.line_number] = line
  line.count = line.count + entry.count
  for index, branch in ipairs(entry.branches) do
    local key = (entry.function_name or "") .. index
    line.branches[key] = (line.branches[key] or 0) + branch.count
  end
end

local function read_gcov(path)
  local files = {}
  for text in io.lines(path) do
    for _, file in ipairs(cjson.decode(text).files) do
      local name = file.file:match "(core/[%w_/]+%.[ch])$"
      if name then
        files[name] = files[name] or {}
        for _, entry in ipairs(file.lines) do add_line(files[name], entry) end
      end
    end
  end
  return files
end

local function c_rows()
  local rows = {}
  for name, found in pairs(read_gcov(build .. "/gcov.json")) do
    local lines, branches = counter(), counter()
    for _, number in ipairs(sorted_keys(found)) do
      count(lines, found[number].count > 0, number)
      for _, key in ipairs(sorted_keys(found[number].branches)) do
        count(branches, found[number].branches[key] > 0, number)
      end
    end
    rows[#rows + 1] = { name = name, lines = lines, branches = branches }
  end
  return rows
end

-- --- Lua ----------------------------------------------------------------------------------------

-- Lines with an instruction that can run: the RETURN which ends every function, and a jump or another
-- RETURN behind a RETURN, are only reached where the text has no return of its own.
local function active_lines(path)
  local files, name, held, previous = {}, nil, nil, nil
  for text in io.lines(path) do
    local file = text:match "^file .-(lua/moonflash/.*)"
    local number, operation = text:match "^\t%d+\t%[(%d+)%]\t([A-Z]+)"
    if file then
      name, files[file] = file, {}
    elseif text:find "^%a+ <" then
      held, previous = nil, nil
    elseif number then
      local dead = previous == "RETURN" and (operation == "JMP" or operation == "RETURN")
      if held then files[name][held] = true end
      held, previous = not dead and tonumber(number) or nil, operation
    end
  end
  return files
end

-- The records that tests/coverage/line_hook.c writes: a name and a byte for each line.
local NAME, RECORD = 128, 1024

local function ran_lines(path)
  local files = {}
  local file = assert(io.open(path, "rb"))
  for record in function() return file:read(RECORD) end do
    local name, ran = record:sub(1, NAME):match "^[^%z]*", {}
    for at in record:sub(NAME + 1):gmatch "()1" do ran[at - 1] = true end
    files[name] = ran
  end
  file:close()
  return files
end

local function lua_rows()
  local rows, ran = {}, ran_lines(build .. "/lua.seen")
  for name, active in pairs(active_lines(build .. "/lua.listing")) do
    local lines = counter()
    for _, number in ipairs(sorted_keys(active)) do
      count(lines, ran[name] and ran[name][number], number)
    end
    rows[#rows + 1] = { name = name, lines = lines }
  end
  return rows
end

-- --- the table ----------------------------------------------------------------------------------

-- 3 4 5 9 as "3-5 9"
local function ranges(numbers)
  local parts, index = {}, 1
  while index <= #numbers do
    local last = index
    while numbers[last + 1] == numbers[last] + 1 do last = last + 1 end
    parts[#parts + 1] = numbers[index] .. (last > index and "-" .. numbers[last] or "")
    index = last + 1
  end
  return table.concat(parts, " ")
end

local function figures(counted)
  return counted and ("%5.1f %4d/%-4d"):format(percent(counted), counted.hit, counted.all) or (" "):rep(15)
end

local function print_rows(rows)
  table.sort(rows, function(a, b)
    local left, right = percent(a.lines), percent(b.lines)
    return left < right or left == right and a.name < b.name
  end)
  print("  % of lines      % of branches    file" .. (" "):rep(33) .. "not run (lines; branches of)")
  for _, row in ipairs(rows) do
    local branches = row.branches and #row.branches.missed > 0 and "; " .. ranges(row.branches.missed) or ""
    print(("%s  %s  %-36s %s%s"):format(figures(row.lines), figures(row.branches), row.name,
      ranges(row.lines.missed), branches))
  end
end

local function sum(rows, kind)
  local total = counter()
  for _, row in ipairs(rows) do
    total.hit, total.all = total.hit + row[kind].hit, total.all + row[kind].all
  end
  return total
end

local core, lua = c_rows(), lua_rows()
print_rows(core)
print_rows(lua)
local totals = {
  ["core lines"] = sum(core, "lines"), ["core branches"] = sum(core, "branches"),
  ["lua lines"] = sum(lua, "lines"),
}
local reached = true
for _, target in ipairs(targets) do
  local total = totals[target[1]]
  reached = reached and percent(total) >= target[2]
  print(("%-14s %5.1f %% (%d of %d), target %d %%"):format(target[1], percent(total), total.hit, total.all,
    target[2]))
end
os.exit(reached and 0 or 1)

-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The screen of a terminal: lines of characters with a style each. It knows what moonflash prints and a little more:
-- text in UTF-8, \r \n \b, the sequences CSI K, J, A, C, D, G and m. There is no lower end, so nothing scrolls.
-- @module tests.recording.screen

local screen = {}
screen.__index = screen

--- A new, empty screen.
function screen.new()
  return setmetatable({ rows = { {} }, row = 1, column = 1, style = "", held = "" }, screen)
end

local function line(self)
  for index = #self.rows + 1, self.row do self.rows[index] = {} end
  return self.rows[self.row]
end

local function erase(self, from, to)
  local cells = line(self)
  for index = from, math.max(to, #cells) do cells[index] = nil end
end

-- The styles of SGR that a recording shows: classes of the picture.
local styles = { ["1"] = "bold", ["2"] = "dim", ["31"] = "red", ["32"] = "green", ["33"] = "yellow", ["34"] = "blue",
  ["35"] = "magenta", ["36"] = "cyan", ["90"] = "dim", ["91"] = "red", ["92"] = "green", ["93"] = "yellow",
  ["94"] = "blue", ["95"] = "magenta", ["96"] = "cyan" }

local function set_style(self, arguments)
  for number in (arguments == "" and "0" or arguments):gmatch "%d+" do
    if tonumber(number) == 0 or number == "22" or number == "39" then
      self.style = ""
    elseif styles[number] then
      self.style = self.style == "" and styles[number] or self.style .. " " .. styles[number]
    end
  end
end

local sequences = {
  K = function(self) erase(self, self.column, 0) end,
  J = function(self)
    erase(self, self.column, 0)
    for index = self.row + 1, #self.rows do self.rows[index] = nil end
  end,
  A = function(self, number) self.row = math.max(1, self.row - (number or 1)) end,
  C = function(self, number) self.column = self.column + (number or 1) end,
  D = function(self, number) self.column = math.max(1, self.column - (number or 1)) end,
  G = function(self, number) self.column = number or 1 end,
}

local controls = {
  ["\r"] = function(self) self.column = 1 end,
  ["\n"] = function(self) self.row = self.row + 1 end,
  ["\b"] = function(self) self.column = math.max(1, self.column - 1) end,
}

local function put(self, character)
  local cells = line(self)
  for index = #cells + 1, self.column - 1 do cells[index] = { text = " ", style = "" } end
  cells[self.column] = { text = character, style = self.style }
  self.column = self.column + 1
end

-- Takes one character or sequence from the beginning of the bytes; returns the rest, nil when it is not complete.
local function take(self, bytes)
  local arguments, final, rest = bytes:match "^\27%[([%d;?]*)(%a)(.*)$"
  if final == "m" then
    set_style(self, arguments)
  elseif final then
    local sequence = sequences[final]
    if sequence then sequence(self, tonumber(arguments)) end
  elseif bytes:find "^\27" then
    return nil
  elseif controls[bytes:sub(1, 1)] then
    controls[bytes:sub(1, 1)](self)
    rest = bytes:sub(2)
  else
    local lead = bytes:byte()
    local length = lead < 0xc0 and 1 or lead < 0xe0 and 2 or lead < 0xf0 and 3 or 4
    if #bytes < length then return nil end
    put(self, bytes:sub(1, length))
    rest = bytes:sub(length + 1)
  end
  return rest
end

--- Takes what a program writes, in any split.
function screen:write(bytes)
  bytes = self.held .. bytes
  while bytes ~= "" do
    local rest = take(self, bytes)
    if not rest then break end
    bytes = rest
  end
  self.held = bytes
end

--- A row as runs of one style: { { text, style }, ... }, without blanks at its end.
function screen:runs(index)
  local cells, runs = self.rows[index] or {}, {}
  local last = #cells
  while last > 0 and cells[last].text == " " do last = last - 1 end
  for column = 1, last do
    local cell, run = cells[column], runs[#runs]
    if run and run[2] == cell.style then
      run[1] = run[1] .. cell.text
    else
      runs[#runs + 1] = { cell.text, cell.style }
    end
  end
  return runs
end

return screen

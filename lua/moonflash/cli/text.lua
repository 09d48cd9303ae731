-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Formats numbers, tables and failures for people.

local failure = require "moonflash.base.failure"
local version = require "moonflash.base.version"

local text = {}

--- `64.0 MB`, `24.3 kB`, `602 bytes`.
function text.bytes(count)
  if count >= 1e6 then return ("%.1f MB"):format(count / 1e6) end
  if count >= 1e3 then return ("%.1f kB"):format(count / 1e3) end
  return ("%.0f bytes"):format(count)
end

--- `45 s`, `2 min 5 s`, `3 min`.
function text.seconds(seconds)
  seconds = math.ceil(seconds)
  if seconds < 60 then return ("%.0f s"):format(seconds) end
  local minutes = ("%.0f min"):format(math.floor(seconds / 60))
  return seconds % 60 == 0 and minutes or ("%s %.0f s"):format(minutes, seconds % 60)
end

--- Firmware, carrier and configuration in one phrase; what is not known is left out. nil when nothing is known.
function text.versions(versions)
  local known = {}
  if version.is_automatic(versions) then return "what its SIM asks for (AUTO-SIM)" end
  for _, name in ipairs { "firmware", "carrier", "config" } do
    known[#known + 1] = versions and versions[name]
  end
  return known[1] and table.concat(known, " ")
end

local function widths_of(rows)
  local widths = {}
  for _, row in ipairs(rows) do
    for column, cell in ipairs(row) do widths[column] = math.max(widths[column] or 0, #cell) end
  end
  return widths
end

--- Rows of texts as lines with aligned columns.
function text.columns(rows)
  local widths, lines = widths_of(rows), {}
  for i, row in ipairs(rows) do
    local cells = {}
    for column, cell in ipairs(row) do cells[column] = cell .. (" "):rep(widths[column] - #cell) end
    lines[i] = table.concat(cells, "  "):gsub("%s+$", "")
  end
  return lines
end

--- A failure as lines: what happened, what was seen, what to do.
function text.failure(self)
  local lines = { (self.step and self.step .. ": " or "") .. self.message }
  if self.evidence then lines[#lines + 1] = "  seen: " .. tostring(self.evidence) end
  local cause = self.cause and tostring(self.cause)
  local is_interrupt = failure.is(self.cause) and self.cause.code:find "%.interrupted$" -- the message says it
  if cause and cause ~= self.evidence and not is_interrupt then lines[#lines + 1] = "  because: " .. cause end
  local hint = failure.hint(self)
  if hint then lines[#lines + 1] = "  to do: " .. hint end
  return lines
end

return text

-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- A recording as a picture: every line of the terminal with the time it is there. It begins with the end of the
-- recording, and shows only that where it does not move (another program than a browser, prefers-reduced-motion).
-- @module tests.recording.svg

local svg = {}

local FONT_SIZE, CHARACTER, LINE = 13, 7.8, 18.5 -- each text is given its width, so any font fits
local MARGIN, TITLE = 18, 38
local END_FIRST = 2.5 -- seconds

local HEAD = [[
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" role="img" aria-label="%s">
<title>%s</title>
<style>
text { font: %dpx ui-monospace, SFMono-Regular, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono",
  monospace; fill: #d5dbe3 }
.title { fill: #8b95a3; text-anchor: middle } .prompt { fill: #7ee0a0; font-weight: bold } .typed { fill: #ffffff }
.bold { font-weight: bold } .dim { fill: #8b95a3 } .red { fill: #ff8b82 } .green { fill: #7ee0a0 }
.yellow { fill: #f2cc60 } .blue { fill: #82b8ff } .magenta { fill: #d9a8ff } .cyan { fill: #76dce6 }
.gone { visibility: hidden }
.cursor { fill: #d5dbe3; animation: blink 1s step-end infinite }
@keyframes blink { 50%% { fill: none } }
%s@media (prefers-reduced-motion: reduce) { * { animation: none !important } }
</style>
<rect x="0.5" y="0.5" width="%.0f" height="%.0f" rx="10" fill="#151b23" stroke="#3d4654"/>
<circle cx="22" cy="20" r="6" fill="#ff6b61"/><circle cx="42" cy="20" r="6" fill="#f5bd4f"/>
<circle cx="62" cy="20" r="6" fill="#5fcb5c"/>
<text class="title" x="%.0f" y="24">%s</text>
]]

-- Some programs make one blank of several, unless they are non-breaking.
local function escape(text)
  text = text:gsub("[&<>\"]", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ["\""] = "&quot;" })
  return (text:gsub("  +", function(blanks) return ("\194\160"):rep(#blanks) end))
end

local function width_of(text)
  local _, characters = text:gsub("[^\128-\191]", "")
  return characters
end

-- The class whose keyframes show an element between two times; one rule for each such pair.
local function class_of(rules, seconds, from, to)
  local key = ("%.2f %.2f"):format(from, to or seconds)
  local name = rules.names[key]
  if not name then
    name = "s" .. #rules + 1
    rules.names[key] = name
    local hides = to and (" %.2f%%, 100%% { visibility: hidden }"):format(to / seconds * 100) or ""
    rules[#rules + 1] = (".%s { animation: %s %.1fs %.1fs step-end infinite } "):format(name, name, seconds,
      END_FIRST - seconds) .. ("@keyframes %s { 0%% { visibility: hidden } %.2f%% { visibility: visible }%s }\n")
      :format(name, from / seconds * 100, hides)
  end
  return to and name .. " gone" or name
end

local function text_elements(row, runs, class)
  local parts, column = {}, 0
  for _, run in ipairs(runs) do
    local text, style = run[1], run[2]
    local blanks = text:match "^ *"
    column = column + #blanks
    text = text:sub(#blanks + 1)
    local width = width_of(text)
    if text ~= "" then
      local classes = (style .. " " .. class):match "^ *(.-) *$"
      parts[#parts + 1] = ('<text x="%.1f" y="%.1f" textLength="%.1f"%s>%s</text>'):format(MARGIN + column * CHARACTER,
        TITLE + row * LINE, width * CHARACTER, classes ~= "" and (' class="%s"'):format(classes) or "", escape(text))
    end
    column = column + width
  end
  return table.concat(parts)
end

--- The picture of a recording.
-- @tparam table recording title, columns, seconds; spans = list of { row, runs, from, to = nil: to the end }; cursor =
-- { row, column, from }
-- @treturn string
function svg.picture(recording)
  local rules, elements, rows = { names = {} }, {}, 0
  for index, span in ipairs(recording.spans) do
    rows = math.max(rows, span.row)
    elements[index] = text_elements(span.row, span.runs, class_of(rules, recording.seconds, span.from, span.to))
  end
  local cursor = recording.cursor
  local shown = class_of(rules, recording.seconds, cursor.from)
  local width = 2 * MARGIN + recording.columns * CHARACTER
  local height = TITLE + rows * LINE + MARGIN
  local title = escape(recording.title)
  local head = HEAD:format(width, height, width, height, title, title, FONT_SIZE, table.concat(rules), width - 1,
    height - 1, width / 2, title)
  return head .. table.concat(elements, "\n") .. ('\n<g class="%s"><rect class="cursor" x="%.1f" y="%.1f" width="%.1f" '
    .. 'height="15"/></g>\n</svg>\n'):format(shown, MARGIN + (cursor.column - 1) * CHARACTER,
    TITLE + cursor.row * LINE - 12, CHARACTER)
end

return svg

-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The files of LuCI's page, without a browser: translations, access, size.
local cjson = require "cjson"
local sys = require "moonflash.core.sys"

local PACKAGE = "packaging/openwrt/luci-app-moonflash/"
local PAGE = PACKAGE .. "htdocs/luci-static/resources/view/moonflash.js"
local MENU = PACKAGE .. "root/usr/share/luci/menu.d/luci-app-moonflash.json"
local ACL = "packaging/openwrt/moonflash/files/moonflash.acl.json"

local function read(path) return assert(sys.read_file(path)) end

local function texts_of_page()
  local texts = {}
  for text in read(PAGE):gmatch "[^%w]_%('([^']*)'%)" do texts[text] = true end
  return texts
end

-- The texts of a .po file: msgid to msgstr.
local function translations(path)
  local texts = {}
  for id, text in read(path):gmatch 'msgid ("[^\n]*")\nmsgstr ("[^\n]*")' do
    texts[cjson.decode("[" .. id .. "]")[1]] = cjson.decode("[" .. text .. "]")[1]
  end
  return texts
end

local function sorted(set)
  local names = {}
  for name in pairs(set) do names[#names + 1] = name end
  table.sort(names)
  return names
end

local function placeholders(text)
  local found = {}
  for one in text:gmatch "%%%w" do found[#found + 1] = one end
  return table.concat(found)
end

describe("the files of LuCI's page", function()
  it("translate every text of the page, with the same values", function()
    local template = translations(PACKAGE .. "po/templates/moonflash.pot")
    local german = translations(PACKAGE .. "po/de/moonflash.po")
    for text in pairs(texts_of_page()) do
      assert.truthy(template[text], "the template has no " .. text)
    end
    for text in pairs(template) do
      if text ~= "" then
        assert.truthy(german[text] and german[text] ~= "", "no German for " .. text)
        assert.equal(placeholders(text), placeholders(german[text]))
      end
    end
    template[""], german[""] = nil, nil
    assert.same(sorted(template), sorted(german))
  end)

  it("translate the names of all steps", function()
    local template = translations(PACKAGE .. "po/templates/moonflash.pot")
    for _, name in ipairs(sys.list "lua/moonflash/procedure") do
      for step in read("lua/moonflash/procedure/" .. name):gmatch '[{,]?%s*name = "([%w ]+)", changes' do
        assert.truthy(template[step], "the template has no " .. step)
      end
    end
  end)

  it("call only methods that the access group has", function()
    local group = cjson.decode((read(ACL))).moonflash
    local granted = {}
    for _, part in pairs { group.read, group.write } do
      for _, method in ipairs(part.ubus.moonflash) do granted[method] = true end
    end
    local count = 0
    for method in read(PAGE):gmatch "method%('([%w_]+)'" do
      count = count + 1
      assert.truthy(granted[method], method)
    end
    assert.equal(12, count)
    assert.same({ "moonflash" }, cjson.decode((read(MENU)))["admin/system/moonflash"].depends.acl)
  end)

  -- LuCI (daf2e0bc2b, with rpcd 4476687 and uhttpd f682cca) shows "Session expired" to a user without one of these
  -- groups: `unauthenticated` has `session access` and `luci getFeatures`, `luci-base` has the configuration of LuCI.
  it("are documented with all groups that a user needs", function()
    local line = read "docs/openwrt.md":match "\n%- A user with read access only[^\n]*\n[^\n]*"
    for _, group in ipairs { "unauthenticated", "luci-base", "moonflash" } do
      assert.truthy(line:find("`" .. group .. "`", 1, true), group)
    end
  end)

  it("give LuCI no text that it would take for markup", function()
    local page = read(PAGE)
    assert.falsy(page:find "innerHTML")
    local _, elements = page:gsub("[^%w]E%(", "")
    assert.equal(1, elements) -- in el(), which has its children in a list
  end)
end)

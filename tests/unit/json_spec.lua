-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The JSON encoder and decoder.
local cjson = require "cjson"
local json = require "moonflash.base.json"

describe("json.encode", function()
  it("keeps the order of an object's keys and writes null for absent values", function()
    local object = json.object({ "v", "b", "a", "list", "inner" },
      { v = 1, a = "x", list = {}, inner = json.object({ "z" }, {}), extra = 1 })
    assert.equal('{"v":1,"b":null,"a":"x","list":[],"inner":{"z":null}}', json.encode(object))
    assert.equal("{}", json.encode(json.object({}, {})))
  end)

  it("writes the keys of a plain table in one order", function()
    assert.equal('{"t":1,"event":"qmi","dir":">","a":true,"b":[1,2]}',
      json.encode { b = { 1, 2 }, a = true, dir = ">", event = "qmi", t = 1 })
  end)

  it("writes whole numbers of any size whole, and fractions", function()
    assert.equal("[4294967295,9007199254740991,-2147483649,0,0.01,2.5]",
      json.encode { 4294967295, 9007199254740991, -2147483649, 0, 0.01, 2.5 })
  end)

  it("writes UTF-8 whatever bytes a text has", function()
    assert.equal('"é\239\191\189x\\u0000\\"a/b"', json.encode "é\255x\0\"a/b")
    assert.equal('"\239\191\189\239\191\189"', json.encode "\195\195")
  end)

  it("refuses a function", function()
    assert.error_matches(function() json.encode { f = print } end, "no JSON for a function")
  end)
end)

describe("json.decode", function()
  it("gives values, and nil for a text that is not JSON", function()
    assert.same({ a = { 1, "x" }, b = cjson.null }, json.decode '{"a":[1,"x"],"b":null}')
    assert.equal(4294967295, json.decode "[4294967295]"[1])
    assert.equal("3 -1 2.5", table.concat(json.decode "[3,-1,2.5]", " "))
    for _, text in ipairs { "", "{", "nonsense", "[1" } do assert.is_nil(json.decode(text)) end
  end)

  it("gives what json.encode writes again, null included", function()
    local text = '{"event":"result","after":null,"list":[],"nested":[{"a":null}]}'
    assert.equal('{"event":"result","after":null,"list":[],"nested":[{"a":null}]}', json.encode(json.decode(text)))
    assert.same({ event = "result", list = {}, nested = { {} } }, json.decode(text, true))
  end)
end)

-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The USB ids of one modem in both modes, by the lists of the models.
local files = require "moonflash.engine.model_files"
local usb_ids = require "moonflash.device.usb_ids"

local models = {}
for _, model in ipairs(files.all()) do models[model.name] = model end

local function ids_of(name, ids)
  local all = usb_ids.of_modem(models[name], ids)
  table.sort(all)
  return table.concat(all, " ")
end

describe("the ids of a modem", function()
  local pairs_of = {
    MC7455 = { { "1199:9071", "1199:9070" }, { "1199:9079", "1199:9078" }, { "1199:907b", "1199:907a" },
      { "413c:81b6", "413c:81b5" }, { "413c:81cc", "413c:81cb" } },
    MC7354 = { { "1199:68c0", "1199:68c0" }, { "1199:9041", "1199:9040" } },
    EM7305 = { { "1199:9063", "1199:9062" }, { "1199:901f", "1199:901e" }, { "413c:81a4", "413c:81a6" } },
  }
  for name, list in pairs(pairs_of) do
    for _, pair in ipairs(list) do
      local application, download = unpack(pair)
      it(("are %s and %s of an %s"):format(application, download, name), function()
        assert.same({ download }, usb_ids.download(models[name], application))
        assert.truthy(ids_of(name, download):find(application, 1, true))
        assert.truthy(ids_of(name, application):find(download, 1, true))
      end)
    end
  end

  it("may be all of the vendor when nothing tells more", function()
    assert.equal("1199:68b1 1199:9070 1199:9078 1199:907a", ids_of("MC7455", "1199:68b1"))
    assert.equal("1199:9068 1199:9070 1199:9071", ids_of("MC7455", "1199:9070"):gsub(" 1199:68b1", ""):gsub(
      "1199:68b1 ", ""))
    assert.equal("03f0:4e1d", ids_of("EM7305", "03f0:4e1d"))
    assert.equal("1199:9fff", ids_of("MC7455", "1199:9fff"))
  end)

  it("belong to a model in a mode", function()
    assert.same({ application = true, download = false }, usb_ids.modes(models.MC7455, "413c:81c2"))
    assert.same({ application = true, download = true }, usb_ids.modes(models.MC7354, "1199:68c0"))
    assert.is_nil(usb_ids.modes(models.MC7354, "1199:9071"))
  end)
end)

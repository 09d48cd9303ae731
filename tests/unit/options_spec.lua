-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The table of options: the ways from and to the command line, and the checks of requests.
local options = require "moonflash.base.options"
local requests = require "moonflash.base.request"

describe("options", function()
  it("have names of their own, letters of their own, and types", function()
    local letters = {}
    for name, option in pairs(options.by_name) do
      assert.equal(name, option.name)
      assert.equal("table", type(option.type), name)
      assert.equal("string", type(option.help), name)
      assert.is_nil(letters[option.letter or {}], name)
      if option.letter then letters[option.letter] = true end
      if option.excludes then assert.truthy(options.by_name[option.excludes]) end
    end
  end)

  local lines = {
    { {}, {}, {} },
    { { cdc_wdm = "/dev/cdc-wdm0", serial = "-x" }, {}, { "--cdc-wdm=/dev/cdc-wdm0", "--serial=-x" } },
    { { vid = "1199", pid = "9071" }, {}, { "--vid-pid=1199:9071" } },
    { { vid = "1199" }, { force = true, all = false }, { "--force", "--vid-pid=1199" } },
    { { bus = 1, number = 4 }, { timeout_scale = 0.5 }, { "--busnum-devnum=1:4", "--timeout-scale=0.5" } },
    { { number = 4 }, { mbim = false, proxy = true }, { "--busnum-devnum=4", "--proxy", "--qmi" } },
    { {}, { transport = "usb" }, { "--transport=usb" } },
    { {}, { mbim = true, chunk_size = 67108864 }, { "--chunk-size=67108864", "--mbim" } },
    { {}, { skip = { power = true, memory = true, driver = false } }, { "--skip=memory", "--skip=power" } },
    { {}, { log = "/tmp/log", no_such = 1 }, { "--log=/tmp/log", "--no-such=1" } },
    { {}, { vid_pid = "1199:9071", timeout_scale = "2" }, { "--timeout-scale=2", "--vid-pid=1199:9071" } },
  }
  for _, line in ipairs(lines) do
    it("become a command line: " .. table.concat(line[3], " "), function()
      local words = requests.words { command = "status", selection = line[1], options = line[2] }
      assert.same({ "status", "--" }, { unpack(words, #line[3] + 1) })
      assert.same(line[3], { unpack(words, 1, #line[3]) })
    end)
  end

  it("become a selection and options again", function()
    local request = requests.of_values { vid_pid = { vid = "1199", pid = "9071" }, place = "1-1",
      busnum_devnum = { bus = 1, number = 4 }, skip = { "power" }, qmi = true, force = true, json = true,
      root = "/x", trace = "/t" }
    assert.same({ selection = { vid = "1199", pid = "9071", place = "1-1", bus = 1, number = 4 },
      options = { skip = { power = true }, mbim = false, force = true, trace = "/t" } }, request)
  end)
end)

describe("the checks of a request", function()
  local function check(request) requests.check(request) end

  it("accept what a request may have", function()
    check { files = { "a", "b" }, root = "/", emit = print, path = "x", pair = "y", arguments = {},
      selection = { vid = "1199", bus = 1, model = "x" },
      options = { force = false, storage_index = 255, timeout_scale = 0.5, skip = {}, trace = "x", route = "impref" } }
  end)

  local wrong = {
    { "a request must be a table", 5 },
    { "a request has no field file; it has: arguments emit files options pair path root selection",
      { file = "a" } },
    { "a request: root must be a string", { root = 5 } },
    { "options has no field forced; it has: all bind_driver", { options = { forced = true } } },
    { "options has no field qmi", { options = { qmi = true } } },
    { "options has no field log", { options = { log = "x" } } },
    { "a selection has no field plce; it has: bus cdc_wdm model number pid place serial tty vid",
      { selection = { plce = "1-1" } } },
    { "a selection: tty must be a string or a number", { selection = { tty = {} } } },
    { "options: force must be a boolean", { options = { force = "yes" } } },
    { "options: storage_index must be a whole number from 1 to 255", { options = { storage_index = 256 } } },
    { "options: chunk_size must be a whole number from 1 to 67108864", { options = { chunk_size = 1.5 } } },
    { "options: timeout_scale must be a number above 0, at most 1000", { options = { timeout_scale = 0 } } },
    { "options: transport must be one of auto, tty, usb", { options = { transport = "net" } } },
    { "files must be texts", { files = { "a", nil, "b" } } },
    { "files must be texts", { files = { "a\0b" } } },
  }
  for _, case in ipairs(wrong) do
    it("raise at the caller's line: " .. case[1], function()
      local ok, message = pcall(function() check(case[2]) end)
      assert.is_false(ok)
      assert.truthy(message:find(case[1], 1, true), message)
      assert.matches("^tests/unit/options_spec%.lua:%d+: ", message)
    end)
  end
end)

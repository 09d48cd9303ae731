-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The longest time of each wait, computed from the limits in the code and compared with the table in tests/README.md.
-- None is longer than five minutes.
local all_limits = require "moonflash.base.limits"
local files = require "moonflash.engine.model_files"
local firehose = require "moonflash.protocol.firehose"
local qdl = require "moonflash.protocol.qdl"
local steps = require "moonflash.procedure.steps"
local switch = require "moonflash.commands.switch"
local sys = require "moonflash.core.sys"
local tables = require "moonflash.base.table"

local LONGEST = 300
local MS = 1000

local loader, hose = qdl.timing, firehose.timing

local used = {}
local limits = setmetatable({}, { __index = function(_, name)
  used[name] = true
  return assert(all_limits[name], name)
end })

local function step(name)
  return steps[name] {}
end

-- The last answer of an image, of the model of this protocol that gives it most time.
local function final_ack(protocol)
  local longest = 0
  for _, model in ipairs(files.all()) do
    for _, one in ipairs((model.download or "qdl") == protocol and model or {}) do
      longest = math.max(longest, one.final_ack or 0)
    end
  end
  return longest
end

local close = limits.qmi_close
local greeting = qdl.greetings * loader.greeting_ms / MS
local old_answers = qdl.old_answers * qdl.quiet_ms / MS -- read until the loader is quiet
local greet_again = greeting + old_answers + greeting
local torn_write = (loader.stall_ms + 2 * loader.reply_ms) / MS + old_answers
local greet = limits.node + greeting + torn_write + greet_again
local write_reset = loader.stall_ms / MS
local hello = (hose.settle_ms + hose.hello_ms) / MS
local ping, commands = hose.command_ms / MS, 3 * hose.command_ms / MS -- ping, configure, storage info
local hear_out = firehose.further_answers * firehose.quiet_ms / MS
local PROGRAMS, RESETS = 3, 10 -- core/protocol/firehose.h
local greet_firehose = limits.node + hello + 3 * hose.reply_ms / MS + commands

local rows = {
  { "QMI: the port is opened, one answer, the port is closed", limits.qmi_open + limits.qmi_request + close },
  { "AT: the port is opened, an old answer, one answer", limits.node + 2 * limits.at_command },
  { "a modem that was just plugged in has all ports", limits.settle },
  { "a driver of a modem that is back", limits.driver },
  { "the further ports of a modem that is back", math.max(limits.further, limits.usb) },
  { "a modem that has left by itself", limits.relocate },
  { "a modem runs before it is restarted again", limits.run },
  { "a modem leaves after an accepted restart", limits.disconnect },
  { "the loader of a modem that restarts again and again", limits.restless + limits.loader },
  { "read versions", step("read_versions").most + close },
  { "set preference", step("set_preference").most + close },
  { "prefer stored images", step("prefer_stored").most + close },
  { "enter download mode", step("enter_download").most + greeting + greet_again + close },
  { "a loader is greeted", greet },
  { "a loader is greeted that may write an image of an earlier run", greet + loader.final_ack_ms / MS },
  { "the loader answers hello, or open", loader.reply_ms / MS },
  { "the loader takes bytes", loader.stall_ms / MS },
  { "the loader answers a chunk", loader.ack_ms / MS },
  { "the last answer of an image, and done", final_ack "qdl" + loader.done_ms / MS },
  { "the file of an image has data", math.max(loader.source_ms / MS, limits.source) },
  { "leave download mode", greet + write_reset },
  { "Firehose: a loader is greeted", greet_firehose },
  { "Firehose: a loader is greeted that waits for the rest of an image of an earlier run",
    limits.node + hello + ping + hose.complete_ms / MS + 2 * hear_out + commands },
  { "Firehose: an image is accepted", PROGRAMS * hose.command_ms / MS },
  { "Firehose: the verdict on an image", math.max(final_ack "firehose", hose.final_ack_ms / MS) },
  { "Firehose: what the loader says behind it", hear_out },
  { "Firehose: leave download mode", greet_firehose + RESETS * hose.command_ms / MS },
  { "the restart for a further image", write_reset + step("send_images").within },
  { "the restart of a modem that crashed", limits.memory_reset + limits.crashed },
  { "restart", step("restart").most + close },
  { "leave boot image download mode", step("normal_boot").most + close },
  { "wait for the modem", step("wait").within },
  { "confirm", step("confirm").most + close },
  { "wait for the modem and confirm together",
    math.max(limits.answer, step("wait").after_restart, step("confirm").after_restart) + close },
  { "recover: wait for the modem and read versions together",
    math.max(step("boot").after_restart, switch.read_again.after_restart) + close },
  { "the old preference is written", limits.restore + limits.retry + limits.qmi_open + limits.qmi_request + close },
  { "a restart is undone", limits.disconnect + limits.boot },
  { "one change is undone", limits.undo + close },
  { "a query of another moonflash ends", limits.query },
  { "the files of paused services are free", limits.files },
  { "a service stops or starts", limits.command },
  { "ModemManager can be inhibited", limits.probe },
  { "a paused program closes its ports", limits.ports },
  { "the lock, one service, ModemManager and the ports together",
    limits.query + limits.files + limits.command + limits.probe + limits.ports },
}

local function in_words()
  local lines = {}
  for index, row in ipairs(rows) do lines[index] = ("| %s | %.0f s |"):format(row[1], row[2]) end
  return table.concat(lines, "\n")
end

describe("the longest wait", function()
  it("is that of the table in tests/README.md", function()
    local readme = assert(sys.read_file "tests/README.md")
    local section = readme:match "\n## The longest waits\n(.-)\n## "
    local lines = {}
    for line in section:gmatch "[^\n]+" do
      if line:match "^| .* | %d+ s |$" then lines[#lines + 1] = line end
    end
    assert.equal(in_words(), table.concat(lines, "\n"))
  end)

  it("is five minutes", function()
    for _, row in ipairs(rows) do assert.is_true(row[2] <= LONGEST, row[1]) end
    assert.is_true(step("confirm").most + close <= 180)
  end)

  it("has every limit of the code in a row", function()
    assert.same(tables.sorted_keys(all_limits), tables.sorted_keys(used))
  end)

  -- These ask nothing of the modem, or have the limits of QDL.
  local without = { action = true, stop_if_current = true, choose_stored = true, stop_if_well = true,
    send_images = true, leave_download = true, wake = true }

  it("of each step that asks the modem is limited", function()
    for name in pairs(steps) do
      assert.is_true(without[name] or (step(name).most or step(name).after_restart) ~= nil, name)
    end
  end)
end)

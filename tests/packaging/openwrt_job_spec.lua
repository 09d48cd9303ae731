-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- moonflash-job at the moments when a signal is easily lost, under both shells it may meet, with a stand-in
-- for moonflash.
local stage = require "tests.packaging.router"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local JOB = sys.real_path(stage.FILES .. "moonflash-job")
local SHELLS = { busybox = { stage.SHELL, "ash" }, dash = { "/usr/bin/dash" } }
local TIMES = 40

-- Ends with 9 when it is asked to, after a while with 7.
local ENDS_WHEN_ASKED = [[#!/bin/sh
trap 'exit 9' TERM
n=0
while [ $n -lt 3000000 ]; do n=$((n + 1)); done
exit 7
]]

-- Ends with 7, just when its parent is asked to end.
local ENDS_BY_ITSELF = [[#!/bin/sh
trap '' TERM
kill -TERM $PPID
exit 7
]]

local folder, environment

local function set_up(moonflash)
  folder = support.folder()
  assert(sys.make_folder(folder .. "/bin"))
  for name, text in pairs { moonflash = moonflash, ubus = "#!/bin/sh\n" } do
    assert(sys.write_file(folder .. "/bin/" .. name, text))
    assert.equal(0, support.run({ "chmod", "755", folder .. "/bin/" .. name }).status)
  end
  environment = { PATH = folder .. "/bin:" .. os.getenv "PATH" }
end

local function start(shell, number)
  local job = ("%s/%d"):format(folder, number)
  assert(sys.make_folder(job))
  assert(sys.write_file(job .. "/arguments", "devices\n"))
  local argv = { unpack(SHELLS[shell]) }
  argv[#argv + 1] = JOB
  argv[#argv + 1] = job
  return support.start(argv, { environment = environment }), job
end

for shell, argv in pairs(SHELLS) do
  local only = sys.access(argv[1], "x") and describe or pending

  only("a job under " .. shell, function()
    after_each(support.finish)

    it("gets every signal, also one before its start", function()
      set_up(ENDS_WHEN_ASKED)
      for number = 1, TIMES do
        local child, job = start(shell, number)
        while not sys.link(job .. "/begun") do sys.sleep_ms(0) end
        sys.sleep_ms(number % 8)
        child:kill "TERM"
        local status = child:wait()
        assert.is_true(status == 9 or status == 143, "ended with " .. status)
        assert.equal(tostring(status), sys.link(job .. "/ended"))
      end
    end)

    it("ends as moonflash did, although a signal comes at that moment", function()
      set_up(ENDS_BY_ITSELF)
      for number = 1, TIMES do
        local child, job = start(shell, number)
        assert.equal(7, child:wait())
        assert.equal("7", sys.link(job .. "/ended"))
      end
    end)
  end)
end

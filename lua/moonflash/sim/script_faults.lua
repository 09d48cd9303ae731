-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The faults of test-script.

local models = require "moonflash.sim.models"

local script_faults = {}

-- In the order of the test: { name, switches of the simulator (moonflash simulate --fault) ... }; `loader`: only for
-- models whose port in download mode is of this kind.
local rows = {
  { "no fault" },
  { "window missed", "window=0" },
  { "path changed", "boot-place=1-3", "come-back-place=1-4" },
  { "stale bytes", "stale=qdl.hello", "stale=qdl.open", loader = "qdl" },
  { "split frames", "split=qdl.hello", "split=qdl.open", "split=qdl.write#2", loader = "qdl" },
  { "corrupt frame", "flip=qdl.open", loader = "qdl" },
  { "late answer", "late=qdl.write#2:20", loader = "qdl" },
  { "stall at chunk 1", "silence=qdl.write#1", loader = "qdl" },
  { "stall at chunk 2", "silence=qdl.write#2", loader = "qdl" },
  { "vanish at chunk 2", "vanish-chunk=2", loader = "qdl" },
  { "vanish at chunk 4", "vanish-chunk=4", loader = "qdl" },
  { "wrong acknowledgement", "bad-ack=2", loader = "qdl" },
  { "error status", "refuse=qdl.write#2:1", loader = "qdl" },
  { "error frame", "error=qdl.open:5", loader = "qdl" },
  { "hello lost", "silence=sahara.hello", loader = "sahara" },
  { "switch refused", "refuse=sahara.execute", loader = "sahara" },
  { "stale bytes", "stale=firehose.configure", loader = "sahara" },
  { "split answers", "split=sahara.hello", "delivery=cut", loader = "sahara" },
  { "many logs", "bad-blocks=100", "unasked-log", loader = "sahara" },
  { "new answers", "generation=new", loader = "sahara" },
  { "corrupt answer", "flip=firehose.configure", loader = "sahara" },
  { "late answer", "late=firehose.end:20", loader = "sahara" },
  { "program refused", "refuse=firehose.program#*", loader = "sahara" },
  { "no answer to program", "silence=firehose.program", loader = "sahara" },
  { "refused at block 2", "refuse=firehose.write#2", loader = "sahara" },
  { "vanish at block 2", "unplug=firehose.write#2", loader = "sahara" },
  { "vanish at the end", "unplug=firehose.end", loader = "sahara" },
  { "image refused", "refuse=firehose.end", loader = "sahara" },
  { "no last answer", "silence=firehose.end", loader = "sahara" },
  { "restart unanswered", "silent-power", loader = "sahara" },
  { "refused preference", "refuse-preference" },
  { "no preference known", "no-preference" },
  { "already stored", "already-stored" },
  { "low power afterwards", "loses-settings=1" },
  { "DIAG instead of QDL", "diag-instead", loader = "qdl" },
  { "already in download mode", "start=download" },
}

--- The faults that a simulated model can have: { name, switches ... } each.
function script_faults.of(model)
  local known, list = models.find(model), {}
  local loader = known and known.download.interfaces[1].kind
  for _, row in ipairs(rows) do
    if not row.loader or row.loader == loader then list[#list + 1] = row end
  end
  return list
end

return script_faults

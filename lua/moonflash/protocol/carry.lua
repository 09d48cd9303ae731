-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- What the download sessions of all protocols share: an operation of the conversation is carried out on the channel. A
-- session has conversation, channel, timing (stall_ms, source_ms) and failed: the failure that ended it.

local failure = require "moonflash.base.failure"
local transfer = require "moonflash.core.transfer"

local carry = {}

--- Carries out the current operation of a session's conversation.
-- @tparam table self the session
-- @tparam table operation reader, chunk (bytes) and progress of an image; interrupted = function(): whether an
-- interrupted operation goes on
-- @tparam function words the failure of a conversation
-- @treturn boolean true, or nil and a failure
function carry.out(self, operation, words)
  local carrier = transfer.new {
    conversation = self.conversation, channel = self.channel, reader = operation.reader,
    progress = operation.progress, chunk = operation.chunk,
    stall_ms = self.timing.stall_ms, source_ms = self.timing.source_ms,
  }
  self.failed = failure.new("transfer.interrupted", "the transfer was stopped half way") -- when `progress` raises
  local done, problem
  repeat
    done, problem = carrier:run()
    problem = problem or words(self.conversation)
  until done or problem.code ~= "transfer.interrupted"
    or not (operation.interrupted and operation.interrupted())
  carrier:close()
  self.failed = problem
  return done, problem
end

--- Whether a session can take another operation: true, or nil and the failure that ended it.
-- @raise when it is closed
function carry.check_usable(self)
  if not self.channel:descriptor() then error("the session is closed", 3) end
  if self.failed then return nil, self.failed end
  return true
end

return carry

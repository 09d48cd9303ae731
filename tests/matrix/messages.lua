-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The messages of a session, as the simulator logged them, by the names its faults have for them:
-- "qmi.0048", "ctl.0022", "at.boothold", "qdl.open", "sahara.execute", "firehose.program".
-- @module tests.matrix.messages

local messages = {}

local FIREHOSE_BLOCK = 8192

local name_of = {
  qmi = function(entry) return (entry.service == "ctl" and "ctl." or "qmi.") .. entry.message:sub(3) end,
  at = function(entry) return "at." .. entry.command:lower():match "^at[!+]?(%w*)" end,
  qdl = function(entry) return "qdl." .. entry.command end,
  sahara = function(entry) return "sahara." .. entry.command end,
  -- the answer to an image comes behind the zeros
  firehose = function(entry) return "firehose." .. (entry.command == "zeros" and "end" or entry.command) end,
}

--- The name of the message that an entry of the log is about.
-- @treturn ?string nil when it is about none
function messages.name(entry)
  return name_of[entry.event] and name_of[entry.event](entry)
end

-- The number of messages that one entry of the log records. One entry records all data of an image for Firehose.
local function count_of(name, entry)
  return name == "firehose.write" and math.ceil(entry.size / FIREHOSE_BLOCK) or 1
end

--- The messages of a log in their order, without those that the loader of an EM7565 does not read because of the zeros
-- before them. Of the blocks of an image for Firehose it has the first.
-- @treturn table list of { name, number = how many of its kind came so far, with it }
function messages.list(log)
  local list, seen = {}, {}
  for _, entry in ipairs(log) do
    local name = messages.name(entry)
    if name then
      local before = seen[name] or 0
      seen[name] = before + count_of(name, entry)
      if not entry.fails then list[#list + 1] = { name = name, number = before + 1 } end
    end
  end
  return list
end

--- The messages up to the first image: from there on all routes of a model are the same.
-- @tparam table list as of messages.list
function messages.entering(list)
  local first = {}
  for _, message in ipairs(list) do
    first[#first + 1] = message
    if message.name == "qdl.open" or message.name == "firehose.program" then break end
  end
  return first
end

return messages

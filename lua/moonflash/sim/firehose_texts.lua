-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The documents of Firehose: those that a host may send, and the answers of both generations of loaders (reference:
-- firehose 5, 6 and 9).

local texts = {}

local HEAD = '<?xml version="1.0" encoding="UTF-8" ?>\n<data>\n'

--- The end of each document of a host.
texts.ending = "\n</data>\n\n"

--- The elements in the documents of a host. Each has one form alone, because nobody knows what else a loader accepts.
-- A # is a number.
texts.requests = {
  nop = '<NOP value="ping" />',
  configure = '<configure MemoryName="eMMC" Verbose="0" AlwaysValidate="0" MaxDigestTableSizeInBytes="8192" '
    .. 'MaxPayloadSizeToTargetInBytes="#" ZlpAwareHost="0" SkipStorageInit="0" TargetName="8960" />',
  getstorageinfo = '<getStorageInfo physical_partition_number="0" />',
  program = '<program PAGES_PER_BLOCK="#" SECTOR_SIZE_IN_BYTES="#" filename="spkg.cwe" num_partition_sectors="#" '
    .. 'physical_partition_number="0" start_sector="-1" />',
  power = '<power DelayInSeconds="0" value="reset" />',
}

local patterns = {}
for name, element in pairs(texts.requests) do
  local whole = (HEAD .. element .. texts.ending):gsub("%p", "%%%0"):gsub("%%#", "(%%d+)")
  patterns[name] = "^" .. whole .. "$"
end

--- The name of a document and its numbers in their order; nil when the document is none of the requests.
function texts.read(document)
  for name, pattern in pairs(patterns) do
    local numbers = { document:match(pattern) }
    if numbers[1] then
      for index, number in ipairs(numbers) do numbers[index] = tonumber(number) end
      return name, numbers
    end
  end
end

--- Whether bytes can be the beginning of a document.
function texts.may_begin(text)
  return HEAD:sub(1, #text) == text:sub(1, #HEAD)
end

-- Layouts of an element in a document: of a log, and of a response.
local layouts = {
  old = { log = HEAD .. "%s/>\n</data>", response = HEAD .. "%s />\n</data>" },
  new = { log = HEAD .. "%s /></data>", response = HEAD .. "%s /></data>" },
}

--- A log of a generation ("old", "new").
function texts.log(generation, text)
  return layouts[generation].log:format(('<log value="%s"'):format(text))
end

--- A response: value "ACK" or "NAK", and further attributes, as text.
function texts.response(generation, value, more)
  return layouts[generation].response:format(('<response value="%s"%s'):format(value, more and " " .. more or ""))
end

--- What a configure is answered beside the value, with the largest block of raw data in bytes.
function texts.limits(most)
  return ('MemoryName="NAND" MaxPayloadSizeFromTargetInBytes="2048" MaxPayloadSizeToTargetInBytes="%d" '
    .. 'MaxPayloadSizeToTargetInBytesSupported="%d" TargetName="9x55"'):format(most, most)
end

--- The logs with which an old loader describes its flash.
function texts.storage(sector_size, pages, bad_blocks)
  local logs = { "[FLASH_INFO]", ";This section provides flash info", "FLASH_NAME=SIMULATED",
    "SECTOR_SIZE_IN_BYTES = " .. sector_size, "NUM_PARTITION_SECTORS = 131072", "num_physical_partitions = 1",
    "TOTAL_SECTOR_SIZE_IN_BYTES= 131072", "PAGES_IN_BLOCK = " .. pages, "[BAD_BLOCK_LIST]" }
  for block = 1, bad_blocks do logs[#logs + 1] = "BAD_BLOCK=" .. 7 * block end
  logs[#logs + 1] = "TOTAL_BAD_BLOCK=" .. bad_blocks
  return logs
end

--- The logs about bytes that are no document.
texts.unreadable = {
  old = { "ERROR: XML not formed correctly. Expected a &lt; character at loc 0" },
  new = { "ERROR: Failed to parse xml, error at offset 506, 512", "ERROR: Failed to run the last command -1" },
}

return texts

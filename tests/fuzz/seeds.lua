-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- What fuzzing begins with: inputs made of the traces in tests/vectors, in the form each target takes.
--
--     lua5.1 tests/fuzz/seeds.lua TARGET FOLDER
local bytes = require "moonflash.core.bytes"
local crc = require "moonflash.core.crc"
local hdlc = require "moonflash.core.hdlc"
local sys = require "moonflash.core.sys"
local vectors = require "tests.vectors.init"
local zip = require "tests.images.zip"

local seeds = {}

local QDL = {
  "notqdl-em7455-diag-port", "notqdl-mc7455-sahara-memory-debug", "notqdl-mc7750-pbl-dload-nak",
  "qdl-em7455-open-unframed", "qdl-em7455-reset", "qdl-examples", "qdl-mc7455-last-chunk",
  "qdl-mc7455-sdp-error22",
}
local QMI = {
  "qmi-em7455-ctl-allocate-dms", "qmi-em7565-set-firmware-id-missing-argument", "qmi-examples",
  "qmi-mc7710-swi-get-current-firmware", "qmi-result-noeffect", "qmi-swi-get-usb-composition-rsp",
}
local CWE = { "cwe-nvup-disableb5", "cwe-nvup-generic-payload-head" }

-- The lines of all files of a list.
local function lines_of(names)
  local all = {}
  for _, name in ipairs(names) do
    for _, line in ipairs(vectors.load(name)) do all[#all + 1] = line end
  end
  return all
end

-- Each line of some traces, and all of them end to end.
function seeds.hdlc(add)
  local all = {}
  for index, line in ipairs(lines_of(QDL)) do
    all[index] = line.bytes
    add(line.bytes)
  end
  add(table.concat(all))
end

-- --- qdl: what the modem says, as orders (see qdl.c) --------------------------------------------

local FEED, FRAME, LONG, HELLO = 0x00, 0x20, 31, 49

local function order(kind, data)
  if #data == HELLO then return bytes.u8(kind + LONG) .. data end
  local parts = {}
  for at = 1, #data, LONG - 1 do
    local piece = data:sub(at, at + LONG - 2)
    parts[#parts + 1] = bytes.u8((#data < LONG and kind or FEED) + #piece) .. piece
  end
  return table.concat(parts)
end

local function orders(data)
  local payloads = hdlc.decoder(256):feed(data)
  if #payloads == 0 then return order(FEED, data) end
  local parts = {}
  for index, payload in ipairs(payloads) do parts[index] = order(FRAME, payload) end
  return table.concat(parts)
end

function seeds.qdl(add)
  local all = {}
  for _, line in ipairs(lines_of(QDL)) do
    if line.direction == "<" then
      all[#all + 1] = orders(line.bytes)
      add("\1\4" .. all[#all])
      add("\0\255" .. all[#all])
    end
  end
  add("\1\4" .. table.concat(all))
  -- two images: the first has two chunks, the second is refused
  local said = vectors.named "qdl-examples"
  local opened = order(FRAME, bytes.from_hex "26 00 00 01 00 00 00 00")
  local image = opened .. orders(said["ack 0"]) .. orders(said["ack 1"]) .. orders(said["done ok"])
  for _, hello in ipairs { orders(said["ack of the switch"]) .. orders(said["hello answer"]), "" } do
    add((hello ~= "" and "\9" or "\8") .. "\4" .. hello .. image .. orders(said["open refused 7"]))
  end
end

-- --- sahara and firehose: what the loader says, as orders (see sahara.c, firehose.c) -----------------

-- The messages of a loader that switches (reference: firehose 4).
local SWITCH = {
  bytes.from_hex "01 00 00 00 30 00 00 00 02 00 00 00 01 00 00 00 00 04 00 00 02 00 00 00" .. ("\0"):rep(24),
  bytes.from_hex "0b 00 00 00 08 00 00 00", bytes.from_hex "0e 00 00 00 10 00 00 00 00 ff 00 00 09 00 00 00",
  "confirmed",
}
local UNSUPPORTED = bytes.from_hex "04 00 00 00 10 00 00 00 00 00 00 00 1f 00 00 00"
local QUIET = "\64"

local function said(message)
  return bytes.u8(#message) .. message
end

function seeds.sahara(add)
  local hello, ready, executed, confirmed = said(SWITCH[1]), said(SWITCH[2]), said(SWITCH[3]), said(SWITCH[4])
  add(hello .. QUIET .. ready .. executed .. confirmed)
  add(QUIET .. hello .. ready .. executed .. said "confirmed<?xml")
  for _, before in ipairs { "", hello .. QUIET, hello .. QUIET .. ready, hello .. QUIET .. ready .. executed } do
    add(before .. said(UNSUPPORTED))
    add(before .. ready)
    add(before .. QUIET .. QUIET)
  end
end

-- The numbers of documents in firehose.c.
local ACK, NAK, RAW, DONE, REFUSED, LIMIT, SECTOR, OLD_ZEROS, NEW_ZEROS = 0, 1, 2, 3, 4, 5, 7, 9, 10

local function says(...)
  local parts = {}
  for index, number in ipairs { ... } do parts[index] = bytes.u8(0x20 + number) end
  return table.concat(parts)
end

function seeds.firehose(add)
  local greeting = says(ACK, LIMIT, SECTOR, ACK)
  for _, sizes in ipairs { "\9\4", "\255\1", "\39\8" } do
    add(sizes .. greeting .. says(RAW, DONE, OLD_ZEROS, NAK, RAW, DONE, ACK))
    add(sizes .. greeting .. says(RAW, DONE, OLD_ZEROS, NAK, NAK, OLD_ZEROS, NAK, RAW, NEW_ZEROS, REFUSED))
    add(sizes .. greeting .. says(NAK, NAK, NAK))
  end
  local text = '<?xml version="1.0" ?><data><log value="&lt;a" /></data>'
  add("\9\4" .. said(text:sub(1, 20)) .. said(text:sub(21, 40)) .. said(text:sub(41)) .. greeting)
end

-- --- cwe and nvup: behind the bytes each of them plans with --------------------------------------

function seeds.cwe(add)
  for _, name in ipairs(CWE) do add("\1\255\255\0\2" .. vectors.bytes(name)) end
end

function seeds.nvup(add)
  for _, name in ipairs(CWE) do
    local data = vectors.bytes(name)
    add("\9" .. data)
    add("\9" .. data:sub(401))
  end
end

-- --- qmi: which message, then the TLVs of its answer ----------------------------------------------

function seeds.qmi(add)
  for _, line in ipairs(lines_of(QMI)) do
    local at = line.bytes:byte(5) == 0 and 13 or 14
    for message = 0, 40, line.direction == "<" and 1 or 4 do add(bytes.u8(message) .. line.bytes:sub(at)) end
  end
end

-- --- at: which command, how it is split, then what the port says -----------------------------------

local ANSWERS = {
  "AT!IMPREF?\r\r\n!IMPREF:\r\n preferred fw version:    02.33.03.00\r\n preferred carrier name:  GENERIC\r\n"
    .. " preferred config name:   GENERIC_002.072_000\r\n current fw version:      02.24.05.06\r\n"
    .. " current carrier name:    GENERIC\r\n current config name:     GENERIC_002.026_000\r\n"
    .. " fw version mismatch\r\n config name mismatch\r\n\r\nOK\r\n",
  "ATI\r\r\nManufacturer: Sierra Wireless, Incorporated\r\nModel: MC7455\r\nRevision: "
    .. "SWI9X30C_02.24.05.06 r7040 CARMD-EV-FRMWR2 2017/05/19 06:23:09\r\nMEID: 35907206\r\n"
    .. "IMEI: 359072060000000\r\nIMEI SV: 13\r\nFSN: LF12345678901\r\n+GCAP: +CGSM\r\n\r\nOK\r\n",
  "AT!PRIID?\r\r\nPRI Part Number: 9904609\r\nRevision: 002.026\r\nCustomer: Generic-Laptop\r\n\r\n"
    .. "Carrier PRI: 9999999_9904609_SWI9X30C_02.24.05.06_00_GENERIC_002.026_000\r\n\r\nOK\r\n",
  "AT!PCINFO?\r\r\nState: LowPowerMode\r\nLPM voters - Temp:0, Volt:0, User:0, W_DISABLE:1, IMSWITCH:0, "
    .. "BIOS:0, LWM2M:0, OMADM:0, FOTA:0\r\nLPM persistence - None\r\n\r\nOK\r\n",
  "AT!GSTATUS?\r\r\n!GSTATUS:\r\nCurrent Time:  13          Temperature: 32\r\nReset Counter: 1           "
    .. "Mode:        LOW POWER MODE\r\nSystem mode:   LTE         PS state:    Attached\r\n\r\nOK\r\n",
  "AT!IMAGE?\r\r\nTYPE SLOT STATUS LRU FAILURES UNIQUE_ID BUILD_ID\r\nFW   1    GOOD   1   0 0      ?_?   "
    .. "02.24.05.06_?\r\nFW   2    EMPTY  0   0 0\r\nMax FW images: 4\r\nActive FW image is at slot 1\r\n\r\n"
    .. "TYPE SLOT STATUS LRU FAILURES UNIQUE_ID BUILD_ID\r\nPRI  FF   GOOD   0   0 0      002.026_000 "
    .. "02.24.05.06_GENERIC\r\nMax PRI images: 50\r\n\r\nOK\r\n",
  "\r\nERROR\r\n", "\r\n+CME ERROR: 3\r\n", "\r\nNOT IMPLEMENTED\r\n", "RING\r\n+CREG: 1\r\nOK\r\n",
  ("x"):rep(1500) .. "end\r\nOK\r\n", "$GPGSV,4,1,16\r\n", "AT!GOBIIMAGE?\r\r\nOK\r\n",
}

function seeds.at(add)
  for _, text in ipairs(ANSWERS) do
    for plan = 0, 3 do add("\1" .. bytes.u8(plan + 20) .. text) end
  end
  for _, line in ipairs(lines_of(QDL)) do add("\1\3" .. line.bytes) end
end

-- --- sysfs: entries that change a tree (see sysfs.lua) ---------------------------------------------

local FILE, LINK, FOLDER, OWN = 0, 1, 2, 3

-- What attributes say, and what they should not say, for each of the target's names.
local SAID = { "1199", "9071", "7", "LF123", "EM7455", "\27[2J", "480", "5", "../../usb1-port6", "0a", "-1",
  "nan", "inf", "0x10", "1e300", "ff", "zz", "", " \n", ("9"):rep(40), "qcserial", "cdc-wdm0",
  "../../../etc" }

-- An entry of the place at 4 * `place`.
local function entry(kind, place, name, text)
  return bytes.u8(kind + place) .. bytes.u8(name) .. text
end

function seeds.sysfs(add)
  for tree = 0, 3 do
    for index, text in ipairs(SAID) do
      local entries = {}
      local kind = ({ FILE, LINK, FOLDER })[index % 3 + 1]
      for name = 0, 20 do entries[#entries + 1] = entry(kind, 0, name + tree * 12, text) end
      add(bytes.u8(tree) .. table.concat(entries, "\255"))
    end
    for place = 0, 28, 4 do
      add(bytes.u8(tree) .. table.concat({ entry(FILE, place, 0, "1199"), entry(FILE, place, 1, "9071"),
        entry(FILE, place, 2, "9\n") }, "\255"))
    end
    add(bytes.u8(tree) .. bytes.u8(OWN) .. "\0:1.99/bInterfaceNumber\2542")
  end
end

-- --- zip: how to look at it, then an archive, or members to make one of (see zip.lua) ---------------

function seeds.zip(add)
  local image = vectors.bytes(CWE[1])
  local names = { "a.cwe", "../../etc/passwd", "/etc/x.nvu", "folder\\b.spk", ".hidden.cwe", "C:\\x.nvu", "" }
  local members = {}
  for index, name in ipairs(names) do
    members[index] = { name, index % 2 == 0 and image or "hello", deflated = index % 3 == 0,
      size_after = index % 3 == 0 }
    add("\0\8" .. zip.bytes { members[index] })
    add("\1\8" .. name .. "\255" .. (index % 2 == 0 and image or "hello"))
  end
  add("\0\100" .. zip.bytes(members))
  add("\2\100" .. zip.bytes { { "SWI9X30C_02.33.03.00_GENERIC_002.072_000.nvu", image, deflated = true } })
  add("\3\100SWI9X30C_02.33.03.00_GENERIC_002.072_000.nvu\255" .. image)
  -- "hello hello hello\n" in a raw deflate stream, made by zlib
  add("\0\8" .. zip.bytes { { "a.cwe", "hello hello hello\n",
    packed = "\203\72\205\201\201\87\200\64\144\92\0" } })
end

-- --- the command -----------------------------------------------------------------------------------

local target, folder = ...
assert(sys.make_folder(folder))
assert(seeds[target], "no such target")(function(data)
  local name = bytes.hex_number(crc.crc32(data), 8)
  assert(sys.write_file(folder .. "/seed-" .. name, data))
end)

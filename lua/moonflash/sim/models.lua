-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The simulated models: ids, interfaces, times, and what each one stores at first, as seen in public logs
-- (reference: devices, qmi, qdl, at). Times are in seconds.
--
-- A new model is one row in `rows`. `families` has what all models of a family of chips have, `common`
-- what all models have.

local diag, nmea, at = { number = 0, kind = "diag" }, { number = 2, kind = "nmea" }, { number = 3, kind = "at" }
local qmi, second_qmi = { number = 8, kind = "qmi" }, { number = 10, kind = "qmi" }
local mbim, mbim_data = { number = 12, kind = "mbim" }, { number = 13, kind = "mbim_data" }
local download_port, sahara_port = { { number = 0, kind = "qdl" } }, { { number = 0, kind = "sahara" } }

local common = {
  seconds = { reset = 19, boot = 1, window = 29, application = 10, switch = 70, boothold = 2 },
  most = { firmware = 4, settings = 50 },
  refused_messages = {}, -- of DMS, each with its QMI error
  compositions = { ["8"] = { diag, nmea, at, mbim, mbim_data }, ["9"] = { mbim, mbim_data } }, -- reference: devices 2
  -- of the test network 001 01, with a number that nobody has
  sim_card = { imsi = "001010123456789", iccid = "89880010000123456785", number = "+" .. "15550104711" },
}

local families = {
  SWI9X30C = {
    product = "9X30", switch_answer = "error", tells_settings = true,
    last_ack = 50, -- of a firmware; settings are quick
    power = {
      online = "Online", low = "Low Power Mode", persistence = "LPM persistence - None",
      votes = "LPM voters - Temp:0, Volt:0, User:?, W_DISABLE:?, IMSWITCH:?, BIOS:?, LWM2M:0, OMADM:0",
    },
  },
  SWI9X15C = {
    product = "9X15", switch_answer = "acknowledge", tells_build = true, gobi_commands = true,
    last_ack = 5, -- 34.8 MB in 27 s, settings in no time: libqmi commit 3a3f3117
    power = {
      online = "Online", low = "LowPowerMode", persistence = "LPM Persistent: 0",
      votes = "LPM force flags - W_DISABLE:?, User:?, Temp:0, Volt:0, BIOS:?, GOBIIM:?",
    },
  },
  -- reference: firehose 3, 9 and 12
  SWI9X50C = {
    product = "9X50", tells_settings = true, tells_subpri = true,
    -- Nobody knows for how long an idle loader waits, and how much of two minutes for 80 MB the last answer takes.
    seconds = { reset = 19, boot = 1, application = 10, switch = 70, boothold = 2 },
    last_ack = 20,
    -- AT!USBCOMP type 1; no serial driver of Linux knows its ids
    compositions = { ["8"] = { diag, nmea, at, mbim, mbim_data }, ["9"] = { mbim, mbim_data }, ["90b1"] = {
      { number = 0, kind = "mbim" }, { number = 1, kind = "mbim_data" }, { number = 2, kind = "at" },
      { number = 3, kind = "nmea" }, { number = 4, kind = "diag" },
      ids = { application = "90b1", download = "90b0" } } },
    refused_messages = { [0x003e] = 17, [0x004f] = 94, [0x0050] = 94 }, -- MissingArgument, NotSupported
    power = {
      online = "Online", low = "Low Power Mode", persistence = "LPM persistence - None",
      votes = "LPM voters - Temp:0, Volt:0, User:?, W_DISABLE:?, IMSWITCH:?, BIOS:?, LWM2M:0, OMADM:0, FOTA:0, RFCAL:0",
    },
  },
}

local rows = {}

rows.mc7455 = {
  name = "MC7455", family = "SWI9X30C",
  -- libqmi-devel 2018-January/002646: on 2-3, its loader on 1-6 (the USB2 half of the socket), back on 2-3
  place = "2-3", boot_place = "1-6", serial = "LQ63350012031018",
  application = { vid = "1199", pid = "9071", product = "Sierra Wireless MC7455 Snapdragon X7 LTE-A",
    interfaces = { diag, nmea, at, qmi, second_qmi } },
  download = { vid = "1199", pid = "9070", product = "MC7455-CP", interfaces = download_port },
  identity = {
    manufacturer = "Sierra Wireless, Incorporated", build = " r8209 CARMD-EV-FRMWR2 2019/08/28 20:59:30",
    imei = "359072060000000", imei_sv = "20", sku = "1102476", carrier_id = "202", package = "unknown",
  },
  -- libqmi-devel 2017-November/002589
  store = {
    running = { firmware = "02.08.02.00", carrier = "GENERIC", config = "002.007_001" },
    firmware = { "02.08.02.00", "02.05.07.00", "02.14.03.02" },
    settings = {
      { firmware = "02.08.02.00", carrier = "ATT", config = "002.009_001" },
      { firmware = "02.08.02.00", carrier = "GENERIC", config = "002.007_001" },
      { firmware = "02.14.03.02", carrier = "SPRINT", config = "002.012_001" },
      { firmware = "00.00.00.00", carrier = "OEMPRI918", config = "001.000_000" },
      { firmware = "02.05.07.00", carrier = "VERIZON", config = "002.008_003" },
    },
  },
  test_images = { firmware = "02.33.03.00", carrier = "GENERIC", config = "002.072_000" },
}

rows.mc7354 = {
  name = "MC7354", family = "SWI9X15C",
  place = "4-1.4", boot_place = "4-1.4", serial = "LF43120031021013", -- place: libqmi commit 3e7cda53
  application = { vid = "1199", pid = "68c0", product = "Sierra Wireless MC7354",
    interfaces = { diag, nmea, at, qmi, second_qmi } },
  download = { vid = "1199", pid = "68c0", product = "Sierra Wireless MC7354", interfaces = download_port },
  identity = {
    manufacturer = "Sierra Wireless, Incorporated", build = " r27044 carmd-fwbuild1 2015/03/05 00:02:40",
    imei = "359225050000000", imei_sv = "12", sku = "1102016", carrier_id = "5",
    package = "1102016_9903211_SWI9X15C_05.05.16.02_00_Generic_005.004_000",
  },
  store = { running = { firmware = "05.05.16.02", carrier = "Generic", config = "005.004_000" } },
  test_images = { firmware = "05.05.58.01", carrier = "VZW", config = "005.029_001" },
}

rows.em7305 = {
  name = "EM7305", family = "SWI9X15C",
  place = "1-1", boot_place = "1-1", serial = "LF41080077031013",
  -- a laptop's part: it has no AT port
  application = { vid = "1199", pid = "9063", product = "Sierra Wireless EM7305", interfaces = { diag, nmea, qmi } },
  download = { vid = "1199", pid = "9062", product = "Sierra Wireless EM7305", interfaces = download_port },
  compositions = { ["8"] = { diag, nmea, mbim, mbim_data }, ["9"] = { mbim, mbim_data } },
  identity = {
    manufacturer = "Sierra Wireless, Incorporated", build = " r15408 carmd-fwbuild1 2013/05/23 01:33:27",
    imei = "359516050000000", imei_sv = "12", sku = "1101868", carrier_id = "1",
    package = "1101868_9902497_SWI9X15C_01.08.16.03_00_Generic_001.004_000",
  },
  store = { running = { firmware = "01.08.16.03", carrier = "Generic", config = "001.004_000" } },
  test_images = { firmware = "05.05.58.00", carrier = "GENERIC", config = "005.025_002" },
}

local x16 = " Qualcomm\194\174 Snapdragon\226\132\162 X16 LTE-A"

-- The loader names the model, too (reference: firehose 2).
local function with_9x50_device(row)
  local product = "Sierra Wireless " .. row.name .. x16
  row.family = "SWI9X50C"
  row.application = { vid = "1199", pid = "9091", product = product, interfaces = { diag, nmea, at, qmi } }
  row.download = { vid = "1199", pid = "9090", product = product, interfaces = sahara_port }
  return row
end

rows.em7565 = with_9x50_device {
  name = "EM7565", place = "1-2", boot_place = "1-2", serial = "UF81234567041021",
  zero_block = "next", -- the next document fails by the zero block
  identity = {
    manufacturer = "Sierra Wireless, Incorporated", build = " dbb18d jenkins 2018/10/04 12:06:31",
    imei = "353533100000000", imei_sv = "8", sku = "1103986", carrier_id = "1",
    package = "9999999_9907259_SWI9X50C_01.05.01.00_00_GENERIC_001.028_000",
  },
  store = {
    running = { firmware = "01.09.04.00", carrier = "GENERIC", config = "002.019_000" },
    firmware = { "01.09.04.00", "01.08.04.00" },
    settings = {
      { firmware = "01.08.04.00", carrier = "GENERIC", config = "002.012_000" },
      { firmware = "01.09.04.00", carrier = "GENERIC", config = "002.019_000" },
    },
  },
  test_images = { firmware = "01.14.13.00", carrier = "GENERIC", config = "002.048_000" },
}

rows.em7511 = with_9x50_device {
  name = "EM7511", place = "1-3", boot_place = "1-3", serial = "UF91234567041021",
  zero_block = "now", -- the error comes with the answer to the image
  identity = {
    manufacturer = "Sierra Wireless, Incorporated", build = " dbb18d jenkins 2018/10/04 12:06:31",
    imei = "353533110000000", imei_sv = "8", sku = "1104055", carrier_id = "1",
    package = "9999999_9907259_SWI9X50C_01.08.04.00_00_GENERIC_002.012_000",
  },
  store = { running = { firmware = "01.08.04.00", carrier = "GENERIC", config = "002.012_000" } },
  test_images = { firmware = "01.14.13.00", carrier = "GENERIC", config = "002.048_000" },
}

local models = { rows = rows }

--- The facts about a model: those of its row, of its family, and the common ones.
-- @tparam string name in any case
function models.find(name)
  local row = rows[name:lower()]
  if not row then return nil end
  local family = setmetatable(families[row.family], { __index = common })
  return setmetatable(row, { __index = family })
end

--- The names of all models, sorted.
function models.names()
  local names = {}
  for _, row in pairs(rows) do names[#names + 1] = row.name end
  table.sort(names)
  return names
end

return models

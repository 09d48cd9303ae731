--- What the simulator knows of each model. Sources: reference pages devices, qmi, qdl, at of this
-- project's documents; times in seconds as seen in public logs.
-- @module moonflash.sim.models

local models = {}

local download_port = { { number = 0, kind = "qdl" } }

-- libqmi-devel 2017-November/002589: what one MC7455 had stored.
local mc7455_store = {
  running = { firmware = "02.08.02.00", carrier = "GENERIC", config = "002.007_001" },
  firmware = { "02.08.02.00", "02.05.07.00", "02.14.03.02" },
  settings = {
    { firmware = "02.08.02.00", carrier = "ATT", config = "002.009_001" },
    { firmware = "02.08.02.00", carrier = "GENERIC", config = "002.007_001" },
    { firmware = "02.14.03.02", carrier = "SPRINT", config = "002.012_001" },
    { firmware = "00.00.00.00", carrier = "OEMPRI918", config = "001.000_000" },
    { firmware = "02.05.07.00", carrier = "VERIZON", config = "002.008_003" },
  },
}

models.mc7455 = {
  name = "MC7455", family = "SWI9X30C", product = "9X30",
  -- libqmi-devel 2018-January/002646: 2-3, loader on 1-6 (its USB2 peer), back on 2-3
  place = "2-3", boot_place = "1-6", serial = "LQ63350012031018",
  application = {
    vid = "1199", pid = "9071", product = "Sierra Wireless MC7455 Snapdragon X7 LTE-A",
    interfaces = {
      { number = 0, kind = "diag" }, { number = 2, kind = "nmea" }, { number = 3, kind = "at" },
      { number = 8, kind = "qmi" }, { number = 10, kind = "qmi" },
    },
  },
  download = { vid = "1199", pid = "9070", product = "MC7455-CP", interfaces = download_port },
  switch_answer = "error",
  seconds = {
    reset = 19, boot = 1, window = 29, application = 10, switch = 70, boothold = 2,
    last_ack = 50, -- of a firmware; settings are quick
  },
  identity = {
    manufacturer = "Sierra Wireless, Incorporated", revision = " r8209 CARMD-EV-FRMWR2 2019/08/28 20:59:30",
    imei = "359072060000000", imei_sv = "20", sku = "1102476", carrier_id = "202", package = "unknown",
  },
  at_preference = "IMPREF", low_power_votes =
    "LPM voters - Temp:0, Volt:0, User:%d, W_DISABLE:0, IMSWITCH:%d, BIOS:0, LWM2M:0, OMADM:0, FOTA:0",
  most = { firmware = 4, settings = 50 },
  store = mc7455_store,
}

--- The knowledge of one model.
-- @tparam string name in any case
-- @treturn table or nil
function models.find(name)
  local found = models[name:lower()]
  return type(found) == "table" and found or nil
end

--- Names of all models, sorted.
function models.names()
  local names = {}
  for _, model in pairs(models) do
    if type(model) == "table" then names[#names + 1] = model.name end
  end
  table.sort(names)
  return names
end

return models

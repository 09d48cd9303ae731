-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- An AT port: echo, lines, and the commands that an updater uses (reference: at).

local power = require "moonflash.sim.power"
local send_answer = require "moonflash.sim.answer"

local phone_failure = 0 -- 3GPP 27.007, 9.2

local function identity(self)
  local model = self.modem.model
  return {
    "Manufacturer: " .. model.identity.manufacturer, "Model: " .. model.name,
    "Revision: " .. self.modem:version() .. model.identity.build,
    "IMEI: " .. model.identity.imei, "IMEI SV: " .. model.identity.imei_sv, "+GCAP: +CGSM",
  }
end

-- All families have AT!GOBIIMPREF, only newer ones AT!IMPREF.
local function knows(self, prefix)
  return prefix == "GOBI" or prefix == "" and not self.modem.model.gobi_commands
end

local function preference(self, prefix)
  if not knows(self, prefix) then return false end
  local store = self.modem.store
  local lines = { "!" .. prefix .. "IMPREF:" }
  for _, kind in ipairs { "preferred", "running" } do
    local pair, word = store[kind], kind == "running" and "current" or kind
    lines[#lines + 1] = (" %s fw version:    %s"):format(word, pair.firmware)
    lines[#lines + 1] = (" %s carrier name:  %s"):format(word, pair.carrier)
    lines[#lines + 1] = (" %s config name:   %s_%s"):format(word, pair.carrier, pair.config)
    if self.modem.model.tells_subpri then lines[#lines + 1] = (" %s subpri index:  000"):format(word) end
  end
  local firmware, settings = store:mismatch()
  if firmware then lines[#lines + 1] = " fw version mismatch" end
  if settings then lines[#lines + 1] = " config name mismatch" end
  return lines
end

-- The newest settings of a carrier whose firmware is stored.
local function stored_pair(store, carrier)
  for index = #store.settings, 1, -1 do
    local pair = store.settings[index]
    if pair.carrier:upper() == carrier:upper() and store:slot(pair.firmware) then return pair end
  end
end

local function set_preference(self, prefix, arguments)
  local words = {}
  for word in arguments:gmatch('"([^"]*)"') do words[#words + 1] = word end
  local pair = words[3] and { firmware = words[1], carrier = words[2], config = words[3]:match("_(.*)$") }
    or stored_pair(self.modem.store, words[1] or "")
  if not pair or not knows(self, prefix) then return false end
  self.modem:prefer(pair)
end

local function images(self)
  local store = self.modem.store
  local lines = { "TYPE SLOT STATUS LRU FAILURES UNIQUE_ID BUILD_ID" }
  for slot = 1, store.most.firmware do
    local version = store.firmware[slot]
    lines[#lines + 1] = version and ("FW   %d    GOOD   1   0 0      ?_?         %s_?"):format(slot, version)
      or ("FW   %d    EMPTY  0   0 0"):format(slot)
  end
  lines[#lines + 1] = "Max FW images: " .. store.most.firmware
  lines[#lines + 1] = "Active FW image is at slot " .. store:active_slot()
  lines[#lines + 1] = ""
  lines[#lines + 1] = "TYPE SLOT STATUS LRU FAILURES UNIQUE_ID BUILD_ID"
  for _, pair in ipairs(store.settings) do
    lines[#lines + 1] =
      ("PRI  FF   GOOD   0   0 0      %s %s_%s"):format(pair.config, pair.firmware, pair.carrier)
  end
  lines[#lines + 1] = "Max PRI images: " .. store.most.settings
  return lines
end

local function power_state(self)
  local words, votes = self.modem.model.power, power.votes(self.modem)
  return {
    "State: " .. (self.modem.power == 0 and words.online or words.low),
    (words.votes:gsub("([%u_a-z]+):%?", function(name) return name .. (votes[name] and ":1" or ":0") end)),
    words.persistence,
  }
end

local function carrier_settings(self)
  local running = self.modem.store.running
  return {
    "PRI Part Number: 9904609", "Revision: 002.026", "Customer: Generic-Laptop", "",
    ("Carrier PRI: 9999999_9904609_%s_%s_00_%s_%s"):format(
      self.modem.model.family, running.firmware, running.carrier, running.config),
  }
end

local function usb_ids(self)
  local model = self.modem.model
  return {
    "VID: 0x" .. model.application.vid, "APP PID: 0x" .. model.application.pid,
    "BOOT PID: 0x" .. model.download.pid, "Manufacturer: " .. model.identity.manufacturer,
    "Product: " .. model.application.product,
  }
end

-- { pattern, function(self, captures...) -> lines, nil for none, false for ERROR; locked = needs AT!ENTERCND first }
local commands = {
  { "^AT$", function() end },
  { "^ATE([01])$", function(self, argument) self.echo = argument == "1" end },
  { "^ATI3?$", identity },
  { "^AT%+C?GMR$", function(self)
    return { self.modem:version() .. self.modem.model.identity.build }
  end },
  { '^AT!ENTERCND="A710"$', function(self) self.unlocked = true end },
  { "^AT!(%u-)IMPREF%?$", preference },
  { "^AT!(%u-)IMPREF=(.*)$", set_preference, locked = true },
  { "^AT!IMAGE%?$", images },
  { "^AT!PCINFO%?$", power_state },
  { "^AT!PRIID%?$", carrier_settings },
  { "^AT!USBINFO%?$", usb_ids },
  { "^AT!SKU%?$", function(self) return { self.modem.model.identity.sku } end },
  { "^AT!BOOTHOLD$", function(self)
    self.modem:restart_into_download("boothold", self.modem.seconds.boothold)
  end, locked = true },
  { "^AT!RESET$", function(self) self.modem:restart(self.modem.seconds.boothold) end },
  { "^AT%+CGSN$", function(self) return { self.modem.model.identity.imei } end },
  { "^AT%+CIMI$", function(self) return { self.modem.model.sim_card.imsi } end },
  { "^AT%+CCID$", function(self) return { "+CCID: " .. self.modem.model.sim_card.iccid } end },
  { "^AT%+CNUM$", function(self)
    return { ('+CNUM: "","%s",145'):format(self.modem.model.sim_card.number) }
  end },
  { "^AT%+CSQ$", function(self) return { self.modem.power == 0 and "+CSQ: 23,99" or "+CSQ: 99,99" } end },
  { "^AT%+CFUN%?$", function(self) return { "+CFUN: " .. (self.modem.power == 0 and 1 or 0) } end },
  { "^AT%+CFUN=([01])$", function(self, argument)
    return power.set(self.modem, argument == "1" and 0 or 1) and {} or false
  end },
  { "^AT!PCOFFEN=([02])$", function(self, argument) self.modem.ignores_pin = argument == "2" end, locked = true },
  { "^AT!PCOFFEN%?$", function(self) return { self.modem.ignores_pin and "2" or "0" } end },
}

local function execute(self, line)
  for _, command in ipairs(commands) do
    local argument, more = line:match(command[1])
    if argument then
      if command.locked and not self.unlocked then return false end
      return command[2](self, argument, more)
    end
  end
  return false
end

local function refusal(hits)
  return hits.error and ("+CME ERROR: %d\r\n"):format(tonumber(hits.error) or phone_failure) or "ERROR\r\n"
end

local function answer(self, line)
  local name = line:lower():match("^at[!+]?(%w*)")
  local hits = self.modem.faults:at("at." .. (name or ""))
  self.modem.recorder:note("at", { port = self.port.name, command = line })
  local lines = not hits.refuse and not hits.error and execute(self, line)
  local out = {}
  for _, text in ipairs(lines or {}) do out[#out + 1] = text .. "\r\n" end
  out[#out + 1] = lines == false and refusal(hits) or "\r\nOK\r\n"
  send_answer(self.modem, self.port, "\r\n" .. table.concat(out), hits)
end

--- Starts on a port. Returns a function that takes bytes from the host, in any split.
return function(modem, port)
  local self, line = { modem = modem, port = port, echo = true }, ""
  return function(text)
    if self.echo then port:send(text) end
    line = line .. text
    for part in line:gmatch("([^\r]*)\r") do
      local command = part:match("[Aa][Tt].*") -- bytes before it are noise
      if command then answer(self, (command:gsub('^[^"]*', string.upper))) end
    end
    line = line:match("[^\r]*$"):sub(-1024)
  end
end

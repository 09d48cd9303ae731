-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- QMI messages about the network, for programs that manage a modem (libqmi: data/qmi-service-*.json). The modem is
-- registered in the test network 001 01 while its radio is on, and no call is set up. `services` has them by name, with
-- functions by the id of the message, as in moonflash.sim.qmi_services.

local T = require("moonflash.sim.template").new

local nas, wds, wda, wms, uim = {}, {}, {}, {}, {}
local network = { services = { nas = nas, wds = wds, wda = wda, wms = wms, uim = uim } }

-- QMI errors (reference: qmi 6)
local call_failed, out_of_call = 14, 15

local function constant(text)
  local answer = T(text):fill()
  return function() return answer end
end

local function done()
  return true
end

-- The first text while the radio is on, else the second.
local function by_radio(on, off)
  on, off = T(on):fill(), T(off):fill()
  return function(modem) return modem.power == 0 and on or off end
end

--- The bands of an MC7455, for DMS: WCDMA 1 to 5 and 8; LTE 1 to 5, 7, 12, 13, 20, 25, 26, 29, 30, 41.
network.band_capabilities = constant "01 08 00 00 00 c0 07 00 00 02 00 10 08 00 5f 18 08 33 00 01 00 00"

-- --- NAS -----------------------------------------------------------------------------------------

nas[0x0002], nas[0x0003], nas[0x0033], nas[0x0050] = done, done, done, done -- reports, indications, preferences

-- Get Signal Strength: -67 dBm on LTE; no radio, no signal
nas[0x0020] = by_radio("01 02 00 bd 08", "01 02 00 83 08")

-- Get Serving System: registered for circuits and packets in a network of 3GPP, on LTE; no radio, not registered
nas[0x0024] = by_radio("01 06 00 01 01 01 02 01 08", "01 06 00 00 02 02 02 01 00")

-- Get Home Network: Test, 001 01
nas[0x0025] = constant "01 09 00 01 00 01 00 04 54 65 73 74"

-- Get Technology Preference: 3GPP, LTE, permanent
nas[0x002b] = constant "01 03 00 22 00 00"

-- Get RF Band Information: LTE, band 3, channel 1300
nas[0x0031] = by_radio("01 06 00 01 08 7a 00 14 05", "01 01 00 00")

-- Get System Selection Preference: LTE, UMTS and GSM, the bands, any roaming, automatic selection
nas[0x0034] = constant [[10 01 00 00 11 02 00 1c 00 12 08 00 00 00 c0 07 00 00 02 00 14 02 00 ff 00
  15 08 00 5f 18 08 33 00 01 00 00 16 01 00 00 18 04 00 02 00 00 00 19 04 00 00 00 00 00]]

-- Get System Info. LTE: packets, at home, network 001 01, tracking area 1
nas[0x004d] = by_radio([[12 03 00 00 00 00 13 03 00 00 00 00 14 03 00 02 02 01
  19 1d 00 01 02 01 02 01 00 01 00 00 00 00 01 01 00 00 00 00 00 00 01 30 30 31 30 31 ff 01 01 00]],
  "12 03 00 00 00 00 13 03 00 00 00 00 14 03 00 00 00 00")

-- Get Signal Info. LTE: RSSI -67 dBm, RSRQ -9 dB, RSRP -95 dBm, SNR 12 dB
nas[0x004f] = by_radio("14 06 00 bd f7 a1 ff 78 00", "")

-- --- WDS -----------------------------------------------------------------------------------------

-- Reports, stop, IP family, data port; Set Event Report has 1
wds[0x0001], wds[0x0003], wds[0x004d], wds[0x0089], wds[0x00a2] = done, done, done, done, done
wds[0x0020] = function() return nil, call_failed end
wds[0x0021], wds[0x002d] = function() return nil, out_of_call end, function() return nil, out_of_call end
wds[0x0022] = constant "01 01 00 01" -- disconnected
wds[0x002a] = constant "01 08 00 01 00 01 04 74 65 73 74" -- profiles: the first, of 3GPP, is called test
wds[0x002b] = constant "10 04 00 74 65 73 74 11 01 00 00 14 04 00 74 65 73 74 1d 01 00 00 25 01 00 01"

-- --- WDA: 802.3, no aggregation --------------------------------------------------------------------

wda[0x0020] = constant "10 01 00 00 11 04 00 01 00 00 00 12 04 00 00 00 00 00 13 04 00 00 00 00 00"
wda[0x0021] = wda[0x0020]

-- --- WMS: no messages ------------------------------------------------------------------------------

wms[0x0001], wms[0x0032], wms[0x0047] = done, done, done
wms[0x0030] = constant "01 01 00 01" -- of UMTS
wms[0x0031] = constant "01 04 00 00 00 00 00"

-- --- UIM: one card, its USIM is ready, no PIN ------------------------------------------------------

uim[0x002e] = constant "10 04 00 01 00 00 00" -- Register Events: card status
uim[0x002f] = constant [[10 2d 00 00 00 ff ff ff ff ff ff 01 01 00 03 0a 00 01 02 07 02 00 00 00
  10 a0 00 00 00 87 10 02 ff ff ff ff 89 06 19 00 ff 00 03 03 0a 01 03 0a]]

return network

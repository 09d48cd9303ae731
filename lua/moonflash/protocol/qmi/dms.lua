-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- DMS, the device management service: the messages of a firmware update.
-- Sources: libqmi, qmi-service-dms.json; Sierra's SDK, qaGobiApiDms.h and qaGobiApiFms.h.
-- @module moonflash.protocol.qmi.dms

local message = require "moonflash.protocol.qmi.message"

local operating_mode = { "u8", names = {
  online = 0, low_power = 1, factory_test = 2, offline = 3, reset = 4, shutting_down = 5,
  persistent_low_power = 6, mode_only_low_power = 7,
} }
local offline_reasons = { "u16", bits = { host_image = 1, pri_image = 2, pri_version = 4, memory_full = 8 } }
local image_type = { "u8", names = { modem = 0, pri = 1 } }
local unique_id = { "text", size = 16 }
local download_mode = { "u8", names = { normal = 0, boot_and_recovery = 1 } }

local pin_status = { "u8", names = {
  not_initialized = 0, not_verified = 1, verified = 2, disabled = 3, blocked = 4, permanently_blocked = 5,
  unblocked = 6, changed = 7,
} }
local uim_state = { "u8", names = { ready = 0, not_ready = 1, absent = 2 } }

local image = { record = { { "type", image_type }, { "unique_id", unique_id }, { "build_id", "text" } } }

-- 255 as storage_index (of settings) or failure_count means: none.
local stored_image = { record = {
  { "storage_index", "u8" }, { "failure_count", "u8" }, { "unique_id", unique_id }, { "build_id", "text" },
} }
local stored_group = { record = {
  { "type", image_type }, { "maximum", "u8" }, { "running", "u8" }, { "images", { list = stored_image } },
} }

return message.define("dms", {
  get_manufacturer = { id = 0x0021, response = { manufacturer = { 0x01, "text" } } },
  get_model = { id = 0x0022, response = { model = { 0x01, "text" } } },
  get_revision = { id = 0x0023, response = { revision = { 0x01, "text" } } },
  get_ids = { id = 0x0025, personal = true, response = {
    esn = { 0x10, "text" }, imei = { 0x11, "text" }, meid = { 0x12, "text" }, imei_sv = { 0x13, "text" },
  } },
  get_operating_mode = { id = 0x002d, response = {
    mode = { 0x01, operating_mode }, offline_reasons = { 0x10, offline_reasons },
    hardware_restricted = { 0x11, "u8" },
  } },
  set_operating_mode = { id = 0x002e, request = { mode = { 0x01, operating_mode } } },
  restore_factory_defaults = { id = 0x003a, personal = true,
    request = { code = { 0x01, { "text", size = 6 } } } },
  set_firmware_id = { id = 0x003e },
  uim_get_pin_status = { id = 0x002b, response = { pin1 = { 0x11, { record = {
    { "status", pin_status }, { "tries", "u8" }, { "puk_tries", "u8" } } } } } },
  uim_get_state = { id = 0x0044, response = { state = { 0x01, uim_state } } },
  get_factory_sku = { id = 0x0046, response = { sku = { 0x01, "text" } } },
  get_firmware_preference = { id = 0x0047, response = { images = { 0x01, { list = image } } } },
  set_firmware_preference = { id = 0x0048,
    request = {
      images = { 0x01, { list = image } },
      override = { 0x10, "u8", optional = true }, -- 1: download a stored image too
      storage_index = { 0x11, "u8", optional = true },
    },
    response = { types = { 0x01, { list = image_type } } }, -- the images that the modem requests
  },
  list_stored_images = { id = 0x0049, response = { groups = { 0x01, { list = stored_group } } } },
  delete_stored_image = { id = 0x004a, request = { image = { 0x01, image } } },
  get_stored_image_info = { id = 0x004c, request = { image = { 0x01, image } }, response = {
    boot_version = { 0x10, { record = { { "major", "u16" }, { "minor", "u16" } } } },
    pri_version = { 0x11, { record = { { "version", "u32" }, { "text", { "text", size = 32 } } } } },
    oem_lock = { 0x12, "u32" },
  } },
  get_boot_image_download_mode = { id = 0x004f, response = { mode = { 0x10, download_mode } } },
  set_boot_image_download_mode = { id = 0x0050, request = { mode = { 0x01, download_mode } } },
  get_software_version = { id = 0x0051, response = { version = { 0x01, "text" } } },
  swi_get_current_firmware = { id = 0x5556, response = {
    model = { 0x10, "text" }, boot_version = { 0x11, "text" }, amss_version = { 0x12, "text" },
    sku = { 0x13, "text" }, package = { 0x14, "text" }, carrier_id = { 0x15, "text" },
    pri_version = { 0x16, "text" }, carrier = { 0x17, "text" }, config_version = { 0x18, "text" },
  } },
  swi_get_usb_composition = { id = 0x555b, response = {
    current = { 0x10, "u8" }, supported = { 0x11, { list = "u8" } },
  } },
  swi_set_usb_composition = { id = 0x555c, request = { composition = { 0x01, "u8" } } },
  set_fcc_authentication = { id = 0x555f },
})

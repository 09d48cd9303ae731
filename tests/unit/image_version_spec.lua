-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Version texts of images and file names.
local version = require "moonflash.base.version"

describe("a version text", function()
  -- The samples of the reference, section 5 and 6.
  local texts = {
    ["INTERNAL_?_SWI9X15C_05.05.63.01_?_?_?_?"] =
      { firmware = "05.05.63.01", family = "SWI9X15C", sku = "INTERNAL" },
    ["9999999_9902350_SWI9X15C_05.05.63.01_00_SPRINT_005.037_000"] =
      { firmware = "05.05.63.01", family = "SWI9X15C", sku = "9999999", part = "9902350", carrier = "SPRINT",
        config = "005.037_000" },
    ["9999999_9902574_SWI9X15C_05.05.66.00_00_GENNA-UMTS_005.028_000"] =
      { firmware = "05.05.66.00", family = "SWI9X15C", sku = "9999999", part = "9902574",
        carrier = "GENNA-UMTS", config = "005.028_000" },
    ["1101798_9902617_SWI9X15C_01.08.16.02_00_Dell_001.005_000"] =
      { firmware = "01.08.16.02", family = "SWI9X15C", sku = "1101798", part = "9902617", carrier = "Dell",
        config = "001.005_000" },
    ["1102662_9905046_EM7455_02.05.07.00_00_Lenovo-Laptop_001.003_000"] =
      { firmware = "02.05.07.00", model = "EM7455", sku = "1102662", part = "9905046",
        carrier = "Lenovo-Laptop", config = "001.003_000" },
    ["9999999_9901234_SWI9X30C_02.05.03.00_00_DisableB5_1_000"] =
      { firmware = "02.05.03.00", family = "SWI9X30C", sku = "9999999", part = "9901234",
        carrier = "DisableB5", config = "1_000" },
    ["9999999_9999999_9200_03.05.29.03_00_generic_000.000_001_SPKG_MC"] =
      { firmware = "03.05.29.03", carrier = "generic", config = "000.000_001" },
    ["1102662_9905046_EM7455B_02.05.07.00_00_Lenovo-Laptop_001.003_000"] =
      { firmware = "02.05.07.00", model = "EM7455B", sku = "1102662", part = "9905046", carrier = "Lenovo-Laptop",
        config = "001.003_000" },
    ["9999999_9902674_SWI9X15C_05.05.58.00_00_GENEU-4G_005.026_000"] =
      { firmware = "05.05.58.00", family = "SWI9X15C", sku = "9999999", part = "9902674", carrier = "GENEU-4G",
        config = "005.026_000" },
    ["SWI9X30C_02.33.03.00 r8209 CARMD-EV-FRMWR2 2019/08/28 20:59:30"] =
      { firmware = "02.33.03.00", family = "SWI9X30C" },
    ["02.33.03.00"] = { firmware = "02.33.03.00" },
    ["SWI9X30C_2.33.3.0"] = {},
    ["SWI9X30C_02.33.03.00.01"] = {},
    ["/swir/nvdelta/NVUP_SPRINT.010"] = {},
    ["?_?_?_?"] = {},
    [""] = {},
  }
  for text, fields in pairs(texts) do
    it("is read: " .. text, function() assert.same(fields, version.parse(text)) end)
  end

  local names = {
    ["/tmp/SWI9X15C_05.05.58.00.cwe"] = { firmware = "05.05.58.00", family = "SWI9X15C" },
    ["SWI9X30C_02.24.05.06_VERIZON_002.034_000.nvu"] =
      { firmware = "02.24.05.06", family = "SWI9X30C", carrier = "VERIZON", config = "002.034_000" },
    ["9999999_9902574_SWI9X15C_05.05.66.00_00_GENNA-UMTS_005.028_000-field.spk"] =
      { firmware = "05.05.66.00", family = "SWI9X15C", sku = "9999999", part = "9902574",
        carrier = "GENNA-UMTS", config = "005.028_000" },
    ["a_01.02.03.04/8805/spkgz.cwe"] = {},
    -- names by router makers, browsers, file managers and mirrors
    ["MC7304_9999999_9902674_05.05.58.00_00_GENEU-4G_005.026_000.spk"] =
      { firmware = "05.05.58.00", carrier = "GENEU-4G", config = "005.026_000" },
    ["MC7350_1102036_05.05.58.01_00_VZW_005.009_000.spk"] =
      { firmware = "05.05.58.01", carrier = "VZW", config = "005.009_000" },
    ["MC7354MNA_1102407_05.05.58.01_00_VZW_005.005_000-2kMTU.spk"] =
      { firmware = "05.05.58.01", carrier = "VZW", config = "005.005_000" },
    ["MC7455-firmware_02.33.03.00.cwe"] = { firmware = "02.33.03.00" },
    ["firmware 02.33.03.00.cwe"] = { firmware = "02.33.03.00" },
    ["Release2019_02.33.03.00.cwe"] = { firmware = "02.33.03.00" },
    ["EM7455B_02.33.03.00.cwe"] = { firmware = "02.33.03.00", model = "EM7455B" },
    ["SWI9X30C-02.33.03.00.cwe.1"] = { firmware = "02.33.03.00", family = "SWI9X30C" },
    ["SWI9X30C_02.33.03.00(1).cwe"] = { firmware = "02.33.03.00", family = "SWI9X30C" },
    ["-"] = {},
  }
  for _, name in ipairs { "SWI9X30C_02.33.03.00_%s_002.072_000.nvu", "swi9x30c_02.33.03.00_%s_002.072_000.ashx",
    "TMO (Generic)@SWI9X30C_02.33.03.00_%s_002.072_000.nvu", "Copy of SWI9X30C_02.33.03.00_%s_002.072_000.nvu",
    "SWI9X30C_02.33.03.00_%s_002.072_000 (1).nvu", "SWI9X30C_02.33.03.00_%s_002.072_000[1].nvu",
    "SWI9X30C_02.33.03.00_%s_002.072_000.nvu.1", "SWI9X30C_02.33.03.00_%s_002.072_000 - Copy.nvu",
    "Verizon@SWI9X30C_02.33.03.00_%s_002.072_000.nvu" } do
    for _, carrier in ipairs { "GENERIC", "rogers", "GENEU-4G" } do
      names[name:format(carrier)] = { firmware = "02.33.03.00", family = "SWI9X30C", carrier = carrier,
        config = "002.072_000" }
    end
  end
  for path, fields in pairs(names) do
    it("is read from the name " .. path, function() assert.same(fields, version.of_file(path)) end)
  end

  it("part is taken from the user only in its shape", function()
    assert.is_true(version.is("firmware", "02.33.03.00"))
    assert.is_true(version.is("carrier", "ORANGE-EU"))
    assert.is_true(version.is("config", "002.072_000"))
    assert.is_true(version.is("config", "1_000"))
    for _, odd in ipairs { "", "?", " 02.33.03.00", "02.33.03.00 ", "02.33.03", "02.33.03.00.1" } do
      assert.is_false(version.is("firmware", odd))
    end
    for _, odd in ipairs { "", "?", "A B", "A_B", "002.072", "A/B" } do
      assert.is_false(version.is("carrier", odd))
    end
    local odd_configs = { "", "?_?", "002.072", "002.072_", "_000", "002.072_000_1", "x_000", "1.2.3_000" }
    for _, odd in ipairs(odd_configs) do
      assert.is_false(version.is("config", odd))
    end
  end)
end)

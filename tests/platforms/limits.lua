-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- What cannot be tested on other machines and Luas, for reasons that are not ours: the tests are left out
-- by tests/busted.lua when MOONFLASH_TESTED_ON is set. As a program: prints the list for one of them.
local limits = {}

-- spec: a file of tests/; test: words of its title, as they stand in that file; why
limits.qemu = {
  { spec = "unit/test_port.c", test = "test_a_terminal_that_is_taken_is_busy",
    why = "it does not know the ioctl TIOCGEXCL; the test sees that and says so" },
  { spec = "integration/sys_process_spec.lua", test = "that cannot be run is a failure",
    why = "a vforked child has its own copy of the memory, so posix_spawn does not hear that exec failed" },
  { spec = "sim/job_spec.lua", test = "is a failure when there is no such program", why = "as above" },
  { spec = "integration/image_sources_spec.lua", test = "need a program that can fetch them", why = "as above" },
  { spec = "integration/image_sources_spec.lua", test = "come through every fetcher that is here",
    why = "as above" },
  { spec = "sim/memory_spec.lua", test = "recovering within 16 MiB",
    why = "the limit holds for the emulator too, which wants more for itself" },
  { spec = "unit/footprint_spec.lua", test = "takes at most 1.2 MiB more than lua5.1 alone",
    why = "the memory that is measured is the emulator's" },
}

local function contents(path)
  local file = assert(io.open(path))
  local text = file:read "*a"
  file:close()
  return text
end

-- The words of the tests of one file that are to be left out; raises when the file has no such test.
local function of(kind, path)
  local words = {}
  for _, limit in ipairs(limits[kind] or {}) do
    if "tests/" .. limit.spec == path then
      assert(contents(path):find(limit.test, 1, true), path .. " has no test: " .. limit.test)
      words[#words + 1] = limit.test
    end
  end
  return words
end

if ... == "tests.platforms.limits" then return { of = of } end
local list = limits[...] or {}
print(("not tested with %s: %d"):format(..., #list))
for _, limit in ipairs(list) do
  print(("  %s: %s (%s)"):format(limit.spec, limit.test, limit.why))
end

-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Image files of one test, in a folder of its own. Nothing may be left open at the end of the test.
--
--     before_each(files.start)
--     after_each(support.finish)
--     files.inspect("settings", { carrier = "ATT" })
-- @module tests.unit.image_files

local build = require "tests.images.build"
local image = require "moonflash.image"
local packages = require "tests.images.packages"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local files = { SMALL = 30000 }

function files.start()
  support.watch()
  files.folder = support.folder()
end

--- Writes bytes to a file.
-- @treturn string its path
function files.write(bytes, name)
  local path = files.folder .. "/" .. (name or "file")
  assert(sys.write_file(path, bytes))
  return path
end

--- Writes an image of tests.images.packages.
-- @tparam string kind firmware, settings or package
-- @tparam[opt] table options size: files.SMALL if not given
-- @tparam[opt] string name of the file
-- @treturn string its path
function files.make(kind, options, name)
  options = options or {}
  options.size = options.size or files.SMALL
  local record = packages[kind](options)
  return files.write(build.bytes(record), name or record.name)
end

--- The report of such an image.
function files.inspect(...)
  return assert(image.inspect(files.make(...)))
end

return files

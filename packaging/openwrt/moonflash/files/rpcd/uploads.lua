-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Uploaded files: one folder in RAM. LuCI's /cgi-bin/cgi-upload writes them there.
-- @module moonflash.rpcd.uploads

local answers = require "moonflash.rpcd.answers"
local process = require "moonflash.base.process"
local sys = require "moonflash.core.sys"

local uploads = {}

local FOLDER = "/tmp/moonflash/upload"
local MOST = 268435456   -- bytes of a file: larger ones are no firmware
local RESERVE = 16777216 -- bytes of memory for moonflash
local KB, COMMAND_MS = 1024, 5000

-- Another user could have made the folder, to change the files of an update.
local function is_ours(folder)
  local stat = sys.stat(folder)
  return stat ~= nil and stat.kind == "folder" and stat.uid == sys.user_id()
end

local function make_folder()
  local made, problem = sys.make_folder(FOLDER)
  if not made then return answers.failed_with(problem) end
  for _, folder in ipairs { FOLDER:match "^(.*)/", FOLDER } do
    if not is_ours(folder) then
      return answers.failed("sys.denied", folder .. " belongs to another user", "remove it")
    end
  end
end

-- Bytes that the file system has; nil when they are not known.
local function free_space()
  local text = process.output({ "df", "-kP", is_ours(FOLDER) and FOLDER or "/tmp" }, COMMAND_MS)
  local free = tonumber((text or ""):match "\n%S+%s+%d+%s+%d+%s+(%d+)")
  return free and free * KB
end

local function free_memory()
  local available = tonumber((sys.read_file "/proc/meminfo" or ""):match "MemAvailable:%s*(%d+)")
  return available and available * KB - RESERVE
end

-- The size of the largest file that there is room for.
local function room()
  return math.max(0, math.min(MOST, free_space() or MOST, free_memory() or MOST))
end

local function path_of(name)
  return FOLDER .. "/" .. name
end

--- Lists the files.
function uploads.list()
  local files, sum = {}, 0
  for _, name in ipairs(is_ours(FOLDER) and sys.list(FOLDER) or {}) do
    local stat = sys.stat(path_of(name))
    if stat and stat.kind == "file" then
      files[#files + 1], sum = { name = name, path = path_of(name), bytes = stat.size }, sum + stat.size
    end
  end
  return { folder = FOLDER, files = files, bytes = sum, room = room() }
end

--- Makes room for a file: the folder is there, an older file of this name is gone.
function uploads.prepare(values)
  local bytes = values.bytes or 0
  if bytes > MOST then
    return answers.failed("upload.too_large", ("%.0f bytes are more than %.0f"):format(bytes, MOST),
      "no firmware is that large")
  end
  local refused = make_folder()
  if refused then return refused end
  sys.remove(path_of(values.name))
  local free = room()
  if bytes > free then
    return answers.failed("upload.no_room", ("%.0f bytes are more than the %.0f that are free"):format(bytes, free),
      "remove other uploads, stop programs, or give a URL")
  end
  return { path = path_of(values.name) }
end

--- Removes one file, or all without a name. The answer is the list of those that are left.
function uploads.remove(values)
  local listed, found = uploads.list(), not values.name
  for _, file in ipairs(listed.files) do
    if file.name == (values.name or file.name) then
      local removed, problem = sys.remove(file.path)
      if not removed then return answers.failed_with(problem) end
      found = true
    end
  end
  if found then return uploads.list() end
  return answers.failed("upload.unknown", "there is no such file: " .. values.name, "`upload_list` lists the files")
end

return uploads

-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The paused services file: one for the modem in each USB socket (moonflash.host.lock). Each line is an entry "KIND
-- NAME", in Lua { kind, name }. A job writes the file before it pauses anything and removes it when everything is
-- resumed, so the next run finds it after a crash. While the file exists and its job runs, services must stay stopped,
-- even those that another job stopped.
--
-- Root believes what is in these files, so their folder is one that only root writes to.

local limits = require "moonflash.base.limits"
local paths = require "moonflash.base.paths"
local process = require "moonflash.base.process"
local sys = require "moonflash.core.sys"

local paused = {}

local FOLDER = "/run/moonflash"
local LOCK_RETRY_MS = 20
local MOST_BYTES = 65536

local function path_of(root, socket)
  return paths.below(root, ("%s/%s.paused"):format(FOLDER, socket))
end

--- Makes the folder. Returns true when this user may write the files; or nil and a failure: sys.denied, for a user who
-- cannot stop services either.
function paused.prepare(root)
  local folder = paths.below(root, FOLDER)
  local made, problem = sys.make_folder(folder)
  if not made then return nil, problem end
  return sys.access(folder, "w")
end

--- The names of the sockets that have a file.
function paused.sockets(root)
  local found = {}
  for _, name in ipairs(sys.list(paths.below(root, FOLDER)) or {}) do
    found[#found + 1] = name:match "^(.+)%.paused$"
  end
  return found
end

--- The entries of a file; none without a file. Lines that are no entry are passed over.
function paused.read(root, socket)
  local entries = {}
  for line in (sys.read_file(path_of(root, socket), MOST_BYTES) or ""):gmatch "([^\n]*)\n" do
    local kind, name = line:match "^(%l+) ([%w_][%w_.-]*)$"
    entries[#entries + 1] = kind and { kind = kind, name = name }
  end
  return entries
end

--- Replaces a file in one step: a crash leaves the old one or the new one. Returns true, or nil and a failure.
function paused.write(root, socket, entries)
  local lines, path = {}, path_of(root, socket)
  for index, entry in ipairs(entries) do lines[index] = entry.kind .. " " .. entry.name .. "\n" end
  local done, problem = paused.prepare(root)
  if done then done, problem = sys.write_file(path .. ".new", table.concat(lines)) end
  if done then done, problem = sys.rename(path .. ".new", path) end
  return done, problem
end

--- Adds an entry to a file, once. Returns true, or nil and a failure.
function paused.add(root, socket, entry)
  local entries = paused.read(root, socket)
  for _, other in ipairs(entries) do
    if other.kind == entry.kind and other.name == entry.name then return true end
  end
  entries[#entries + 1] = entry
  return paused.write(root, socket, entries)
end

--- Removes a file.
function paused.remove(root, socket)
  return sys.remove(path_of(root, socket))
end

local function take_lock(root)
  return process.poll_until(sys.clock_ms() + limits.files * 1000, LOCK_RETRY_MS, function()
    local held, problem = sys.lock(paths.below(root, FOLDER .. "/services.lock"))
    return held, problem, problem and problem.code == "sys.locked"
  end)
end

local function release(held, ran, ...)
  if held then held:release() end
  if not ran then error((...), 0) end
  return ...
end

--- Calls a function while no other job reads or writes these files, or stops or starts services. Returns what the
-- function returns. If the lock cannot be taken, the function is called without.
function paused.alone(root, action)
  return release(take_lock(root), pcall(action))
end

return paused

-- What was paused for a modem, in a file below /run/moonflash from before it is paused until it was
-- given back, so that a run after a crash finds it. One line each: KIND NAME.

local paths = require "moonflash.base.paths"
local sys = require "moonflash.core.sys"

local journal = {}
journal.__index = journal

local FOLDER = "/run/moonflash/"

--- The file of a modem's socket.
-- @tparam string root
-- @tparam string socket see moonflash.host.lock
function journal.new(root, socket)
  local folder = paths.below(root, FOLDER)
  local path = folder .. socket .. ".paused"
  return setmetatable({ socket = socket, folder = folder, path = path, entries = {} }, journal)
end

local function write(self)
  if not self.entries[1] then return sys.remove(self.path) end
  local lines = {}
  for index, entry in ipairs(self.entries) do lines[index] = entry.kind .. " " .. entry.name .. "\n" end
  local made, problem = sys.make_folder(self.folder)
  if not made then return nil, problem end
  return sys.write_file(self.path, table.concat(lines))
end

--- Notes that something is going to be paused.
-- @treturn boolean true, or nil and a failure
function journal:add(entry)
  self.entries[#self.entries + 1] = entry
  return write(self)
end

--- Notes that it was given back.
function journal:drop(entry)
  for index, other in ipairs(self.entries) do
    if other == entry then table.remove(self.entries, index) end
  end
  return write(self)
end

--- The sockets for which a journal is there.
-- @treturn table array of names
function journal.sockets(root)
  local found = {}
  for _, name in ipairs(sys.list(paths.below(root, FOLDER)) or {}) do
    found[#found + 1] = name:match "^(.+)%.paused$"
  end
  return found
end

--- Reads what a run left behind.
-- @tparam string root
-- @tparam string socket
-- @tparam table kinds those there are; other lines are passed over
function journal.read(root, socket, kinds)
  local self = journal.new(root, socket)
  for kind, name in (sys.read_file(self.path) or ""):gmatch "(%S+) ([^\n]+)\n" do
    if kinds[kind] then self.entries[#self.entries + 1] = { kind = kind, name = name } end
  end
  return self
end

return journal

--- What a command is given: the engine's words for what the command line said.
-- @module moonflash.cli.request

local failure = require "moonflash.base.failure"

local request = {}

local SAME_NAME = { "force", "storage_index", "carrier", "config_version", "firmware_version", "route",
  "chunk_size", "timeout_scale", "model", "proxy", "cdc_wdm", "tty", "all",
  "keep_services", "bind_driver" }

local function control_of(given)
  if given.mbim then return true end
  if given.qmi then return false end
end

local function options_of(given)
  local options = { mbim = control_of(given), skip = {} }
  for _, name in ipairs(SAME_NAME) do options[name] = given[name] end
  for _, finding in ipairs(given.skip or {}) do options.skip[finding] = true end
  return options
end

local function selection_of(given)
  local ids, address = given.vid_pid or {}, given.busnum_devnum or {}
  return {
    cdc_wdm = given.cdc_wdm, tty = given.tty, place = given.place, serial = given.serial,
    vid = ids.vid, pid = ids.pid, bus = address.bus, number = address.number,
  }
end

local function root_of(given, use)
  local root = given.root or use.environment "MOONFLASH_ROOT" or ""
  if root == "" then return "/" end
  local stat = use.sys.stat(use.sys.real_path(root) or root) -- it may be a link
  if stat and stat.kind == "folder" then return root end
  return nil, failure.new("usage", "the root is not a folder", {
    evidence = root, hint = "give a folder with sys and dev in it to --root or MOONFLASH_ROOT",
  })
end

--- The request of a command.
-- @tparam table given what the command line said
-- @tparam table out the output
-- @tparam table use the services
-- @treturn table|nil given, out, use, root, selection, options, emit; or nil and a failure
function request.new(given, out, use)
  local root, problem = root_of(given, use)
  if not root then return nil, problem end
  return {
    given = given, out = out, use = use, root = root,
    selection = selection_of(given), options = options_of(given),
    emit = function(event) out:emit(event) end,
  }
end

--- The request as the engine takes it.
-- @tparam table self request
-- @tparam table more what the call needs besides: files, path, arguments
-- @treturn table
function request.for_engine(self, more)
  more.root, more.selection, more.options, more.emit = self.root, self.selection, self.options, self.emit
  return more
end

return request

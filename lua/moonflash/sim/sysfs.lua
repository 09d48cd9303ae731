--- Folders, attributes and links in the layout of /sys, below a root.

local failure = require "moonflash.base.failure"
local sys = require "moonflash.core.sys"

local sysfs = {}

--- Makes a folder with attributes, each ended by a newline.
-- @tparam[opt] table attributes text by name
function sysfs.folder(root, path, attributes)
  failure.try(sys.make_folder(root .. path))
  for name, text in pairs(attributes or {}) do
    failure.try(sys.write_file(root .. path .. "/" .. name, text .. "\n"))
  end
end

local function relative(from, to)
  local steps = {}
  while from ~= "" and to:sub(1, #from + 1) ~= from .. "/" do
    from = from:match("^(.*)/[^/]*$")
    steps[#steps + 1] = ".."
  end
  steps[#steps + 1] = to:sub(#from + 2)
  return table.concat(steps, "/")
end

--- Makes a relative link, as the kernel does.
function sysfs.link(root, path, target)
  local folder = path:match("^(.*)/[^/]*$")
  failure.try(sys.make_folder(root .. folder))
  failure.try(sys.symlink(relative(folder, target), root .. path))
end

return sysfs

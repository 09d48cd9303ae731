--- Whose word a script is. It is run with all the rights of its caller, most often root, so it must not
-- be one that everybody could have written: neither the file nor a folder above it may be open to all. In
-- one like /tmp, where only owners may remove what is there, it must belong to the caller or to root.
-- @module moonflash.engine.trust

local later = require "moonflash.base.later"
local sys = require "moonflash.core.sys"

local refusal = later "moonflash.engine.trust_refusal"

local trust = {}

local LONGEST = 1048576
local FOR_ALL, ONLY_OWNERS = 2, 512 -- bits of a mode: o+w, sticky

local function has(mode, bit)
  return math.floor(mode / bit) % 2 == 1
end

local function check_folder(script, folder, path)
  local seen, problem = sys.stat(folder)
  if not seen then return nil, problem end
  if not has(seen.mode, FOR_ALL) then return true end
  if not has(seen.mode, ONLY_OWNERS) then return refusal.open_folder(script, folder, seen.mode) end
  local owner = assert(sys.stat(path)).uid
  if owner == 0 or owner == sys.user_id() then return true end
  return refusal.foreign(script, folder, seen.mode, path, owner)
end

-- From the root down: what is said of a folder only holds when nobody can replace it.
local function check(script)
  for above, name in script:gmatch "()/([^/]+)" do
    local folder, path = script:sub(1, math.max(above - 1, 1)), script:sub(1, above + #name)
    local good, problem = check_folder(script, folder, path)
    if not good then return nil, problem end
  end
  local seen, problem = sys.stat(script)
  if not seen then return nil, problem end
  if has(seen.mode, FOR_ALL) then return refusal.open_file(script, seen.mode) end
  return true
end

-- `moonflash run <(...)`: what stands behind a descriptor has no place, and may have to be waited for.
local function is_descriptor(path)
  return path:find "^/dev/fd/%d+$" ~= nil or path == "/dev/stdin"
end

local function read_descriptor(path)
  local file = io.open(path, "rb")
  if not file then return refusal.missing(path) end
  local text = file:read(LONGEST) or ""
  file:close()
  return text
end

--- The text of a script, if it is one to trust.
-- @tparam string path
-- @treturn string its bytes, or nil and a failure: script.untrusted, script.not_found, script.invalid
function trust.read(path)
  if is_descriptor(path) then return read_descriptor(path) end
  local real, missing = sys.real_path(path)
  if not real then return refusal.missing(path, missing) end
  local good, problem = check(real)
  if not good then return nil, problem end
  local text, unreadable = sys.read_file(real)
  if not text then return refusal.unreadable(path, unreadable) end
  return text
end

return trust

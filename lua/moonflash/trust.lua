--- Whose word a script is. It is run with all the rights of its caller, most often root, so it must not
-- be one that everybody could have written: neither the file nor a folder above it may be open to all. In
-- one like /tmp, where only owners may remove what is there, it must belong to the caller or to root.
-- @module moonflash.trust

local failure = require "moonflash.failure"
local sys = require "moonflash.core.sys"

local trust = {}

local LONGEST = 1048576
local FOR_ALL, ONLY_OWNERS = 2, 512 -- bits of a mode: o+w, sticky

local function has(mode, bit)
  return math.floor(mode / bit) % 2 == 1
end

local function octal(mode)
  local digits = ""
  repeat
    digits, mode = mode % 8 .. digits, math.floor(mode / 8)
  until mode == 0
  return digits
end

local function refuse(message, evidence, hint)
  return nil, failure.new("script.untrusted", message, { evidence = evidence, hint = hint })
end

local function forbid(path)
  return ("look at what the script says, then `chmod o-w %s`; where that has no effect (a stick with "
    .. "FAT), copy the script to a folder of your own"):format(path)
end

-- What is in a folder for all belongs to who put it there.
local function check_owner(script, folder, mode, path)
  local owner = assert(sys.stat(path)).uid
  if owner == 0 or owner == sys.user_id() then return true end
  return refuse(("anybody could have put %s there"):format(script),
    ("%s has mode %s, %s belongs to user %.0f"):format(folder, octal(mode), path, owner),
    "look at what the script says, then copy it to a folder of your own")
end

local function check_folder(script, folder, path)
  local seen, problem = sys.stat(folder)
  if not seen then return nil, problem end
  if not has(seen.mode, FOR_ALL) then return true end
  if has(seen.mode, ONLY_OWNERS) then return check_owner(script, folder, seen.mode, path) end
  return refuse("everybody may replace " .. script, ("%s has mode %s"):format(folder, octal(seen.mode)),
    forbid(folder))
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
  if not has(seen.mode, FOR_ALL) then return true end
  return refuse("everybody may write to " .. script, ("it has mode %s"):format(octal(seen.mode)),
    forbid(script))
end

-- `moonflash run <(...)`: what stands behind a descriptor has no place, and may have to be waited for.
local function is_descriptor(path)
  return path:find "^/dev/fd/%d+$" ~= nil or path == "/dev/stdin"
end

local function read_descriptor(path)
  local file, reason = io.open(path, "rb")
  if not file then
    return nil, failure.new("script.not_found", "no such script: " .. path, { evidence = reason })
  end
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
  if not real then
    return nil, failure.new("script.not_found", "no such script: " .. path, { cause = missing })
  end
  local good, problem = check(real)
  if not good then return nil, problem end
  local text, unreadable = sys.read_file(real)
  if text then return text end
  return nil, failure.new("script.invalid", "cannot read the script " .. path, { cause = unreadable })
end

return trust

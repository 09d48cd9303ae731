--- What is said of a script that is not to be trusted. Loaded when there is one.
-- @module moonflash.engine.trust_refusal

local failure = require "moonflash.base.failure"

local refusal = {}

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

--- Everybody may write to the script.
-- @tparam string script its path
-- @tparam number mode its permission bits
-- @return nil and the failure
function refusal.open_file(script, mode)
  return refuse("everybody may write to " .. script, ("it has mode %s"):format(octal(mode)), forbid(script))
end

--- Everybody may remove a folder above it, and put another there.
-- @tparam string script its path
-- @tparam string folder
-- @tparam number mode the folder's permission bits
-- @return nil and the failure
function refusal.open_folder(script, folder, mode)
  return refuse("everybody may replace " .. script, ("%s has mode %s"):format(folder, octal(mode)),
    forbid(folder))
end

--- It, or a folder above it, belongs to somebody else, in a folder for all.
-- @tparam string script its path
-- @tparam string folder the one for all
-- @tparam number mode the folder's permission bits
-- @tparam string path what is in it, on the way to the script
-- @tparam number owner whose that is
-- @return nil and the failure
function refusal.foreign(script, folder, mode, path, owner)
  return refuse(("anybody could have put %s there"):format(script),
    ("%s has mode %s, %s belongs to user %.0f"):format(folder, octal(mode), path, owner))
end

--- There is no such script.
-- @tparam string path
-- @tparam[opt] table cause the failure beneath
-- @return nil and the failure
function refusal.missing(path, cause)
  return nil, failure.new("script.not_found", "no such script: " .. path, { cause = cause })
end

--- It is there, and cannot be read.
-- @tparam string path
-- @tparam table cause the failure beneath
-- @return nil and the failure
function refusal.unreadable(path, cause)
  return nil, failure.new("script.invalid", "cannot read the script " .. path, { cause = cause })
end

return refusal

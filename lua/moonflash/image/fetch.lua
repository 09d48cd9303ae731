--- Images from http:// and https:// through the fetcher the system has: TLS, proxies and certificates
-- are its business.
-- @module moonflash.image.fetch

local failure = require "moonflash.base.failure"
local source = require "moonflash.core.source"

local fetch = {}

-- The programs, best first, and what makes them write a URL's bytes to their standard output and what
-- goes wrong to their standard error. OpenWrt's and Busybox's wget know the same options as GNU's.
fetch.programs = {
  { "curl", "-fsSL", "--" },
  { "uclient-fetch", "-q", "-O", "-" },
  { "wget", "-nv", "-O", "-" },
}

--- Whether a text is a URL that can be fetched.
function fetch.is_url(text)
  return text:match "^[hH][tT][tT][pP][sS]?://." ~= nil
end

--- The file's name in a URL.
function fetch.file_name(url)
  return (url:match "^[^?#]*":match "[^/]*$")
end

local function command(program, url)
  local argv = { unpack(program) }
  argv[#argv + 1] = url
  return argv
end

--- Starts fetching.
-- @tparam string url
-- @treturn reader the bytes at the URL, or nil and a failure
function fetch.open(url)
  local names = {}
  for index, program in ipairs(fetch.programs) do
    local reader, problem = source.fetch(command(program, url))
    if reader or problem.code ~= "source.unavailable" then return reader, problem end
    names[index] = program[1]
  end
  return nil, failure.new("source.unavailable", "there is no program here that could fetch " .. url, {
    evidence = "looked for " .. table.concat(names, ", "),
    hint = "install curl (Debian: curl, OpenWrt: curl or uclient-fetch)",
  })
end

return fetch

-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- URLs of images.

local url = {}

--- Whether a text is a URL: http or https.
function url.is(text)
  return text:match "^[hH][tT][tT][pP][sS]?://." ~= nil
end

--- The name of the file in a URL.
function url.file_name(text)
  return (text:match "^[^?#]*":match "[^/]*$")
end

-- The host of "http://joe:secret@[2001:db8::1]:80/x". The address of a proxy may have no scheme.
local function host_in(text)
  local authority = text:gsub("^%a[%w+.-]*://", ""):match "^[^/?#]*":gsub("^.*@", "")
  return authority:match "^%[(.-)%]" or authority:match "^[^:-][^:]*"
end

--- The host that a text is fetched from: that of the URL, or of the proxy for its scheme in the environment; nil when
-- the text is no URL.
function url.host(text)
  if not url.is(text) then return nil end
  local proxy = os.getenv(text:match "^%a+":lower() .. "_proxy") or ""
  return host_in(proxy ~= "" and proxy or text)
end

return url

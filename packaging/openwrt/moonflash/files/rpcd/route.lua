-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Images behind the modem: a router cannot fetch them from a URL over the modem that it updates. An update reads every
-- image twice: before it changes the modem, to verify it, and when the modem is in download mode, to send it.
-- @module moonflash.rpcd.route

local answers = require "moonflash.rpcd.answers"
local computer = require "moonflash.host.checks.computer"
local flash = require "moonflash"
local process = require "moonflash.base.process"
local requests = require "moonflash.base.request"
local system = require "moonflash.host.system"
local words = require "moonflash.cli.arguments"

local route = {}

local RESOLVE_MS = 5000

local function host_of(url)
  local authority = url:match "^%a+://([^/?#]+)"
  local host = authority and authority:gsub("^.*@", "")
  return host and (host:match "^%[(.-)%]" or host:match "^[^:]+")
end

-- The address of a host, as nslookup of BusyBox prints it behind "Name:".
local function address_of(root, host)
  local nslookup = system.program(root, "nslookup")
  if host:find "^[%d.]+$" or host:find ":" then return host end
  local text = nslookup and process.output({ nslookup, host }, RESOLVE_MS) or ""
  return text:match "Name:.-\nAddress[^:\n]*:%s*(%S+)"
end

-- The modem that the words of a command line select; nil when there is none, or several.
local function selected(root, argv, command)
  local known = { name = command, arguments = { { "FILE", "", field = "files", count = "*" } } }
  local parsed = words.parse(argv, { known })
  return flash.device.select(flash.devices { root = root } or {}, requests.of_values(parsed.given).selection)
end

local function leads_through(modem, interface)
  for _, own in ipairs(modem.interfaces) do
    if own.net and own.net == interface then return true end
  end
end

-- The interface of the modem that leads to a host, or nil.
local function way_over(modem, root, host)
  local address = address_of(root, host)
  local interface = address and computer.interface_to(root, address)
  return interface and leads_through(modem, interface) and interface
end

--- Whether a request has files to fetch.
function route.has_urls(request)
  for _, file in ipairs(request.files or {}) do
    if host_of(file) then return true end
  end
end

--- The answer that refuses a request whose images come over its modem; nil when none does. `argv` has the words of the
-- command line.
function route.refusal(request, argv)
  local root = os.getenv "MOONFLASH_ROOT" or "/"
  local modem = selected(root, argv, request.command)
  for _, file in ipairs(modem and request.files or {}) do
    local host = host_of(file)
    local interface = host and way_over(modem, root, host)
    if interface then
      return answers.failed("source.over_modem",
        "the images come over the modem, which cannot fetch them while it restarts",
        "upload the files, or save them on the router first, for example with wget to /tmp",
        ("the route to %s is %s"):format(host, interface))
    end
  end
end

return route

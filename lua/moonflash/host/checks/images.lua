-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Images that are fetched: an update reads each of them twice, before it changes the modem, to verify it, and while
-- the modem is in download mode, to send it. No way leads over the modem then.

local process = require "moonflash.base.process"
local sys = require "moonflash.core.sys"
local system = require "moonflash.host.system"
local tables = require "moonflash.base.table"
local url = require "moonflash.image.url"
local way_over_modem = require("moonflash.host.checks.computer").way_over_modem

local RESOLVE_MS = 5000

-- Programs with their arguments before the name of a host; `answer` is the part of their output that has the host's
-- addresses, and `address` captures one. nslookup is BusyBox's: the address of its server comes first, then "Name:" and
-- "Address: 192.0.2.1", or "Address 1: 192.0.2.1 a.name" of older ones.
local resolvers = {
  { "getent", "ahosts", answer = ".*", address = "(%S+)[^\n]*\n" },
  { "nslookup", answer = "\nName:.*", address = "\nAddress[^:\n]*:%s*(%S+)" },
}

-- What a program prints. One that finds no address of one kind may fail although it has printed those of the other.
local function output_of(argv, ends)
  local child = process.start(argv)
  local text = child and child:read_all(ends)
  if child then child:stop() end
  return text or ""
end

local function ask(resolver, program, host, ends)
  local text = output_of(tables.merge(resolver, { program, [#resolver + 1] = host }), ends)
  local found = {}
  for address in (text:match(resolver.answer) or ""):gmatch(resolver.address) do
    if not found[address] then found[#found + 1], found[address] = address, true end
  end
  return found
end

local function addresses_of(host, root)
  if host:find "^%d+%.%d+%.%d+%.%d+$" or host:find ":" then return { host } end
  local ends, found = sys.clock_ms() + RESOLVE_MS, {}
  for _, resolver in ipairs(resolvers) do
    local program = not found[1] and system.program(root, resolver[1])
    if program then found = ask(resolver, program, host, ends) end
  end
  return found
end

-- A fetcher may take any of the addresses.
local function find_way(job, host)
  for _, address in ipairs(addresses_of(host, job.root)) do
    local through = way_over_modem(job, address)
    if through then return through end
  end
end

local function find_images(job)
  local asked = {}
  for _, file in ipairs(job.files) do
    local host = url.host(file)
    local through = host and not asked[host] and find_way(job, host)
    if through then
      return {
        code = "source.over_modem", message = "the images come over the modem, which is offline while it takes them",
        evidence = ("the route to %s is %s"):format(host, through),
        hint = "save them to files first (on a router upload them, or wget them to /tmp) and give those",
      }
    end
    asked[host or ""] = true
  end
end

return { name = "images", look = find_images }

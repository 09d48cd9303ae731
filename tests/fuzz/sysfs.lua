-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Invariant: whatever files, links and folders /sys has, with whatever in them, the devices are a list of
-- tables whose texts have no control characters, whose numbers count and whose nodes are names in /dev;
-- they are ordered, can be described, chosen from and told as JSON; nothing outside the root is asked for.
--
-- The input: which tree stands there already, then entries that end with a byte 255: kind and place, what
-- it is in the place's folder, and what it says; a kind of its own has its name in the entry, up to 254.
local cjson = require "cjson"
local device = require "moonflash.device"
local input = require "tests.fuzz.input"
local identify = require "moonflash.device.identify"
local json = require "moonflash.base.json"
local match = require "moonflash.device.match"
local modems = require "tests.fakes.modems"
local port_users = require "moonflash.host.port_users"
local schema = require "moonflash.cli.schema"
local sys = require "moonflash.core.sys"
local sysfs = require "moonflash.device.sysfs"
local system = require "moonflash.host.system"

local root = sys.temporary_folder()

local places = { "1-1", "1-2", "1-10", "2-1.4", "2-1.04", "2-1.10", "0-0", "1-1..2" }

local names = { "idVendor", "idProduct", "devnum", "serial", "product", "manufacturer", "speed",
  "bNumInterfaces", "port/peer" }
for _, number in ipairs { 0, 2, 3, 8, 10, 12 } do
  for _, name in ipairs { "bInterfaceNumber", "bInterfaceClass", "driver", "ttyUSB0", "tty", "usbmisc", "usb",
    "net", "ttyUSB1/tty/ttyUSB1", "usbmisc/cdc-wdm0", "net/wwan0", "" } do
    names[#names + 1] = (":1.%d/%s"):format(number, name)
  end
end

-- --- the tree ----------------------------------------------------------------------------------------

local real = {}
for name, value in pairs(sys) do real[name] = value end

-- A path that nothing leaves: no empty part, none of dots alone, no NUL.
local function harmless(path)
  local parts = {}
  for part in path:gsub("%z", "0"):gmatch "[^/]+" do
    parts[#parts + 1] = part:match "^%.+$" and "_" or part:sub(1, 255)
  end
  return table.concat(parts, "/")
end

local function place_folder(place)
  return root .. "/sys/bus/usb/devices/" .. place
end

-- Whether a path leads over a link, which may end anywhere: nothing is made there.
local function is_behind_link(path)
  for at in path:gmatch "()/" do
    local seen = at > #root and real.stat(path:sub(1, at - 1))
    if seen and seen.kind == "link" then return true end
  end
end

local kinds = {
  function(path, content) real.write_file(path, content) end,
  function(path, content)
    real.remove(path)
    real.symlink((content:gsub("%z", "0")), path)
  end,
  function(path, content)
    path = path .. "/" .. harmless(content)
    if not is_behind_link(path .. "/") then real.make_folder(path) end
  end,
}

local function add(kind, path, content)
  if is_behind_link(path .. "/") then return end
  real.make_folder(path:match "^(.*)/")
  kinds[kind](path, content)
end

local function path_of(place, name)
  if name:sub(1, 1) == ":" then name = place .. name end
  return place_folder(place) .. "/" .. name
end

local function put_entry(entry)
  local from = input.new(entry)
  local first, second = from:byte(), from:byte()
  local kind, place = first % 4 + 1, places[math.floor(first / 4) % #places + 1]
  if kinds[kind] then
    local path = path_of(place, names[second % #names + 1]):gsub("/$", "")
    return add(kind, path, from:rest())
  end
  local name, content = from:rest():match "^([^\254]*)\254?(.*)$"
  name = harmless(name:gsub("^:", place .. ":"))
  if name ~= "" then add(second % #kinds + 1, place_folder(place) .. "/" .. name, content) end
end

local function plug(place, ids, interfaces)
  local facts = { idVendor = ids:sub(1, 4), idProduct = ids:sub(6), devnum = "7", speed = "480",
    bNumInterfaces = tostring(#interfaces), serial = "LF123", product = "EM7455" }
  for name, text in pairs(facts) do add(1, path_of(place, name), text .. "\n") end
  for _, interface in ipairs(interfaces) do
    local folder = path_of(place, (":1.%d/"):format(interface[1]))
    add(1, folder .. "bInterfaceNumber", ("%02x\n"):format(interface[1]))
    add(1, folder .. "bInterfaceClass", "ff\n")
    add(2, folder .. "driver", "../../drivers/" .. interface[2])
    add(3, folder .. interface[3], "")
  end
end

local serial, control = { 0, "qcserial", "ttyUSB0" }, { 8, "qmi_wwan", "usbmisc/cdc-wdm0" }
local trees = {
  function() end,
  function() plug("1-1", "1199:9071", { serial, control }) end,
  function() plug("1-1", "1199:9070", { serial }) end,
  function()
    plug("1-1", "1199:68c0", { serial })
    plug("2-1.4", "1199:9071", { control })
  end,
}

-- --- what is asked of the system -----------------------------------------------------------------------

-- Paths stay below the root as they are written; where the kernel's links lead is its own matter.
local function guarded(name)
  return function(path, ...)
    assert(path:sub(1, #root) == root, name .. " outside the root: " .. path)
    assert(not ("/" .. path .. "/"):find("/../", 1, true), name .. " up from the root: " .. path)
    return real[name](path, ...)
  end
end

for _, name in ipairs { "list", "read_file", "link", "real_path", "stat", "access" } do
  sys[name] = guarded(name)
end
for _, name in ipairs { "write_file", "open", "spawn", "remove", "rename", "symlink", "make_folder" } do
  sys[name] = function() error(name .. " while looking") end
end

-- --- the checks ----------------------------------------------------------------------------------------

local texts = { "place", "peer", "model", "vid", "pid", "serial", "product", "manufacturer" }
local counts = { "bus", "number", "speed", "hub_depth", "interface_count" }

local function check_node(path)
  local folder = root .. "/dev/"
  local name = path:match("^[%w%-]+$", #folder + 1)
  assert(path:sub(1, #folder) == folder and name, "a strange node: " .. path)
end

local function check_interface(interface)
  input.check_count(interface.number)
  for _, field in ipairs { "class", "driver", "net" } do
    if interface[field] then input.check_text(interface[field]) end
  end
  if interface.tty then check_node(interface.tty) end
  if interface.control then check_node(interface.control) end
end

local function check_device(dev)
  for _, field in ipairs(texts) do
    if dev[field] then input.check_text(dev[field]) end
  end
  for _, field in ipairs(counts) do
    if dev[field] then input.check_count(math.ceil(dev[field])) end -- a slow device has a speed of 1.5
  end
  for _, interface in ipairs(dev.interfaces) do check_interface(interface) end
  assert(#dev.vid == 4 and #dev.pid == 4, "no ids")
  input.check_text(device.describe(dev))
  assert(type(device.is_settled(dev)) == "boolean" and type(device.is_there(dev)) == "boolean")
  local users = port_users.words { root = root, device = dev, options = {} }
  assert(users == nil or type(users) == "string")
  local path = system.device_path(root, dev)
  assert(path == nil or path:sub(1, 1) == "/")
end

local function check_choice(devices)
  for _, dev in ipairs(devices) do
    input.result(device.select(devices, { place = dev.place, serial = dev.serial, vid = dev.vid }))
    local ours, contenders = match.of(dev):pick(devices)
    assert(ours == nil or type(ours) == "table")
    assert(type(contenders) == "table")
  end
  input.result(device.select(devices, {}))
end

local index = identify.new(modems.models)

local function check(data)
  local from = input.new(data)
  trees[from:byte(#trees) + 1]()
  for entry in from:rest():gmatch "([^\255]+)" do put_entry(entry) end
  local devices = device.list(root, modems.models)
  for _, dev in ipairs(devices) do
    check_device(dev)
    local seen = sysfs.read(root, dev.place)
    if seen then index:complete(seen, dev) end
  end
  check_choice(devices)
  local told = cjson.decode(json.encode(schema.devices { devices = devices }))
  assert(#told.devices == #devices)
  real.remove_tree(root .. "/sys")
end

local function finish()
  real.remove_tree(root)
end

return { check = check, finish = finish }

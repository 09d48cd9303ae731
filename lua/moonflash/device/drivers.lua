--- Which kernel driver serves which interface, what its node is for, and what brings the driver.
-- Numbers and drivers of the "Sierra layout" of the kernel's qcserial and qmi_wwan.
-- @module moonflash.device.drivers

local drivers = {}

-- `option` and the generic driver serve a modem whose ids were given to them through new_id.
local serial = { qcserial = true, option = true, usbserial_generic = true, GobiSerial = true }

local control = { qmi_wwan = "qmi", cdc_mbim = "mbim" }

-- Ports of a running modem by interface number.
local ports = { [0] = "diag", [2] = "nmea", [3] = "at" }

-- Interfaces that need a driver: class and, where it matters, number.
local needs = {
  { class = "ff", numbers = { [0] = true, [2] = true, [3] = true },
    module = "qcserial", package = "kmod-usb-serial-qualcomm" },
  { class = "ff", numbers = { [8] = true, [10] = true },
    module = "qmi_wwan", package = "kmod-usb-net-qmi-wwan" },
  { class = "02", module = "cdc_mbim", package = "kmod-usb-net-cdc-mbim" },
}

local function need(interface)
  for _, rule in ipairs(needs) do
    if interface.class == rule.class and (not rule.numbers or rule.numbers[interface.number]) then
      return rule
    end
  end
end

--- The interfaces that should have a driver but have none.
-- @tparam table interfaces of a device, as sysfs.read gives them
-- @treturn table array of { kind = "driver", interface, module, package (OpenWrt's) }
function drivers.missing(interfaces)
  local missing = {}
  for _, interface in ipairs(interfaces) do
    local rule = not interface.driver and need(interface)
    if rule then
      missing[#missing + 1] = { kind = "driver", interface = interface.number,
        module = rule.module, package = rule.package }
    end
  end
  return missing
end

local function serial_port(interface)
  return interface.class == "ff" and serial[interface.driver] and interface.tty or nil
end

local function download_nodes(nodes, interfaces)
  local first = interfaces[1]
  nodes.qdl = first and serial_port(first)
end

local function application_nodes(nodes, interfaces)
  for _, interface in ipairs(interfaces) do
    local list = nodes[control[interface.driver]]
    if list and interface.control then list[#list + 1] = interface.control end
    local port = ports[interface.number]
    if port then nodes[port] = serial_port(interface) end
  end
end

--- What the nodes of a device are for. A boot ROM has none that we may speak to.
-- @tparam table interfaces sorted by number
-- @tparam string mode
-- @treturn table { qmi = {}, mbim = {}, at, diag, nmea, qdl }
function drivers.nodes(interfaces, mode)
  local nodes = { qmi = {}, mbim = {} }
  if mode == "download" then download_nodes(nodes, interfaces) end
  if mode == "application" then application_nodes(nodes, interfaces) end
  return nodes
end

--- Whether every driver that is bound has brought its node, and every interface is there.
function drivers.settled(dev)
  for _, interface in ipairs(dev.interfaces) do
    if serial[interface.driver] and not interface.tty then return false end
    if control[interface.driver] and interface.class ~= "0a" and not interface.control then return false end
  end
  return #dev.missing == 0 and #dev.interfaces == dev.interface_count
end

--- The port without which a device is of no use: the download port, or a port that answers questions.
-- @treturn ?string path or address; nil while the kernel has not made one
function drivers.needed_port(dev)
  local nodes = dev.nodes
  if dev.mode == "download" then return nodes.qdl end
  return nodes.qmi[1] or nodes.mbim[1] or nodes.at
end

return drivers

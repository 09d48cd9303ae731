-- A virtual machine sees only the USB devices it is given by id, and a modem in download mode is
-- another one. A warning, not a refusal: where the whole controller is passed through all is well.

local system = require "moonflash.host.system"

local DMI = "/sys/class/dmi/id/"

-- What vendor or product name say of a virtual machine. Microsoft also makes computers.
local machines = {
  { vendor = "^QEMU", name = "QEMU" }, { product = "^KVM", name = "KVM" },
  { product = "^Standard PC %(", name = "QEMU" },
  { vendor = "^VMware", name = "VMware" }, { product = "^VirtualBox", name = "VirtualBox" },
  { vendor = "^Microsoft", product = "^Virtual Machine", name = "Hyper-V" },
  { vendor = "^Parallels", name = "Parallels" }, { vendor = "^Xen", name = "Xen" },
  { product = "^Bochs", name = "Bochs" }, { vendor = "^Bochs", name = "Bochs" },
  { product = "^BHYVE", name = "bhyve" }, { vendor = "^Apple", product = "Virtual", name = "Apple's" },
}

local function fits(rule, vendor, product)
  return (not rule.vendor or vendor:find(rule.vendor)) and (not rule.product or product:find(rule.product))
end

local function by_dmi(root)
  local vendor = system.text(root, DMI .. "sys_vendor") or ""
  local product = system.text(root, DMI .. "product_name") or ""
  for _, rule in ipairs(machines) do
    if fits(rule, vendor, product) then return rule.name, (vendor .. " " .. product) end
  end
end

-- The first domain of Xen has the hardware.
local function by_xen(root)
  local kind = system.text(root, "/sys/hypervisor/type")
  local role = system.text(root, "/proc/xen/capabilities") or ""
  if kind and not role:find "control_d" then return kind, "/sys/hypervisor/type is " .. kind end
end

local function by_kernel(root)
  local release = system.text(root, "/proc/sys/kernel/osrelease") or ""
  if release:lower():find("microsoft", 1, true) then return "WSL", "the kernel is " .. release end
end

-- The model the job has, or that of the device by its name.
local function model_of(job)
  for _, one in ipairs(not job.model and job.models or {}) do
    if one.name == job.device.model then return one end
  end
  return job.model
end

local function ids_to_pass(job)
  local one = model_of(job)
  if not one then return table.concat(job.device.ids or {}, " ") end
  return ("running %s, in download mode %s"):format(table.concat(one.usb.application, " "),
    table.concat(one.usb.download, " "))
end

local function look(job)
  for _, sign in ipairs { by_xen, by_kernel, by_dmi } do
    local name, evidence = sign(job.root)
    if name then
      return {
        warning = true, message = "this is a virtual machine of " .. name, evidence = evidence,
        cure = "pass the modem through with the ids of both of its modes: " .. ids_to_pass(job),
      }
    end
  end
end

return { name = "hypervisor", look = look }

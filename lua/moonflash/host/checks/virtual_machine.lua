--- A virtual machine is given USB devices by their ids, and a modem in download mode has other ids. This is
-- only a warning: where the whole USB controller is passed through, the update works.

local system = require "moonflash.host.system"

local DMI = "/sys/class/dmi/id/"

-- Patterns of files that only virtual machines match. WSL names itself in the kernel's release; a vendor
-- alone is no sign of Hyper-V, VirtualBox or Parallels, so their product names count.
local signs = {
  { "/proc/sys/kernel/osrelease", "[Mm]icrosoft" },
  { DMI .. "sys_vendor", "^QEMU", "^VMware", "^Xen", "^Bochs" },
  { DMI .. "product_name", "Virtual", "^KVM", "^BHYVE", "^Standard PC %(" },
}

-- Xen's first domain (dom0) has the hardware itself.
local function is_first_domain(root)
  return (system.text(root, "/proc/xen/capabilities") or ""):find "control_d" ~= nil
end

local function find_sign(root)
  for _, sign in ipairs(signs) do
    local text = system.text(root, sign[1]) or ""
    for index = 2, #sign do
      if text:find(sign[index]) then return text, sign[1] end
    end
  end
  local xen = not is_first_domain(root) and system.text(root, "/sys/hypervisor/type")
  if xen then return xen, "/sys/hypervisor/type" end
end

local function look(job)
  local text, path = find_sign(job.root)
  if not text then return nil end
  return {
    warning = true, message = "this is a virtual machine", evidence = ("%s is %s"):format(path, text),
    hint = "pass the modem through with the ids of all its modes: " .. table.concat(job.device.ids, " "),
  }
end

return { { name = "hypervisor", look = look } }

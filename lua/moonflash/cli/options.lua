--- The options every command knows, as data: names, the value they take, what they are for, and
-- where their value goes.
-- @module moonflash.cli.options

local values = require "moonflash.cli.values"

local routes = { "preference", "firmware-id", "boot-download", "boothold", "impref" }

return {
  { title = "Which modem",
    { "-w --cdc-wdm", value = "PATH", convert = values.text, "the modem with this QMI or MBIM port" },
    { "-t --tty", value = "PATH", convert = values.text, "the modem with this serial port" },
    { "-d --vid-pid", value = "VID[:PID]", convert = values.vid_pid, "the modem with these USB ids" },
    { "-s --busnum-devnum", value = "[BUS:]DEV", convert = values.bus_device,
      "the modem at this bus and device number" },
    { "--place", value = "PLACE", convert = values.place, "the modem at this place on USB, like 1-1.4" },
    { "--serial", value = "SERIAL", convert = values.text, "the modem with this serial number" },
    { "--root", value = "DIR", convert = values.text,
      "look for /sys and /dev below DIR (also MOONFLASH_ROOT)" },
  },
  { title = "How to update",
    { "--force", "send the images although the modem stores or runs them" },
    { "--storage-index", value = "N", convert = values.slot, "put the images into this slot" },
    { "--carrier", value = "NAME", convert = values.text, "the carrier, if the images do not say" },
    { "--config-version", value = "VERSION", convert = values.text,
      "the settings' version, if the images do not say" },
    { "--firmware-version", value = "VERSION", convert = values.text,
      "the firmware's version, if the images do not say" },
    { "--route", value = "ROUTE", choices = routes,
      "the way into download mode: " .. table.concat(routes, "|") },
    { "--chunk-size", value = "BYTES", convert = values.count, "how much to send between two answers" },
    { "--timeout-scale", value = "X", convert = values.scale, "wait X times as long as usual" },
    { "--model", value = "NAME", convert = values.text, "take the modem for this model" },
    { "--all", "every modem that the selection and the images fit, one after the other" },
    { "--keep-services", "leave ModemManager and network interfaces alone" },
    { "--bind-driver", "give a serial driver the modem's ids, if it does not know them" },
    { "--skip", value = "FINDING", convert = values.text, repeated = true,
      "go on in spite of a finding (may be repeated)" },
  },
  { title = "How to open its control port",
    { "--qmi", excludes = "--mbim", "speak QMI" },
    { "--mbim", "speak QMI inside MBIM" },
    { "-p --proxy", "share the port with other programs" },
  },
  { title = "What to print",
    { "--json", "one JSON object a line; people's text goes to standard error" },
    { "-v --verbose", excludes = "-q", "say more" },
    { "-q --quiet", "say only what was asked for, warnings and errors" },
    { "-L --log", value = "FILE", convert = values.text, "append everything, with times, to FILE" },
    { "--trace", value = "FILE", convert = values.text,
      "write all that passes to and from the modem to FILE, without identifiers" },
    { "--no-progress", "no progress line" },
  },
}

-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The codes of failures, a closed list: the default hint of each, and the messages of those that C makes.

local codes = {}

local PERMISSION = "run as root (sudo moonflash ...), or install the udev rules 70-moonflash.rules and join the "
  .. "group dialout"

codes.hints = {
  -- ports
  ["port.not_found"] = "check the path; `moonflash devices` lists the ports of modems",
  ["port.denied"] = PERMISSION,
  ["port.busy"] = "another program holds the port: stop it (ModemManager, a dialer) and run again",
  ["port.not_a_device"] = "this is not a device node; remove the plain file and replug the modem",
  ["port.closed"] = "the device went away: wait until it is back and run the same command again",
  ["port.failed"] = "check cable and power of the modem, then run the same command again",
  -- image sources
  ["source.not_found"] = "check the file name",
  ["source.unreadable"] = "check that it is a readable file",
  ["source.timeout"] = "the source of the image is too slow: copy the file to this computer and run again",
  ["source.failed"] = "check where the image comes from and run the same command again",
  ["source.rejected"] = "get the image again: its bytes do not match its checksums",
  ["source.read_once"] = "save the image to a file and run again with that",
  ["source.unavailable"] = "install what is missing, or save the image to a plain file",
  ["source.no_image"] = "`unzip -l FILE.zip` lists what is inside",
  ["source.over_modem"] = "save the images to files first and give those",
  ["source.short"] = "get the image again: it ended too early",
  -- the download conversation
  ["qdl.silent"] = "run the same command again; if it stays silent, power-cycle the modem",
  ["qdl.not_qdl"] = "this port is not a modem waiting for an image: see `moonflash status`",
  ["qdl.diag_port"] = "the modem runs: run the same command again, without -t, so that its port is looked up",
  ["qdl.at_port"] = "the modem runs: run the same command again, without -t, so that its port is looked up",
  ["qdl.sahara"] = "`moonflash recover` resets a crashed modem; else power-cycle it, then run the same "
    .. "command again",
  ["qdl.boot_rom"] = "only the maker's tools help; moonflash cannot",
  ["qdl.open_refused"] = "check with `moonflash inspect` that the image is for this modem",
  ["qdl.done_refused"] = "run the same command again; if it repeats, get the image again",
  ["qdl.stalled"] = "run the same command again; if it repeats, power-cycle the modem, try another cable",
  ["firehose.silent"] = "run the same command again; if it stays silent, power-cycle the modem",
  ["firehose.not_switched"] = "keep other programs (ModemManager) away from its port and run the same command again; "
    .. "if it repeats, power-cycle the modem",
  ["firehose.other"] = "this port is not a modem waiting for an image: see `moonflash status`",
  ["firehose.refused"] = "run the same command again; if it repeats, power-cycle the modem",
  ["firehose.image_refused"] = "the modem stays in download mode: give images that were made for it; "
    .. "`moonflash inspect` shows what they are",
  ["firehose.limits"] = "run again with --log FILE and report it with that file",
  ["firehose.stalled"] = "run the same command again; if it repeats, power-cycle the modem, use a USB 2 cable",
  ["transfer.interrupted"] = "run the same command again, it sends the images again; until then the modem stays in "
    .. "download mode",
  -- QMI
  ["qmi.unavailable"] = "install the QMI module of moonflash (OpenWrt: the package moonflash-qmi)",
  ["qmi.open_failed"] = "check that no other program uses the modem, then run again",
  ["qmi.closed"] = "the modem went away: wait until it is back and run the same command again",
  ["qmi.refused"] = "`moonflash status` shows the state of the modem",
  ["qmi.malformed"] = "correct the format of your own message; else run again with --log FILE and report it",
  -- AT
  ["at.error"] = "see the modem's AT manual; many commands need AT!ENTERCND=\"A710\" first",
  ["at.cme_error"] = "`moonflash status` shows the state of the modem",
  ["at.not_implemented"] = "this firmware does not have the command",
  ["at.timeout"] = "`moonflash devices` shows which port is the AT port; if it is this one, run again",
  ["at.closed"] = "the modem went away: wait until it is back and run the same command again",
  ["at.not_at"] = "`moonflash devices` shows which port is the AT port",
  -- the system
  ["sys.again"] = "try again later",
  ["sys.denied"] = "run as root (sudo moonflash ...)",
  ["sys.not_found"] = "check the path",
  ["sys.failed"] = "check the path and its permissions",
  ["sys.locked"] = "wait until the other job has ended",
  ["sys.program"] = "run that program by hand to see why",
  ["uevent.unavailable"] = "moonflash looks at /sys instead",
  ["uevent.failed"] = "moonflash looks at /sys instead",
  -- images
  ["image.corrupt"] = "get the file again from where it came",
  ["image.wrong_model"] = "use the images made for this modem",
  ["image.incomplete_set"] = "give all files of the firmware: .cwe and .nvu, or one .spk",
  ["image.mismatch"] = "give files that belong together; --firmware-version decides between two versions",
  ["image.unversioned"] = "say it with --firmware-version, --carrier and --config-version",
  -- devices
  ["device.none"] = "plug the modem in; `moonflash devices` lists what is seen",
  ["device.ambiguous"] = "choose one with --place, --serial, -d or -s",
  ["device.unknown_model"] = "only if it is a supported modem under another name, give that model with --model",
  ["device.not_seen"] = "replug the modem and run the same command again",
  ["device.no_port"] = "`moonflash devices` names a missing driver, or the program that has the interface; "
    .. "if it names neither, this modem has no such port",
  ["device.busy"] = "wait until the other job has ended",
  -- what is found before anything is changed; its own hint says more
  ["preflight.node"] = "remove the plain file and replug the modem",
  ["preflight.permission"] = PERMISSION,
  ["preflight.driver"] = "install the driver, or run with --bind-driver",
  ["preflight.session"] = "log in another way than over the modem",
  ["preflight.memory"] = "free some memory",
  ["preflight.autosuspend"] = "run as root (sudo moonflash ...)",
  ["preflight.power"] = "give the modem a better supply",
  ["preflight.hypervisor"] = "pass the modem through with the ids of both of its modes",
  -- the message bus
  ["bus.failed"] = "check that the message bus of the system (D-Bus) runs",
  ["bus.closed"] = "check that the message bus of the system (D-Bus) runs",
  -- traces
  ["trace.failed"] = "choose another file for --trace, or free space",
  ["trace.unusable"] = "give a file that this version wrote with --trace",
  ["replay.differs"] = "the trace, the images or the program are not what they were",
  -- jobs and scripts
  ["job.interrupted"] = "run the same command again; it goes on from the state the modem is in",
  ["job.up_to_date"] = "use --force to send the images anyway",
  ["job.not_entered"] = "run the same command again, or choose another route with --route; download mode "
    .. "is impossible with pin 25 (DPR) of an M.2 card at ground or 1.8 V, and with AT!CUSTOM=\"FASTENUMEN\"",
  ["job.not_confirmed"] = "`moonflash status` shows why",
  ["stored.none"] = "give the image files: `moonflash recover FILE...` or `moonflash update FILE...`",
  ["modem.boot_rom"] = "only the maker's tools help; moonflash cannot",
  ["modem.auto_sim"] = "`moonflash switch AUTO-SIM` lets it choose by its SIM again",
  ["modem.radio_off"] = "`moonflash status` shows what keeps the radio off",
  ["job.wrong_mode"] = "`moonflash status` shows the state of the modem",
  ["script.not_found"] = "check the name of the script",
  ["script.untrusted"] = "read the script, then copy it to a folder of your own",
  ["script.invalid"] = "correct the script at the line that the message names",
  ["script.raised"] = "correct the script at the line that the message names",
  ["script.refused"] = "do what the message of the script asks for, then run it again",
  ["script.warning"] = "the message of the script says what to look at",
  ["script.left_broken"] = "correct the script: after these faults the modem needs more than a second run",
  ["log.failed"] = "choose another file for --log, or free space",
  ["output.failed"] = "free space where standard output goes",
  ["simulator.unavailable"] = "install the simulator of moonflash (OpenWrt: the package moonflash-simulator)",
  ["usage"] = "see `moonflash --help`",
  ["internal"] = "this is a bug of moonflash: run again with --log FILE and report it with that file",
}

-- Codes that need no other advice.
for _, code in ipairs {
  "port.timeout", "port.interrupted", "source.closed", "source.interrupted", "qdl.error", "qdl.write_refused",
  "qdl.wrong_sequence", "qdl.unexpected", "firehose.unexpected", "qmi.timeout", "qmi.interrupted", "qmi.failed",
  "sys.closed",
  "sys.interrupted", "sys.timeout", "uevent.timeout", "uevent.interrupted", "bus.refused", "bus.timeout",
  "bus.interrupted",
} do
  codes.hints[code] = "run the same command again"
end

-- C gives a code and a subject: a path, a file, a URL; of sys.* an operation and its object: "open /etc/x". A code that
-- is not listed has the message of its last word.
codes.messages = {
  timeout = "%s: nothing was received in time",
  closed = "%s: the other end is gone",
  interrupted = "%s: interrupted",
  ["sys.again"] = "cannot %s now",
  ["sys.closed"] = "cannot %s",
  ["sys.denied"] = "cannot %s",
  ["sys.not_found"] = "cannot %s",
  ["sys.failed"] = "cannot %s",
  ["sys.interrupted"] = "interrupted during: %s",
  ["sys.timeout"] = "%s did not end in time",
  ["sys.locked"] = "%s is locked",
  ["port.not_found"] = "%s: there is no such port",
  ["port.denied"] = "%s: no permission to open the port",
  ["port.busy"] = "%s: another program uses the port",
  ["port.not_a_device"] = "%s is not a serial device",
  ["port.failed"] = "%s cannot be opened, read or written",
  ["qmi.open_failed"] = "%s cannot be opened as a QMI port",
  ["qmi.timeout"] = "%s: no answer in time",
  ["qmi.closed"] = "%s: the modem is gone",
  ["qmi.failed"] = "%s: the QMI port does not work",
  ["bus.refused"] = "%s was refused",
  ["bus.timeout"] = "%s: no answer in time",
  ["bus.closed"] = "%s: the message bus has closed the connection",
  ["bus.failed"] = "%s: the message bus does not work",
  ["source.not_found"] = "no such file: '%s'",
  ["source.unreadable"] = "cannot read '%s'",
  ["source.unavailable"] = "cannot run '%s'",
  ["source.failed"] = "%s cannot be read",
  ["source.rejected"] = "%s: a checksum of the image is wrong",
  ["source.short"] = "%s: the image ended too early",
  ["uevent.unavailable"] = "cannot receive the uevents of %s",
  ["uevent.failed"] = "%s cannot be read",
  ["qdl.stalled"] = "the modem takes no more bytes",
  ["firehose.stalled"] = "the modem takes no more bytes",
  ["transfer.interrupted"] = "the transfer was interrupted",
}

return codes

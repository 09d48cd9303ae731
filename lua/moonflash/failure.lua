--- What went wrong in the world outside, as a value. Functions return `nil, failure`; wrong callers
-- raise instead. One shape everywhere:
--
--     { code = "qdl.not_qdl",           for programs, from the closed list below
--       message = "what happened",
--       evidence = "what was seen",     optional
--       hint = "what to do next",       the script's, else the code's default
--       step = "send images",           added by the engine
--       cause = failure }               optional, the failure beneath
--
-- Failures made in C have the same metatable (they look it up by name).
-- @module moonflash.failure

local failure = {}

local codes = {
  -- ports
  ["port.not_found"] = "check the path; `moonflash devices` lists the ports of modems",
  ["port.denied"] = "run as root, or give your user access to the port",
  ["port.busy"] = "another program holds the port: stop it (ModemManager, a dialer) and run again",
  ["port.not_a_device"] = "this is not a device node; remove the plain file and replug the modem",
  ["port.timeout"] = "run the same command again",
  ["port.closed"] = "the device went away: wait until it is back and run the same command again",
  ["port.interrupted"] = "run the same command again",
  ["port.failed"] = "check cable and power of the modem, then run the same command again",
  -- image sources
  ["source.not_found"] = "check the file name",
  ["source.unreadable"] = "check that it is a readable file",
  ["source.timeout"] = "the source of the image is too slow: copy it nearer and run again",
  ["source.closed"] = "run the same command again",
  ["source.interrupted"] = "run the same command again",
  ["source.failed"] = "check where the image comes from and run the same command again",
  ["source.rejected"] = "get the image again: what was read is not what its checksums say",
  ["source.read_once"] = "save the image to a file and run again with that",
  ["source.unavailable"] = "install what is missing, or save the image to a plain file",
  ["source.no_image"] = "`unzip -l FILE.zip` lists what is inside",
  ["source.short"] = "get the image again: it ended too early",
  -- the download conversation
  ["qdl.silent"] = "run the same command again; if it stays silent, power-cycle the modem",
  ["qdl.not_qdl"] = "this port is not a modem waiting for an image: see `moonflash status`",
  ["qdl.diag_port"] = "the modem runs: run the same command again, without -t, so that its port is looked up",
  ["qdl.at_port"] = "the modem runs: run the same command again, without -t, so that its port is looked up",
  ["qdl.sahara"] = "`moonflash recover` resets a crashed modem; else power-cycle it, then run the same "
    .. "command again",
  ["qdl.boot_rom"] = "this needs the boot ROM tools of the manufacturer",
  ["qdl.error"] = "run the same command again",
  ["qdl.open_refused"] = "check with `moonflash inspect` that the image is for this modem",
  ["qdl.write_refused"] = "run the same command again",
  ["qdl.wrong_sequence"] = "run the same command again",
  ["qdl.done_refused"] = "run the same command again; if it repeats, get the image again",
  ["qdl.unexpected"] = "run the same command again",
  ["qdl.stalled"] = "run the same command again; if it repeats, try another cable or a USB 2 port",
  ["transfer.interrupted"] = "run the same command again: the images are sent anew",
  -- QMI
  ["qmi.unavailable"] = "install the QMI module of moonflash (needs libqmi)",
  ["qmi.open_failed"] = "check that no other program uses the modem, then run again",
  ["qmi.timeout"] = "run the same command again",
  ["qmi.closed"] = "the modem went away: wait until it is back and run the same command again",
  ["qmi.interrupted"] = "run the same command again",
  ["qmi.failed"] = "run the same command again",
  ["qmi.refused"] = "`moonflash status` shows the state of the modem",
  ["qmi.malformed"] = "run again with --log FILE and report the answer",
  -- AT
  ["at.error"] = "see the modem's AT manual; many commands need AT!ENTERCND=\"A710\" first",
  ["at.cme_error"] = "`moonflash status` shows the state of the modem",
  ["at.not_implemented"] = "this firmware does not have the command",
  ["at.timeout"] = "`moonflash devices` shows which port is the AT port; if it is this one, run again",
  ["at.closed"] = "the modem went away: wait until it is back and run the same command again",
  ["at.not_at"] = "`moonflash devices` shows which port is the AT port",
  -- the system
  ["sys.again"] = "try again later",
  ["sys.closed"] = "run the same command again",
  ["sys.denied"] = "run as root",
  ["sys.not_found"] = "check the path",
  ["sys.failed"] = "check the path and its permissions",
  ["sys.interrupted"] = "run the same command again",
  ["sys.locked"] = "wait until the other job has ended",
  ["sys.timeout"] = "run the same command again",
  ["sys.program"] = "run that program by hand to see why",
  ["uevent.unavailable"] = "moonflash looks at /sys instead",
  ["uevent.timeout"] = "run the same command again",
  ["uevent.interrupted"] = "run the same command again",
  ["uevent.failed"] = "moonflash looks at /sys instead",
  -- images
  ["image.corrupt"] = "get the file again from where it came",
  ["image.wrong_model"] = "use the images made for this modem",
  ["image.incomplete_set"] = "give all files of the firmware: .cwe and .nvu, or one .spk",
  ["image.mismatch"] = "give files that belong together, or decide with --carrier, --config-version, "
    .. "--firmware-version",
  ["image.unversioned"] = "say it with --firmware-version, --carrier and --config-version",
  -- devices
  ["device.none"] = "plug the modem in; `moonflash devices` lists what is seen",
  ["device.ambiguous"] = "choose one with --place, --serial, -d or -s",
  ["device.unknown_model"] = "say which model it is with --model",
  ["device.not_seen"] = "replug the modem and run the same command again",
  ["device.no_port"] = "`moonflash devices` says which driver is missing",
  ["device.busy"] = "wait until the other job has ended",
  -- what is found before anything is changed; its own hint says more
  ["preflight.node"] = "remove the plain file and replug the modem",
  ["preflight.permission"] = "run as root",
  ["preflight.driver"] = "install the driver, or run with --bind-driver",
  ["preflight.session"] = "log in another way than over the modem",
  ["preflight.memory"] = "free some memory",
  ["preflight.autosuspend"] = "run as root",
  ["preflight.power"] = "give the modem a better supply",
  ["preflight.hypervisor"] = "pass the modem through with the ids of both of its modes",
  -- the message bus
  ["bus.failed"] = "check that the system's message bus runs",
  ["bus.refused"] = "run the same command again",
  ["bus.timeout"] = "run the same command again",
  ["bus.closed"] = "check that the system's message bus runs",
  ["bus.interrupted"] = "run the same command again",
  -- traces
  ["trace.failed"] = "choose another file for --trace",
  ["trace.unusable"] = "give a file that this version wrote with --trace",
  ["replay.differs"] = "the trace, the images or the program are not what they were",
  -- jobs and scripts
  ["job.interrupted"] = "run the same command again; it goes on from the state the modem is in",
  ["job.up_to_date"] = "use --force to send the images all the same",
  ["job.not_entered"] = "run the same command again, or choose another way with --route",
  ["job.not_confirmed"] = "`moonflash status` shows why",
  ["stored.none"] = "give the image files: `moonflash recover FILE...` or `moonflash update FILE...`",
  ["modem.boot_rom"] = "only the maker's tools reach a modem without a loader; moonflash cannot cure this",
  ["modem.radio_off"] = "`moonflash status` names who keeps the radio off",
  ["job.wrong_mode"] = "`moonflash status` shows the state of the modem",
  ["script.not_found"] = "check the name of the script",
  ["script.untrusted"] = "look at what the script says, then copy it to a folder of your own",
  ["script.invalid"] = "mend the script where the message says",
  ["script.raised"] = "mend the script where the message says",
  ["script.refused"] = "the message of the script says what it needs",
  ["script.warning"] = "the message of the script says what to look at",
  ["script.left_broken"] = "mend the script: after these faults the modem needs more than a second run",
  ["simulator.unavailable"] = "install the simulator of moonflash (on OpenWrt the package moonflash-simulator)",
  ["usage"] = "see `moonflash --help`",
  ["internal"] = "this is a bug of moonflash: run again with --log FILE and report it with that file",
}

--- Every code there is, with its default hint. A code that is not here cannot be made.
failure.codes = codes

local meta = debug.getregistry()["moonflash.failure"]
if not meta then
  meta = {}
  debug.getregistry()["moonflash.failure"] = meta
end

--- The hint of a failure: its own, else its code's.
function failure.hint(self)
  return self.hint or failure.codes[self.code]
end

function meta.__tostring(self)
  local text = self.message
  if self.step then text = self.step .. ": " .. text end
  if self.evidence then text = text .. " (" .. self.evidence .. ")" end
  return text
end

--- Makes a failure.
-- @tparam string code one of failure.codes
-- @tparam string message what happened, for people
-- @tparam[opt] table fields evidence, hint, step, cause and whatever else programs may want
-- @treturn table the failure
function failure.new(code, message, fields)
  if not failure.codes[code] then error("no such failure code: " .. tostring(code), 2) end
  local self = { code = code, message = message }
  for name, value in pairs(fields or {}) do self[name] = value end
  return setmetatable(self, meta)
end

--- The failure that a script means by what it returns behind `nil`: a failure, or a text that says why.
-- @param value
-- @treturn ?table
function failure.meant(value)
  if type(value) == "string" then return failure.new("script.refused", value) end
  return failure.is(value) and value or nil
end

--- Whether a value is a failure.
function failure.is(value)
  return type(value) == "table" and getmetatable(value) == meta
end

--- Hands on what a function returned, or ends the script with the failure it returned: what follows
-- may rely on the value. A step or script that ends so has failed with that failure.
-- @param value
-- @tparam ?table|string problem a failure, or a text as of io.open
-- @return value and all that follows it
function failure.try(value, problem, ...)
  local failed = value == nil and failure.meant(problem)
  if failed then error(failed, 0) end
  return value, problem, ...
end

return failure

# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

"""The messages of QMI's device management service (2) that an updater uses.

Ids and TLVs: libqmi, data/qmi-service-dms.json; the preference and the list of stored images also in Sierra's SDK
(darthzen/sierra-sdk, api/fms/inc/qaGobiApiFms.h). A handler returns the TLVs of its answer, or raises Refused.
"""

import struct

import qmux
from qmux import Refused

ONLINE, LOW_POWER, OFFLINE, RESET = 0, 1, 3, 4
SERVICES = {qmux.CONTROL: "ctl", qmux.DMS: "dms"}
TYPES = {"modem": 0, "pri": 1}
TYPE_NAMES = {0: "modem", 1: "pri"}
UNSPECIFIED = 0xff
ID_LENGTH = 16

# messages whose TLVs are texts
TEXTS = (0x0021, 0x0022, 0x0023, 0x0046, 0x0051, 0x5556)


def text(value):
    return value.encode("ascii")


def padded(unique_id):
    return text(unique_id).ljust(ID_LENGTH, b"\0")


def pack_preference(entries):
    packed = bytes([len(entries)])
    for kind, unique_id, build in entries:
        packed += bytes([TYPES[kind]]) + padded(unique_id) + bytes([len(build)]) + text(build)
    return packed


def unpack_preference(data):
    """The entries (kind, unique id, build id) of a list."""
    entries, at = [], 1
    for _ in range(data[0]):
        if at + 18 > len(data) or data[at] not in TYPE_NAMES or at + 18 + data[at + 17] > len(data):
            raise Refused("malformed")
        build = data[at + 18:at + 18 + data[at + 17]]
        unique_id = data[at + 1:at + 17].split(b"\0")[0]
        entries.append((TYPE_NAMES[data[at]], unique_id.decode("ascii"), build.decode("ascii")))
        at += 18 + len(build)
    if at != len(data):
        raise Refused("malformed")
    return entries


def pack_stored(groups):
    """groups: an array of (kind, places, running, images), each image (slot, unique id, build id)."""
    packed = bytes([len(groups)])
    for kind, places, running, images in groups:
        packed += bytes([TYPES[kind], places, running, len(images)])
        for slot, unique_id, build in images:
            packed += bytes([slot, 0 if kind == "modem" else UNSPECIFIED]) + padded(unique_id)
            packed += bytes([len(build)]) + text(build)
    return packed


class Dms:
    """The service of one modem in application mode."""

    def __init__(self, modem):
        self.modem = modem
        self.handlers = {
            0x0020: self.capabilities, 0x0021: self.manufacturer, 0x0022: self.model, 0x0023: self.revision,
            0x0025: self.ids, 0x002d: self.get_mode, 0x002e: self.set_mode, 0x003e: self.set_firmware_id,
            0x0047: self.get_preference, 0x0048: self.set_preference, 0x0049: self.list_stored,
            0x004f: self.get_boot_download, 0x0050: self.set_boot_download, 0x0051: self.version,
            0x5556: self.current_firmware, 0x555b: self.get_composition,
        }

    def handle(self, request):
        handler = self.handlers.get(request.message)
        if not handler:
            raise Refused("invalid_command")
        return handler(request)

    # --- what it is ---

    def capabilities(self, _):
        return [(0x01, struct.pack("<IIBBB4B", 50000000, 100000000, 2, 2, 4, 4, 5, 8, 9))]

    def manufacturer(self, _):
        return [(0x01, text(self.modem.variant["manufacturer"] or "Sierra Wireless, Incorporated"))]

    def model(self, _):
        return [(0x01, text(self.modem.variant["model_name"]))]

    def revision(self, _):
        return [(0x01, text(self.modem.revision()))]

    def version(self, _):
        return [(0x01, text(self.modem.running["firmware"]))]

    def ids(self, _):
        return [(0x10, b"0"), (0x11, text(self.modem.variant["imei"])), (0x13, b"20")]

    def current_firmware(self, _):
        modem = self.modem
        running, revision = modem.running, text(modem.revision())
        tlvs = [(0x10, text(modem.variant["model_name"])), (0x11, revision), (0x12, revision),
                (0x13, text(modem.variant["sku"])), (0x14, text(modem.factory_package))]
        if modem.variant["tells_settings"]:
            tlvs += [(0x15, b"1"), (0x16, text(running["config"])), (0x17, text(running["carrier"])),
                     (0x18, text(running["config"]))]
        return tlvs

    def get_composition(self, _):
        return [(0x10, b"\x06"), (0x11, bytes([3, 6, 8, 9]))]

    # --- its power ---

    def get_mode(self, _):
        modem = self.modem
        tlvs = [(0x01, bytes([modem.power]))]
        if modem.power != ONLINE:
            tlvs += [(0x10, struct.pack("<H", modem.offline_reasons())), (0x11, b"\0")]
        return tlvs

    def set_mode(self, request):
        self.modem.set_power(request.value(0x01)[0])
        return []

    # --- its images ---

    def _need_images(self):
        if not self.modem.has_images():
            raise Refused("invalid_command")

    def get_preference(self, _):
        self._need_images()
        return [(0x01, pack_preference(self.modem.images.preference))]

    def set_preference(self, request):
        self._need_images()
        entries = unpack_preference(request.value(0x01))
        override = request.tlvs.get(0x10, b"\0")[0] == 1
        wanted = self.modem.prefer(entries, override)
        if wanted is None:
            return []
        return [(0x01, bytes([len(wanted)]) + bytes(TYPES[kind] for kind in wanted))]

    def list_stored(self, _):
        self._need_images()
        return [(0x01, pack_stored(self.modem.images.groups(self.modem.running)))]

    # --- its way into the loader ---

    def set_firmware_id(self, request):
        if not self.modem.variant["firmware_id"]:
            raise Refused("missing_argument")
        self.modem.hold("firmware-id")
        return []

    def get_boot_download(self, _):
        self._need_boot_download()
        return [(0x10, bytes([self.modem.boot_download]))]

    def set_boot_download(self, request):
        self._need_boot_download()
        self.modem.boot_download = request.value(0x01)[0]
        return []

    def _need_boot_download(self):
        if not self.modem.variant["boot_download"]:
            raise Refused("not_supported")


class QmiPort:
    """Answers on one control port; `write` gets one answer at a time with the fault of its
    message, `indicate` what comes unasked. `shape` (variant["messages"]) changes answers:

    error, silent, lost (it acts and does not answer; refusals are answered), delay (seconds), answers (how many are
    changed, all if not given), omit (types in hex), set (type: hex), order ("reverse", or types in hex: these come
    first), pad (text that follows every text).

    A modem that has just booted is silent at first (pace["boot"]), and indications come unasked.
    """

    def __init__(self, modem, write, indicate=None):
        self.modem, self.write, self.indicate = modem, write, indicate or write
        self.control = qmux.Control()
        self.dms = Dms(modem)
        self.splitter = qmux.Splitter(self._frame, self._junk)
        self.boots_until = modem.loop.now() + modem.variant["pace"]["boot"]

    def feed(self, data):
        self.splitter.feed(data)

    def _junk(self, data):
        self.modem.stray("qmi", data)

    def _frame(self, frame):
        try:
            request = qmux.parse(frame)
        except (ValueError, IndexError) as problem:
            self.modem.violation(f"QMUX: {problem}: {frame.hex()}")
            return
        name = "0x%04x" % request.message
        if request.service != qmux.CONTROL:
            self.modem.log("qmi", message=name, tlvs={"%02x" % kind: value.hex()
                                                      for kind, value in request.tlvs.items()})
        if request.service != qmux.CONTROL and not self.control.knows(request):
            self.modem.violation(f"client {request.client} was not allocated for {name}")
            return
        fault = self.modem.faults.at(f"{SERVICES[request.service]}.{name}")
        if not fault.is_unheard:
            self._answer(request, self.modem.shape_of(name) if request.service != qmux.CONTROL else {}, fault)

    def _answer(self, request, shape, fault):
        if shape.get("silent") or self.modem.is_silent("qmi") or self.modem.loop.now() < self.boots_until:
            return
        # The bytes are made before the modem acts on a reset, and sent although it then leaves.
        tlvs = self._tlvs(request, shape, fault)
        data = qmux.answer(request, tlvs)
        if shape.get("lost") and qmux.result() in tlvs:
            return
        if self.modem.variant["indications"]:
            self.indicate(qmux.indication(request))
        delay = shape.get("delay", 0) + self.modem.variant["pace"]["answer"]
        write = self.write
        if delay:
            self.modem.loop.after(delay, lambda: write(data, fault))
        else:
            write(data, fault)

    def _tlvs(self, request, shape, fault):
        try:
            error = fault.value if fault.is_refused else shape.get("error")
            if error:
                raise Refused(error)
            handler = self.control if request.service == qmux.CONTROL else self.dms
            tlvs = [qmux.result(), *handler.handle(request)]
        except Refused as refused:
            return [qmux.result(refused.code)]
        return shaped(request.message, tlvs, shape)


def shaped(message, tlvs, shape):
    """The TLVs with the changes of a shape."""
    fixed = {int(kind, 16): bytes.fromhex(value) for kind, value in shape.get("set", {}).items()}
    omitted = [int(kind, 16) for kind in shape.get("omit", [])]
    pad = text(shape.get("pad", "")) if message in TEXTS else b""
    tlvs = [(kind, fixed.pop(kind) if kind in fixed else value + (pad if kind != qmux.RESULT else b""))
            for kind, value in tlvs if kind not in omitted]
    tlvs += fixed.items()
    order = shape.get("order", [])
    if order == "reverse":
        return tlvs[::-1]
    first = [int(kind, 16) for kind in order]
    return sorted(tlvs, key=lambda tlv: first.index(tlv[0]) if tlv[0] in first else len(first))

# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

"""QMI framing and the control service.

QMUX: 01 | u16 length (total - 1) | u8 flags | u8 service | u8 client | SDU, little-endian. The SDU of the control
service (0) has an 8-bit transaction, that of all others a 16-bit one. Sources: libqmi, src/libqmi-glib/qmi-message.c
and data/qmi-service-ctl.json; Qualcomm's GobiAPI (Core/QMIBuffers.h).
"""

import struct

MARKER = 0x01
FROM_MODEM = 0x80
CONTROL, DMS = 0, 2
RESULT = 0x02

ERRORS = {
    "malformed": 1, "internal": 3, "client_ids_exhausted": 5, "missing_argument": 17, "device_unsupported": 25,
    "no_effect": 26, "invalid_argument": 48, "storage_full": 51, "not_ready": 52, "invalid_transition": 60,
    "invalid_command": 71, "access_denied": 82, "hardware_restricted": 83, "not_supported": 94,
}


class Refused(Exception):
    """A handler refuses a request with a QMI error."""

    def __init__(self, name):
        super().__init__(name)
        self.code = ERRORS[name] if isinstance(name, str) else name


class Request:
    def __init__(self, service, client, transaction, message, tlvs):
        self.service, self.client, self.transaction = service, client, transaction
        self.message, self.tlvs = message, tlvs

    def value(self, tlv):
        if tlv not in self.tlvs:
            raise Refused("missing_argument")
        return self.tlvs[tlv]


def parse_tlvs(data):
    tlvs, at = {}, 0
    while at < len(data):
        if at + 3 > len(data):
            raise ValueError("a TLV is cut off")
        kind, length = struct.unpack_from("<BH", data, at)
        if at + 3 + length > len(data):
            raise ValueError("a TLV is longer than its message")
        tlvs[kind] = data[at + 3:at + 3 + length]
        at += 3 + length
    return tlvs


def parse(frame):
    """A Request; raises ValueError for a frame that is none."""
    service, client = frame[4], frame[5]
    layout = "<BBHH" if service == CONTROL else "<BHHH"
    start = 6 + struct.calcsize(layout)
    if len(frame) < start:
        raise ValueError("too short")
    flags, transaction, message, length = struct.unpack_from(layout, frame, 6)
    if frame[3] != 0 or flags != 0 or length != len(frame) - start:
        raise ValueError("no request")
    return Request(service, client, transaction, message, parse_tlvs(frame[start:]))


def answer(request, tlvs):
    """The bytes of an answer; tlvs: an array of pairs (type, bytes)."""
    body = b"".join(struct.pack("<BH", kind, len(value)) + value for kind, value in tlvs)
    if request.service == CONTROL:
        sdu = struct.pack("<BBHH", 1, request.transaction, request.message, len(body))
    else:
        sdu = struct.pack("<BHHH", 2, request.transaction, request.message, len(body))
    return struct.pack("<BHBBB", MARKER, len(sdu) + len(body) + 5, FROM_MODEM, request.service,
                       request.client) + sdu + body


def indication(request):
    """An indication of the same service for all its clients: an event report, or Sync of the control service."""
    if request.service == CONTROL:
        return bytes.fromhex("010b00800000020027000000")
    return bytes.fromhex("010c0080") + bytes([request.service, 0xff]) + bytes.fromhex("04000001000000")


def result(error=0):
    return RESULT, struct.pack("<HH", 1 if error else 0, error)


class Splitter:
    """Cuts a stream into frames. `junk` gets the bytes that are no QMUX."""

    def __init__(self, frame, junk):
        self.frame, self.junk, self.pending = frame, junk, b""

    def feed(self, data):
        self.pending += data
        while self.pending:
            start = self.pending.find(MARKER)
            if start != 0:
                end = len(self.pending) if start < 0 else start
                self.junk(self.pending[:end])
                self.pending = self.pending[end:]
                continue
            if len(self.pending) < 6:
                return
            total = struct.unpack_from("<H", self.pending, 1)[0] + 1
            if len(self.pending) < total:
                return
            frame, self.pending = self.pending[:total], self.pending[total:]
            self.frame(frame)


class Control:
    """Service 0: client ids. They are lost when the modem restarts."""

    def __init__(self):
        self.clients = {}
        self.last = 0

    def knows(self, request):
        return self.clients.get(request.client) == request.service

    def handle(self, request):
        handler = {0x0021: self._versions, 0x0022: self._allocate, 0x0023: self._release,
                   0x0027: self._sync}.get(request.message)
        if not handler:
            raise Refused("invalid_command")
        return handler(request)

    def _versions(self, _):
        services = [(CONTROL, 1, 5), (1, 1, 36), (DMS, 1, 14), (3, 1, 25)]
        packed = b"".join(struct.pack("<BHH", *service) for service in services)
        return [(0x01, bytes([len(services)]) + packed)]

    def _allocate(self, request):
        service = request.value(0x01)[0]
        if service != DMS:
            raise Refused("not_supported")
        self.last = self.last % 254 + 1
        self.clients[self.last] = service
        return [(0x01, bytes([service, self.last]))]

    def _release(self, request):
        service, client = request.value(0x01)[:2]
        if self.clients.pop(client, None) != service:
            raise Refused("invalid_argument")
        return [(0x01, bytes([service, client]))]

    def _sync(self, _):
        self.clients.clear()
        return []

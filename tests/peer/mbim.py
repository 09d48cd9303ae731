# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

"""QMI over MBIM: the control port of a modem in an MBIM composition.

A message: u32 type, u32 length, u32 transaction, little-endian. A command carries QMUX as the information buffer of a
vendor service. Source: USB-IF, MBIM 1.0, sections 9.2 to 9.4; the service and a real pair of messages: libmbim-devel
2015-July/000616.
"""

import struct
import uuid

import dms

OPEN, CLOSE, COMMAND, INDICATION = 1, 2, 3, 7
NAMES = {OPEN: "open", CLOSE: "close"}
FROM_MODEM = 0x80000000
HEADER, COMMAND_HEADER = 12, 48
QMI_SERVICE = uuid.UUID("d1a30bc2-f97a-6e43-bf65-c7e24fb0f0d3").bytes
BASIC_CONNECT = uuid.UUID("a289cc33-bcbb-8b4f-b6b0-133ec2aae6df").bytes
SUBSCRIBE_LIST = 19  # CID of basic connect: which indications the host wants (MBIM 1.0, 10.5.30)
NO_DEVICE_SUPPORT = 9


class MbimPort:
    def __init__(self, modem, write):
        self.modem, self.write = modem, write
        self.pending = b""
        self.is_open = False
        self.qmi = dms.QmiPort(modem, None, self._indicate)

    def feed(self, data):
        self.pending += data
        while len(self.pending) >= HEADER:
            kind, length, transaction = struct.unpack_from("<III", self.pending)
            if kind not in (OPEN, CLOSE, COMMAND) or not HEADER <= length <= 4096:
                self.modem.stray("mbim", self.pending)
                self.pending = b""
                return
            if len(self.pending) < length:
                return
            message, self.pending = self.pending[:length], self.pending[length:]
            self._take(kind, transaction, message)

    def _send(self, kind, transaction, body, fault=None):
        header = struct.pack("<III", kind | FROM_MODEM, HEADER + len(body), transaction)
        self.write(header + body, fault)

    def _take(self, kind, transaction, message):
        if kind == COMMAND:
            self._command(transaction, message)
            return
        fault = self.modem.faults.at("mbim." + NAMES[kind])
        if fault.is_unheard:
            return
        self.is_open = kind == OPEN and not fault.is_refused
        self._send(kind, transaction, struct.pack("<I", fault.value if fault.is_refused else 0), fault)

    def _command(self, transaction, message):
        service, cid = message[20:36], struct.unpack_from("<I", message, 36)[0]
        if not self.is_open:
            self.modem.violation("an MBIM command before the open")
        elif service == BASIC_CONNECT and cid == SUBSCRIBE_LIST:
            self._done(transaction, service, cid, 0, message[COMMAND_HEADER:])
        elif service != QMI_SERVICE or cid != 1:
            self._done(transaction, service, cid, NO_DEVICE_SUPPORT, b"")
        else:
            # an answer has the transaction of its request
            self.qmi.write = lambda data, fault: self._done(transaction, QMI_SERVICE, 1, 0, data, fault)
            self.qmi.feed(message[COMMAND_HEADER:])

    def _indicate(self, data):
        self._send(INDICATION, 0, struct.pack("<II", 1, 0) + QMI_SERVICE + struct.pack("<II", 1, len(data)) + data)

    def _done(self, transaction, service, cid, status, information, fault=None):
        self._send(COMMAND, transaction, struct.pack("<II", 1, 0) + service
                   + struct.pack("<III", cid, status, len(information)) + information, fault)

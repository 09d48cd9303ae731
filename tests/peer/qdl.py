# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

"""A loader that speaks QDL with Sierra's container (image type 80), strictly.

Frames are 7e, escaped payload and CRC, 7e; a write (27) is 13 bytes of header and raw data without flags. Sources:
libqmi, src/qmi-firmware-update/qfu-qdl-{device,message}.c; Qualcomm's GobiAPI (Core/QDLEnum.h, Core/QDLBuffers.h);
traces in libqmi's commits 6adf441c, b9fbe9ba, 00b98560 and libqmi-devel 2018-April/002822.

variant["loader"]: switch (the answer to 70: "ack", "error", "silent"), product, window (seconds of silence until it
leaves), refuse_open and refuse_done (statuses, one for each), swallow (seconds), silent, sahara, restarts (after,
times, into), ack and last_ack (seconds), split (answers come byte by byte), text (in errors and the answer to done).
"""

import struct

import cwe
from checksums import crc16, jamcrc
from faults import Fault

FLAG, ESCAPE, ESCAPE_BIT = 0x7e, 0x7d, 0x20
SWITCH, HELLO, HELLO_ANSWER, ERROR = 0x70, 0x01, 0x02, 0x0d
OPEN, OPEN_ANSWER, WRITE, WRITE_ANSWER = 0x25, 0x26, 0x27, 0x28
DONE, DONE_ANSWER, RESET = 0x29, 0x2a, 0x2d
NAMES = {SWITCH: "switch", HELLO: "hello", OPEN: "open", WRITE: "write", DONE: "done", RESET: "reset"}
WITH_STATUS = (OPEN, WRITE, DONE)

HOST_MAGIC = b"QCOM high speed protocol hst".ljust(32, b"\0")
TARGET_MAGIC = b"QCOM high speed protocol tgt0".ljust(32, b"\0")
VERSION = 6
FEATURES = 0x30  # unframed streaming, high speed
CONTAINER = 0x80
WRITE_HEADER = 13
BAD_LENGTH, BAD_COMMAND, UNSUPPORTED, BAD_CRC, BAD_STATE = 3, 5, 22, 23, 24
BAD_SIZE, BAD_TYPE, BAD_HEADER = 1, 2, 3  # statuses of the answer to open
NOT_AUTHENTIC = 1  # status of the answer to done
CONTENT_FAILED = 2  # status of the answer to a write
SPLIT_SECONDS = 0.001
# Sahara's hello in memory-debug mode (libqmi-devel 2017-November/002565)
SAHARA_HELLO = struct.pack("<12I", 1, 48, 2, 1, 1024, 2, 0, 0, 0, 0, 0, 0)


def escaped(data):
    made = bytearray()
    for byte in data:
        made += bytes([ESCAPE, byte ^ ESCAPE_BIT]) if byte in (FLAG, ESCAPE) else bytes([byte])
    return bytes(made)


def frame(payload):
    return b"\x7e" + escaped(payload + struct.pack("<H", crc16(payload))) + b"\x7e"


def unescaped(data):
    made, is_escaped = bytearray(), False
    for byte in data:
        if byte == ESCAPE and not is_escaped:
            is_escaped = True
            continue
        made.append(byte ^ ESCAPE_BIT if is_escaped else byte)
        is_escaped = False
    return bytes(made)


class Image:
    """What was opened: the header, and the data so far."""

    def __init__(self, header):
        self.header_bytes = header
        self.header = cwe.Header(header)
        self.data = bytearray()
        self.sequence = 0

    def is_whole(self):
        return len(self.data) == self.header.size


class LoaderPort:
    def __init__(self, modem, write):
        self.modem, self.write_now = modem, write
        self.settings = modem.variant["loader"]
        self.pending = b""
        self.greeted = False
        self.image = None
        self.window = None
        self.is_swallowing = self.settings["swallow"] > 0
        self.fault = Fault()  # that of the command in hand
        self.opens = self.settings["refuse_open"]
        self.dones = self.settings["refuse_done"]

    # --- its time ---

    def begin(self):
        modem = self.modem
        if self.is_swallowing:
            modem.later(self.settings["swallow"], self._wake)
        restarts = self.settings["restarts"]
        if restarts and restarts["times"] > 0:
            restarts["times"] -= 1
            modem.later(restarts["after"], self._restart_by_itself)
        self._begin_window()

    def _wake(self):
        self.is_swallowing = False
        self.pending = b""

    def _restart_by_itself(self):
        self.modem.log("loader", words="restarts by itself")
        self.modem.held = self.settings["restarts"].get("into", "loader") == "loader"
        self.modem.restart(0)

    def _begin_window(self):
        if self.window:
            self.window.cancel()
        self.window = self.modem.later(self.settings["window"], self._window_ended)

    def _window_ended(self):
        if self.image or self.modem.is_torn:
            return
        self.modem.log("loader", words="nobody speaks to it")
        self.modem.leave_loader(0)

    # --- bytes ---

    def feed(self, data):
        if self.is_swallowing or self.settings["silent"]:
            return
        if self.settings["sahara"]:
            self.write_now(SAHARA_HELLO)
            return
        self.pending += data
        while self._take_one():
            pass

    def _take_one(self):
        """Takes a frame or a write; False when there is none yet."""
        if not self.pending:
            return False
        if self.pending[0] == WRITE:
            return self._take_write()
        start = self.pending.find(FLAG)
        if start != 0:
            end = start if start > 0 else len(self.pending)
            self.modem.violation(f"bytes outside of a frame: {self.pending[:min(end, 32)].hex()}")
            self.pending = self.pending[end:]
            return start > 0
        stripped = self.pending.lstrip(b"\x7e")
        end = stripped.find(FLAG)
        if stripped[:1] == bytes([WRITE]):
            self.pending = stripped
            return True
        if end < 0:
            # several flags in a row are one
            self.pending = b"\x7e" + stripped
            return False
        self.pending = stripped[end + 1:]
        self._frame(unescaped(stripped[:end]))
        return True

    def _frame(self, data):
        self._begin_window()
        if len(data) < 3 or crc16(data[:-2]) != struct.unpack("<H", data[-2:])[0]:
            self._error(BAD_CRC, "a frame with a wrong CRC")
            return
        payload = data[:-2]
        handlers = {SWITCH: self._switch, HELLO: self._hello, OPEN: self._open, DONE: self._done, RESET: self._reset}
        handler = handlers.get(payload[0])
        if not handler:
            self._error(UNSUPPORTED, f"command {payload[0]:02x}")
            return
        self._with_fault(payload[0], lambda: handler(payload))

    def _with_fault(self, command, act):
        """Acts on a command, unless a fault is due."""
        self.fault = self.modem.faults.at("qdl." + NAMES[command])
        if self.fault.kind == "error" or self.fault.is_refused and command not in WITH_STATUS:
            self._send_error(self.fault.value)
        elif not self.fault.is_unheard:
            act()
        self.fault = Fault()

    def _answer(self, payload, fault=None):
        fault, data = fault or self.fault, frame(payload)
        if fault.kind or not self.settings["split"]:
            self.write_now(data, fault)
            return
        for index in range(len(data)):
            self.modem.later(index * SPLIT_SECONDS, lambda at=index: self.write_now(data[at:at + 1]))

    def _error(self, code, words):
        self.modem.violation(words)
        self._send_error(code)

    def _send_error(self, code):
        self._answer(struct.pack("<BI", ERROR, code) + self._text())

    def _text(self):
        return self.settings["text"].encode("ascii") + b"\0"

    def _log(self, command, **fields):
        self.modem.log("qdl", command=command, **fields)

    # --- commands ---

    def _switch(self, payload):
        self._log("switch")
        if payload != b"\x70\x00\x00":
            self._error(BAD_LENGTH, "the switch has other bytes")
        elif self.settings["switch"] == "ack":
            self._answer(b"\x02")
        elif self.settings["switch"] == "error":
            self._send_error(UNSUPPORTED)

    def _hello(self, payload):
        self._log("hello")
        if len(payload) != 36 or payload[1:33] != HOST_MAGIC:
            self._error(BAD_LENGTH, "the hello has other bytes")
            return
        highest, lowest, features = payload[33:]
        if not lowest <= VERSION <= highest or features & FEATURES != FEATURES:
            self._error(BAD_COMMAND, f"hello with versions {lowest} to {highest}, features {features:02x}")
            return
        self.image = None  # the image that a program before left open has to be sent again
        self.greeted = True
        self._answer(bytes([HELLO_ANSWER]) + TARGET_MAGIC + bytes([VERSION, VERSION])
                     + struct.pack("<IIBHHB", 0, 0, 0, 0, 0, FEATURES))

    def _open(self, payload):
        self._log("open")
        if not self.greeted or self.image:
            self._error(BAD_STATE, "an open without a hello before it")
            return
        status = self._open_status(payload)
        if self.opens and status == 0:
            status = self.opens.pop(0)
        status = self._refusal() or status
        chunk = struct.unpack_from("<I", payload, 7)[0] if len(payload) >= 11 else 0
        if status == 0:
            self.image = Image(payload[WRITE_HEADER:])
        self._log("open answered", status=status)
        self._answer(struct.pack("<BHBI", OPEN_ANSWER, status, 1, chunk if status == 0 else 0))

    # The status that a fault makes of the command in hand, else 0.
    def _refusal(self):
        return self.fault.value if self.fault.is_refused else 0

    def _open_status(self, payload):
        if len(payload) != WRITE_HEADER + cwe.SIZE:
            self.modem.violation(f"an open of {len(payload)} bytes")
            return BAD_HEADER
        kind, length, window, chunk, _ = struct.unpack_from("<BIBIH", payload, 1)
        header = cwe.Header(payload[WRITE_HEADER:])
        if kind != CONTAINER or header.type != "SPKG" or header.product.upper() != self.settings["product"]:
            return BAD_TYPE
        if not header.has_good_prefix:
            return BAD_HEADER
        if length != header.size + cwe.SIZE or chunk != header.size or window != 1:
            return BAD_SIZE
        return 0

    def _take_write(self):
        if len(self.pending) < WRITE_HEADER:
            return False
        _, sequence, _, length, crc = struct.unpack_from("<BHIIH", self.pending)
        image = self.image
        if crc != crc16(self.pending[:WRITE_HEADER - 2]) or not image:
            self.pending = b""
            self._error(BAD_STATE if not image else BAD_CRC, "a write without an open image, or with a wrong CRC")
            return False
        self.modem.is_torn = True
        if len(self.pending) < WRITE_HEADER + length:
            return False
        data, self.pending = self.pending[WRITE_HEADER:WRITE_HEADER + length], self.pending[WRITE_HEADER + length:]
        self._with_fault(WRITE, lambda: self._write(image, sequence, data))
        return True

    def _write(self, image, sequence, data):
        status = self._refusal()
        if not status and (sequence != image.sequence or len(image.data) + len(data) > image.header.size):
            self.modem.violation(f"write {sequence} of {len(data)} bytes where {image.sequence} was due")
            status = CONTENT_FAILED
        if not status:
            image.sequence += 1
            image.data += data
        late = self.settings["last_ack" if image.is_whole() else "ack"]
        answer = struct.pack("<BHIH", WRITE_ANSWER, sequence, 0, status)
        fault = self.fault
        self.modem.later(late, lambda: self._answer(answer, fault))

    def _done(self, _):
        image, self.image, self.greeted = self.image, None, False
        if not image:
            self._error(BAD_STATE, "done without an image")
            return
        status = 0 if image.is_whole() and jamcrc(image.data) == image.header.crc else NOT_AUTHENTIC
        if self.dones and status == 0:
            status = self.dones.pop(0)
        status = self._refusal() or status
        self._log("done", status=status, bytes=len(image.data), crc="%08x" % jamcrc(image.data),
                  writes=image.sequence)
        if status == 0:
            self.modem.is_torn = False
            self.modem.take(image.header, cwe.kinds_inside(image.data), image.header_bytes + image.data)
        self._answer(struct.pack("<BHB", DONE_ANSWER, status, CONTAINER if status else 0) + self._text())

    def _reset(self, _):
        self._log("reset")
        if self.modem.is_torn:
            self.modem.violation("reset with a torn image")
        self.modem.leave_loader()

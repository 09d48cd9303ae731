# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

"""The header of a Sierra CWE image: 400 bytes, big-endian.

Offsets: eagleusb/wwan, scripts/parsecwe.pl. The version text is
<SKU>_<part>_<device>_<firmware>_<boot block>_<carrier>_<settings version>_<package>.
"""

import struct

from checksums import jamcrc

SIZE = 400


class Header:
    def __init__(self, data):
        self.prefix_crc, = struct.unpack_from(">I", data, 0x100)
        self.has_good_prefix = jamcrc(data[:0x100]) == self.prefix_crc
        self.type = data[0x10c:0x110].decode("ascii", "replace")
        self.product = data[0x110:0x114].decode("ascii", "replace")
        self.size, self.crc = struct.unpack_from(">II", data, 0x114)
        self.version = data[0x11c:0x170].split(b"\0")[0].decode("ascii", "replace")

    def names(self):
        """Firmware, carrier and settings version; None where there is none. A .cwe names the firmware alone."""
        fields = self.version.split("_")
        if len(fields) < 8:
            return None, None, None
        firmware, carrier, config = fields[3], fields[5], "_".join(fields[6:])
        return (firmware, None, None) if carrier == "?" else (firmware, carrier, config)


def kinds_inside(body):
    """The types of the records at the top of an image's data: BOOT, MODM, FILE ..."""
    found, at = [], 0
    while at + SIZE <= len(body):
        header = Header(body[at:at + SIZE])
        if not header.has_good_prefix:
            break
        found.append(header.type)
        at += SIZE + header.size
    return found

# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

"""The two checksums.

CRC-16/X-25 of QDL frames ("123456789" gives 906e) and CRC-32/JAMCRC of CWE images ("123456789" gives 340bc6d9, 256
zero bytes give f2697aa7: eagleusb/wwan, scripts/parsecwe.pl).
"""

import zlib

POLYNOMIAL = 0x8408


def _table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (POLYNOMIAL if byte & 1 else 0)
        table.append(byte)
    return table


TABLE = _table()


def crc16(data):
    crc = 0xffff
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 0xff]
    return crc ^ 0xffff


def jamcrc(data):
    return zlib.crc32(data) ^ 0xffffffff

# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

"""The log: one JSON object a line, each with the time, the modem and an event."""

import json


class Log:
    def __init__(self, path, loop):
        self.file = open(path, "w", encoding="utf-8")
        self.loop = loop

    def write(self, modem, event, **fields):
        entry = {"t": round(self.loop.now(), 4), "modem": modem, "event": event, **fields}
        self.file.write(json.dumps(entry) + "\n")
        self.file.flush()

    def close(self):
        self.file.close()

# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

"""What goes wrong at single messages of the host: variant["faults"], as "dms.0x0048#2": ["late", 3] for the second one.

Names of messages: ctl.0x0022 and dms.0x0048 (QMI), mbim.open, mbim.close, at.AT!IMPREF (without what it sets), qdl.open.
The modem does not act on a message with one of the first four:

silence; unplug [PLACE] (it loses its power and comes back, there if a place is given); refuse CODE (a QMI error, an
MBIM or QDL status, ERROR over AT, an error frame where QDL has no status); error CODE (an error frame of QDL)
lost (it acts and does not answer), late SECONDS, cut (half of the answer comes), flip (one bit of it is wrong), stale
(the answer before comes once more, in front of it)
"""

UNHEARD = ("silence", "unplug")
REFUSED = ("refuse", "error")


class Fault:
    """What happens to one message; nothing if no kind is given."""

    def __init__(self, kind=None, value=None):
        self.kind, self.value = kind, value
        self.is_unheard = kind in UNHEARD
        self.is_refused = kind in REFUSED

    def delay(self):
        return self.value if self.kind == "late" else 0

    def changed(self, answer, before):
        """What comes instead of an answer."""
        half = len(answer) // 2
        if self.kind == "lost":
            return b""
        if self.kind == "cut":
            return answer[:half]
        if self.kind == "flip":
            return answer[:half] + bytes([answer[half] ^ 1]) + answer[half + 1:]
        return before + answer if self.kind == "stale" else answer


class Faults:
    """Counts the messages of a modem, and logs each."""

    def __init__(self, modem):
        self.modem = modem
        self.counts = {}

    def at(self, name):
        """The fault of a message that has come."""
        number = self.counts[name] = self.counts.get(name, 0) + 1
        fault = Fault(*self.modem.variant["faults"].get(f"{name}#{number}", ()))
        self.modem.log("message", name=name, number=number, fault=fault.kind)
        if fault.kind == "unplug":
            self.modem.unplug(fault.value)
        return fault

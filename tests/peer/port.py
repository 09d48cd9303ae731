# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

"""A port of a modem: a pseudo terminal. The modem holds the master; /dev has a link to the slave."""

import os
import pty
import tty

LARGEST_READ = 65536
RETRY_SECONDS = 0.005


class Port:
    """A port of which `receive(bytes)` gets what arrives."""

    def __init__(self, loop, receive):
        self.loop = loop
        self.receive = receive
        self.received = 0
        self.last = b""
        self.unsent = b""
        # Our own descriptor of the slave keeps the master from hanging up while no program has the port open.
        self.master, self.slave = pty.openpty()
        tty.setraw(self.slave)
        os.set_blocking(self.master, False)
        self.path = os.ttyname(self.slave)
        loop.watch(self.master, self._read)

    def is_open(self):
        return self.master is not None

    def write(self, data, fault=None):
        """Sends the answer to a message that has this fault; without one what is no answer."""
        if fault is None:
            self._queue(data)
            return
        changed, self.last = fault.changed(data, self.last), data
        if fault.delay():
            self.loop.after(fault.delay(), lambda: self._queue(changed))
        else:
            self._queue(changed)

    def _queue(self, data):
        self.unsent += data
        self._send()

    def close(self):
        """The modem left: a program that has the port open sees a hang-up."""
        if not self.is_open():
            return
        self.loop.unwatch(self.master)
        os.close(self.master)
        os.close(self.slave)
        self.master = None

    def _read(self):
        try:
            data = os.read(self.master, LARGEST_READ)
        except (BlockingIOError, OSError):
            return
        self.received += len(data)
        self.receive(data)

    def _send(self):
        if not self.is_open() or not self.unsent:
            return
        try:
            sent = os.write(self.master, self.unsent)
        except BlockingIOError:
            sent = 0
        self.unsent = self.unsent[sent:]
        if self.unsent:
            self.loop.after(RETRY_SECONDS, self._send)

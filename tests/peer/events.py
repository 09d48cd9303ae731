# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

"""One thread: timers and descriptors."""

import heapq
import itertools
import selectors
import time


class Timer:
    """A call that is due later."""

    def __init__(self, action):
        self.action = action

    def cancel(self):
        self.action = None


class Loop:
    """Calls what is due, until `end` is called."""

    def __init__(self):
        self.began = time.monotonic()
        self.ended = False
        self.selector = selectors.DefaultSelector()
        self.timers = []
        self.order = itertools.count()

    def now(self):
        """Seconds since the start."""
        return time.monotonic() - self.began

    def after(self, seconds, action):
        timer = Timer(action)
        heapq.heappush(self.timers, (self.now() + seconds, next(self.order), timer))
        return timer

    def watch(self, descriptor, action):
        self.selector.register(descriptor, selectors.EVENT_READ, action)

    def unwatch(self, descriptor):
        self.selector.unregister(descriptor)

    def end(self):
        self.ended = True

    def run(self):
        while not self.ended:
            for key, _ in self.selector.select(self._until_due()):
                # an action before this one may have closed the descriptor
                if key.fd in self.selector.get_map():
                    key.data()
            self._call_due()

    def _until_due(self):
        return max(0, self.timers[0][0] - self.now()) if self.timers else None

    def _call_due(self):
        while self.timers and self.timers[0][0] <= self.now():
            timer = heapq.heappop(self.timers)[2]
            if timer.action:
                timer.action()

#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

"""Simulated modems that share nothing with the program's own simulator.

    python3 tests/peer/peer.py FOLDER '{"modems": [{"model": "MC7455"}]}'

The second argument is a variant (see variants.py), or a file of one after an @. FOLDER gets a /sys, a /dev with pseudo
terminals, `log`, one JSON object a line, and `received` with the images as NAME-1, NAME-2. The only line on standard
output is "ready". SIGTERM ends it: the ports close and the devices leave. The exit status is 1 for a variant that
cannot be played.

Events of the log: begin (its clock in ms), attach, restart (it is about to leave), detach, state, preference, hold,
message (each of the host, with its number and fault: see faults.py), qmi, at, qdl, image, loader (what it does by
itself), port (how many bytes it received, when it closes), stray (bytes that are none of the port's protocol: QDL at a
port that is no loader), violation (a mistake in the protocol of the port), end.
"""

import json
import os
import signal
import socket
import sys

import variants
from events import Loop
from modem import Modem
from record import Log
from tree import Tree


def read_variant(argument):
    if argument.startswith("@"):
        with open(argument[1:], encoding="utf-8") as file:
            argument = file.read()
    return [variants.complete(modem) for modem in json.loads(argument)["modems"]]


def play(folder, given):
    loop = Loop()
    tree, log = Tree(folder), Log(folder + "/log", loop)
    log.write(None, "begin", clock=round(loop.began * 1000))
    os.makedirs(folder + "/received")
    modems = [Modem(loop, tree, log, modem) for modem in given]
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: loop.end())
    # a signal must wake the loop
    reader, writer = signal_pipe()
    signal.set_wakeup_fd(writer)
    loop.watch(reader.fileno(), lambda: reader.recv(64))
    for modem in modems:
        modem.start()
    print("ready", flush=True)
    loop.run()
    for modem in modems:
        modem.detach()
    log.write(None, "end")
    log.close()


def signal_pipe():
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    return reader, writer.detach()


def main(arguments):
    try:
        folder, variant = arguments
        given = read_variant(variant)
    except (ValueError, KeyError, OSError) as problem:
        print(f"peer: {problem}", file=sys.stderr)
        return 1
    play(folder, given)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

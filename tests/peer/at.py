# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

"""The AT port.

Commands and forms of answers: the threads of forum.sierrawireless.com and issues of danielewood/sierra-wireless-modems
that show them (AT!IMPREF?, AT!IMAGE?, AT!PCINFO?, AT!PRIID?, AT!BOOTHOLD); libqmi,
src/qmi-firmware-update/qfu-at-device.c.

variant["at"]: echo, replies (command: a list of lines in place of the usual answer; an empty list is silence), late
(command: seconds), preference ("IMPREF", "GOBIIMPREF", "both").
"""

import re

PASSWORD = '!ENTERCND="A710"'


class AtPort:
    def __init__(self, modem, write):
        self.modem, self.write = modem, write
        self.settings = modem.variant["at"]
        self.pending = b""
        self.queue = []
        self.is_busy = False
        self.is_unlocked = not self.settings["locked"]

    def feed(self, data):
        self.pending += data.replace(b"\n", b"")
        while b"\r" in self.pending:
            line, _, self.pending = self.pending.partition(b"\r")
            self._received(line.decode("latin-1").strip())

    def _received(self, command):
        # what stands before AT is skipped
        command = command[max(command.upper().find("AT"), 0):]
        if not command:
            return
        self.modem.log("at", command=command)
        if self.settings["echo"]:
            self.write(command.encode("latin-1") + b"\r")
        self.queue.append((command, self.modem.faults.at("at." + command.partition("=")[0])))
        self._next()

    def _next(self):
        if self.is_busy or not self.queue:
            return
        self.is_busy = True
        command, fault = self.queue.pop(0)
        late = self.settings["late"].get(command, 0) + self.modem.variant["pace"]["answer"]
        self.modem.later(late, lambda: self._answer(command, fault))

    def _answer(self, command, fault):
        if not self.modem.is_silent("at") and not fault.is_unheard:
            lines = self.settings["replies"].get(command)
            if lines is None:
                lines = ["ERROR"] if fault.is_refused else self._lines(command)
            self.write(b"".join(b"\r\n" + line.encode("latin-1") + b"\r\n" for line in lines), fault)
        self.is_busy = False
        self._next()

    def _lines(self, command):
        if not command.upper().startswith("AT"):
            return ["ERROR"]
        for pattern, handler in HANDLERS:
            match = re.fullmatch(pattern, command[2:], re.IGNORECASE)
            if match:
                return handler(self, *match.groups())
        return ["ERROR"]

    # --- what it is ---

    def nothing(self):
        return ["OK"]

    def unlock(self):
        self.is_unlocked = True
        return ["OK"]

    def identity(self):
        variant = self.modem.variant
        return [f"Manufacturer: {variant['manufacturer']}", f"Model: {variant['model_name']}",
                f"Revision: {self.modem.revision()}", f"IMEI: {variant['imei']}", "IMEI SV: 20",
                f"FSN: {variant['serial']}", "+GCAP: +CGSM", "", "", "OK"]

    def revision(self):
        return [self.modem.revision(), "", "OK"]

    def settings_id(self):
        running = self.modem.running
        return ["PRI Part Number: 9904336", "Revision: 001.007", "Customer: Generic", "",
                f"Carrier PRI: 9999999_9904609_{self.modem.variant['family']}_{running['firmware']}_00_"
                f"{running['carrier']}_{running['config']}", "", "OK"]

    def sim(self):
        return ["+CPIN: READY", "", "OK"]

    # --- images ---

    def _knows(self, name):
        return self.modem.has_images() and self.settings["preference"] in ("both", name.upper())

    def ask_preference(self, name):
        if not self._knows(name):
            return ["ERROR"]
        wanted = self.modem.images.preferred_pair() or {"firmware": "00.00.00.00", "carrier": "AUTO-SIM",
                                                        "config": "000.000_000"}
        lines = [f"!{name.upper()}: "]
        for word, pair in (("preferred", wanted), ("current", self.modem.running)):
            lines += [f" {word} fw version:    {pair['firmware']}", f" {word} carrier name:  {pair['carrier']}",
                      f" {word} config name:   {pair['carrier']}_{pair['config']}"]
        lines.append("")
        if self.modem.disagrees():
            lines += [f" {label} mismatch" for label, field in
                      (("fw version", "firmware"), ("carrier name", "carrier"), ("config name", "config"))
                      if wanted[field] != self.modem.running[field]]
        return [*lines, "", "OK"]

    def prefer(self, name, text):
        values = re.findall(r'"([^"]*)"', text)
        if not self._knows(name) or not self.is_unlocked or len(values) not in (1, 3):
            return ["ERROR"]
        if len(values) == 1:
            return self._prefer_carrier(values[0])
        firmware, carrier, config = values
        config = config.removeprefix(carrier + "_")
        self.modem.prefer([("modem", "?_?", firmware + "_?"), ("pri", config, f"{firmware}_{carrier}")], False)
        return ["OK"]

    def _prefer_carrier(self, carrier):
        images = self.modem.images
        for _, config, build in reversed(images.pri):
            firmware, _, name = build.partition("_")
            if images.same(name, carrier) and images.stores("modem", None, firmware):
                self.modem.prefer([("modem", "?_?", firmware + "_?"), ("pri", config, build)], False)
                return ["OK"]
        return ["ERROR"]

    def list_images(self):
        if not self.modem.has_images():
            return ["ERROR"]
        images = self.modem.images
        head = "TYPE SLOT STATUS LRU FAILURES UNIQUE_ID BUILD_ID"
        lines = [head]
        for slot in range(1, images.variant["slots"] + 1):
            found = [image for image in images.modem if image[0] == slot]
            lines.append(f"FW   {slot}    GOOD   1   0 0      {found[0][1]}         {found[0][2]}" if found
                         else f"FW   {slot}    EMPTY  0   0 0")
        lines += [f"Max FW images: {images.variant['slots']}", "", head]
        lines += [f"PRI  FF   GOOD   0   0 0      {config} {build}" for _, config, build in images.pri]
        return [*lines, f"Max PRI images: {images.variant['places']}", "", "OK"]

    # --- power ---

    def power(self):
        vote = int(self.modem.disagrees())
        online = self.modem.power == 0
        if self.modem.variant["family"] == "SWI9X15C":
            return [f"State: {'Online' if online else 'LowPowerMode'}",
                    f"LPM force flags - W_DISABLE:0, User:0, Temp:0, Volt:0, BIOS:0, GOBIIM:{vote}",
                    "W_DISABLE: 0", "Poweroff mode: 0", "LPM Persistent: 0", "", "OK"]
        return [f"State: {'Online' if online else 'Low Power Mode'}",
                f"LPM voters - Temp:0, Volt:0, User:0, W_DISABLE:0, IMSWITCH:{vote}, BIOS:0",
                "LPM persistence - None", "", "OK"]

    def hold(self):
        if not self.is_unlocked:
            return ["ERROR"]
        self.modem.hold("boothold")
        return ["OK"]

    def reset(self):
        self.modem.restart()
        return ["OK"]


HANDLERS = [
    (r"", AtPort.nothing), (r"E[01]", AtPort.nothing), (re.escape(PASSWORD), AtPort.unlock), (r"I3?", AtPort.identity),
    (r"\+C?GMR", AtPort.revision), (r"!PRIID\?", AtPort.settings_id), (r"\+CPIN\?", AtPort.sim),
    (r"!((?:GOBI)?IMPREF)\?", AtPort.ask_preference), (r"!((?:GOBI)?IMPREF)=(.+)", AtPort.prefer),
    (r"!(?:GOBI)?IMAGE\?", AtPort.list_images), (r"!PCINFO\?", AtPort.power), (r"!BOOTHOLD", AtPort.hold),
    (r"!RESET", AtPort.reset), (r"\+CFUN=1,1", AtPort.reset), (r"\+CFUN=[01]", AtPort.nothing),
]

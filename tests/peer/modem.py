# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

"""One modem: what it runs, how it restarts, and its ports.

Interfaces (the "Sierra layout"): Linux, drivers/usb/serial/qcserial.c and drivers/net/usb/qmi_wwan.c. Restarts: the
firmware preference leads into the loader when images are missing (libqmi, src/qmi-firmware-update/qfu-reseter.c and
qfu-updater.c); a preference for an image that the modem does not have is low power, and "online" is refused with
InvalidTransition (libqmi-devel 2017-November/002587, 002590). Timings of real modems: libqmi-devel
2017-December/002640.
"""

import dms
from at import AtPort
from faults import Faults
from images import Images
from mbim import MbimPort
from port import Port
from qdl import LoaderPort
from qmux import Refused

HOST_IMAGE, PRI_IMAGE = 1, 2
COMPOSITIONS = {"one": [0, 2, 3, 8], "two": [0, 2, 3, 8, 10], "no-at": [0, 2, 8], "bare": [8], "at": [0, 2, 3],
                "mbim": [0, 2, 3, 12, 13], "mbim-alone": [12, 13]}
ROLES = {0: "diag", 2: "nmea", 3: "at", 8: "qmi", 10: "qmi", 12: "mbim", 13: "data"}
# the usual driver of a role, qcserial if not given, and the class of its interface, ff if not given
DRIVERS = {"qmi": "qmi_wwan", "mbim": "cdc_mbim", "data": "cdc_mbim"}
CLASSES = {"mbim": "02", "data": "0a"}
CONTROL = ("qmi", "mbim")
HANDLERS = {"qmi": dms.QmiPort, "mbim": MbimPort, "at": AtPort}
FLAG = b"\x7e"


def is_late(interface):
    """The serial ports come after the control ports (libqmi, commit 00b98560)."""
    return interface["node"] is not None and interface["node"][0] == "serial"


class Modem:
    def __init__(self, loop, tree, log, variant):
        self.loop, self.tree, self.variant = loop, tree, variant
        self.log_to = log
        self.running = dict(variant["running"])
        self.factory_package = (f"{variant['sku']}_9903211_{variant['family']}_{self.running['firmware']}_00_"
                                f"{self.running['carrier']}_{self.running['config']}")
        self.images = Images(variant["images"], self.running) if variant["images"] else None
        self.faults = Faults(self)
        self.shapes = {name: dict(shape) for name, shape in variant["messages"].items()}
        self.power = variant["power"]
        self.boot_download = 0
        self.wanted = []  # kinds of images that the next restart waits for
        self.held = False  # the next restart leads into the loader
        self.is_torn = False  # an image was begun and not ended
        self.mode = "away"
        self.place, self.nodes, self.ports = None, [], []
        self.restarts, self.taken = 0, 0
        self.loader = None
        self.timers = []

    def start(self):
        if self.variant["start"] == "loader":
            self.enter_loader()
        else:
            self.enter_application(keeps_power=True)

    def log(self, event, **fields):
        self.log_to.write(self.variant["name"], event, **fields)

    def violation(self, words):
        self.log("violation", words=words)

    def stray(self, port, data):
        """Bytes that belong to no protocol of a port."""
        self.log("stray", port=port, bytes=data[:64].hex(), count=len(data))

    def later(self, seconds, action):
        """Calls unless the modem left before."""
        timer = self.loop.after(seconds, action)
        self.timers.append(timer)
        return timer

    # --- USB ---

    def _interface(self, number, role, receive):
        settings = self.variant["interfaces"].get(str(number), {})
        driver = settings.get("driver", DRIVERS.get(role, "qcserial"))
        port = Port(self.loop, receive) if driver and role != "data" else None
        interface = {"number": number, "class": settings.get("class", CLASSES.get(role, "ff")), "driver": driver,
                     "endpoints": settings.get("endpoints", 2 if role == "loader" else 3),
                     "node": port and ("control" if role in CONTROL else "serial", port.path)}
        if port:
            self.ports.append((role, port))
        return interface, port

    def _attach(self, mode, place, interfaces):
        variant = self.variant
        ids = variant["ids"][mode]
        is_loader = mode == "loader"
        device = {"place": place, "peer": variant["places"]["peers"].get(place), "vendor": ids[:4],
                  "product_id": ids[5:], "serial": None if is_loader else variant["serial"],
                  "product": variant["loader_product"] if is_loader else variant["product"],
                  "manufacturer": variant["manufacturer"], "count": len(interfaces), "interfaces": interfaces,
                  "speed": variant["places"]["loader_speed" if is_loader else "speed"]}
        late = [each for each in interfaces if is_late(each)] if variant["pace"]["ports"] and not is_loader else []
        device["interfaces"] = [each for each in interfaces if each not in late]
        for index, each in enumerate(late):
            self.later(variant["pace"]["ports"] * (index + 1) / len(late), lambda each=each: self._add_late(each))
        self.place, self.mode = place, mode
        self.nodes = self.tree.attach(device)
        self.log("attach", mode=mode, ids=ids, place=place, nodes=self.nodes)
        self._log_state()

    def _add_late(self, interface):
        node = self.tree.add_interface(self.place, interface)
        if node:
            self.nodes.append(node)

    def detach(self):
        for timer in self.timers:
            timer.cancel()
        # The links go before the terminals: another modem may get a terminal of the same number at once, and a program
        # that looks for this modem would write to it.
        if self.place:
            self.tree.detach(self.place, self.nodes)
        for role, port in self.ports:
            self.log("port", role=role, received=port.received)
            port.close()
        if self.place:
            self.log("detach", place=self.place)
        self.timers, self.ports, self.nodes, self.loader = [], [], [], None
        self.place, self.mode = None, "away"

    def restart(self, after=None):
        """Leaves after a moment and comes back, in the loader or not."""
        self.log("restart")
        seconds = self.variant["pace"]["detach"] if after is None else after
        self.later(seconds, self._restart_now)

    def _restart_now(self):
        self.detach()
        self.restarts += 1
        goes_to_loader = self.held or self.wanted or self.boot_download or self.is_torn
        if self.variant["never_loads"]:
            goes_to_loader = False
        self.loop.after(self.variant["pace"]["away"], self.enter_loader if goes_to_loader else self.enter_application)

    def unplug(self, place):
        """Loses its power, and comes back at once, at this place if one is given."""
        self.held = False
        if place:
            self.variant["places"].update(application=place, loader=place)
        self.restart(0)

    # --- application mode ---

    def enter_application(self, keeps_power=False):
        self.held = False
        self.wanted = []
        if self.images:
            self.running = self.images.pair_to_run() or self.running
        if not keeps_power:
            self.power = dms.LOW_POWER if self.disagrees() else dms.ONLINE
        interfaces = [self._application_interface(number) for number in self._interface_numbers()]
        self._attach("application", self.variant["places"]["application"], interfaces)
        if self.variant["restless"]:
            self.later(self.variant["restless"]["every"], self._restart_by_itself)

    def _interface_numbers(self):
        composition = self.variant["composition"]
        return COMPOSITIONS.get(composition, composition) if isinstance(composition, str) else composition

    def _application_interface(self, number):
        role = self.variant["interfaces"].get(str(number), {}).get("role", ROLES.get(number, "none"))
        handler = HANDLERS.get(role)
        box = {}
        interface, port = self._interface(number, role, lambda data: box["receive"](data))
        if handler and port:
            box["receive"] = handler(self, port.write).feed
            if role not in CONTROL:
                box["receive"] = self._without_flags(role, box["receive"])
        else:
            box["receive"] = self._without_flags(role, lambda data: self._answer_diag(role, port, data))
        return interface

    # No text of an AT command contains the flag of QDL's frames.
    def _without_flags(self, role, receive):
        def check(data):
            if FLAG in data:
                self.stray(role, data)
            receive(data)
        return check

    # A diagnostic port echoes a request behind "bad command" (libqmi-devel 2019-October/003131).
    @staticmethod
    def _answer_diag(role, port, data):
        if role == "diag" and data.startswith(bytes.fromhex("7e700000")):
            port.write(bytes.fromhex("137000006a9a7e"))

    def _restart_by_itself(self):
        restless = self.variant["restless"]
        self.held = restless.get("loader_every", 0) > 0 and (self.restarts + 1) % restless["loader_every"] == 0
        self._restart_now()

    def is_silent(self, kind):
        return kind in self.variant["silent"]

    def shape_of(self, message):
        """The changes to the next answer of this message."""
        shape = self.shapes.get(message, {})
        if "answers" not in shape:
            return shape
        shape["answers"] -= 1
        return shape if shape["answers"] >= 0 else {}

    def revision(self):
        return self.variant["revision"].format(family=self.variant["family"], **self.running)

    # --- images and power ---

    def has_images(self):
        return self.images is not None

    def disagrees(self):
        return self.images is not None and self.images.disagrees(self.running)

    def offline_reasons(self):
        if not self.disagrees():
            return 0
        is_other_firmware = self.images.preferred_pair()["firmware"] != self.running["firmware"]
        return HOST_IMAGE if is_other_firmware else PRI_IMAGE

    def prefer(self, entries, override):
        wanted = self.images.prefer(entries, override)
        self.wanted = wanted
        self.log("preference", wanted=wanted, preference=self.images.preference)
        return self.images.told(wanted, entries)

    def set_power(self, mode):
        if mode == self.power:
            raise Refused("no_effect")
        if mode == dms.ONLINE and (self.disagrees() or self.power == dms.OFFLINE):
            raise Refused("invalid_transition")
        if mode == dms.RESET:
            self._reset()
            return
        if mode not in (dms.ONLINE, dms.LOW_POWER, dms.OFFLINE):
            raise Refused("invalid_argument")
        if self.power == dms.OFFLINE:
            raise Refused("invalid_transition")
        self.power = mode
        self._log_state()

    def _reset(self):
        if self.power != dms.OFFLINE and self.variant["reset_needs_offline"]:
            raise Refused("invalid_transition")
        self.restart()

    def hold(self, why):
        """Restarts into the loader by itself."""
        self.log("hold", why=why)
        self.held = True
        self.restart()

    # --- the loader ---

    def enter_loader(self):
        place = self.variant["places"]["loader"]
        box = {}
        interface, port = self._interface(0, "loader", lambda data: box["receive"](data))
        self.loader = LoaderPort(self, port.write if port else lambda data, fault=None: None)
        box["receive"] = self.loader.feed
        self._attach("loader", place, [interface])
        self.loader.begin()

    def leave_loader(self, after=None):
        self.held = False
        self.wanted = ["torn"] if self.is_torn else []
        self.restart(after)

    def take(self, header, kinds, data):
        """A whole image: its header, the types of its records, and all its bytes, which go to a file."""
        firmware, carrier, config = header.names()
        self.taken += 1
        path = f"{self.tree.root}/received/{self.variant['name']}-{self.taken}"
        with open(path, "wb") as file:
            file.write(data)
        holds_firmware = "BOOT" in kinds or "MODM" in kinds
        self.log("image", version=header.version, kinds=kinds)
        for name, value in (("firmware", firmware if holds_firmware else None), ("carrier", carrier),
                            ("config", config)):
            if value:
                self.running[name] = value
        if self.images and self.variant["images"]["keeps"]:
            if holds_firmware:
                self.images.store(firmware, None, None, self.running)
            if carrier:
                self.images.store(firmware, carrier, config, self.running)
        self.boot_download = 0
        self.variant.update(self.variant.get("after_image") or {})

    def _log_state(self):
        images = self.images
        self.log("state", mode=self.mode, power=self.power, running=self.running, boot_download=self.boot_download,
                 preference=images and images.preference, preferred=images and images.preferred_pair(),
                 agrees=not self.disagrees(), stored=images and [image[1:] for image in images.modem + images.pri])

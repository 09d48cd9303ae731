# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

"""The /sys and /dev of a small computer, below a folder.

Layout: Linux, Documentation/ABI/stable/sysfs-bus-usb and drivers/usb/core/{sysfs,port}.c. A device's folder is below
its controller and hubs; /sys/bus/usb/devices has links. Attributes as the kernel formats them: bNumInterfaces "%2d",
bInterfaceNumber "%02x".
"""

import os
import re
import shutil

CONTROLLER = "sys/devices/pci0000:00/0000:00:14.0"
BUS = "sys/bus/usb/devices"


def device_folder(place):
    """1-4.2 is usb1/1-4/1-4.2."""
    parts = place.split(".")
    hubs = [".".join(parts[:count + 1]) for count in range(len(parts))]
    return "/".join([CONTROLLER, "usb" + place.split("-")[0], *hubs])


def port_folder(place):
    """The port that the device is plugged into: 1-6 is usb1/1-0:1.0/usb1-port6."""
    hub, _, port = place.rpartition(".")
    if hub:
        return f"{device_folder(hub)}/{hub}:1.0/{hub}-port{port}"
    bus, port = place.split("-")
    return f"{CONTROLLER}/usb{bus}/{bus}-0:1.0/usb{bus}-port{port}"


class Tree:
    def __init__(self, root):
        self.root = root
        self.numbers = {}
        self.nodes = set()
        os.makedirs(f"{root}/{BUS}", exist_ok=True)
        os.makedirs(f"{root}/dev", exist_ok=True)

    def attach(self, device):
        """Adds a device, a dict: place, peer, vendor, product_id, texts, count and interfaces, each a dict with number,
        class, driver, endpoints and `node`, a pair of kind and pseudo terminal. Returns the nodes in /dev."""
        folder = device_folder(device["place"])
        os.makedirs(f"{self.root}/{folder}")
        for name, text in self._attributes(device).items():
            if text is not None:
                self._write(f"{folder}/{name}", text)
        nodes = [self.add_interface(device["place"], interface) for interface in device["interfaces"]]
        self._link_port(folder, device)
        self._link(f"{BUS}/{device['place']}", f"../../../../{folder}")
        return [node for node in nodes if node]

    def detach(self, place, nodes):
        bus = f"{self.root}/{BUS}"
        for name in os.listdir(bus):
            if name == place or name.startswith(place + ":"):
                os.remove(f"{bus}/{name}")
        for node in nodes:
            os.remove(f"{self.root}/dev/{node}")
            self.nodes.discard(node)
        shutil.rmtree(f"{self.root}/{device_folder(place)}")

    def _attributes(self, device):
        bus = device["place"].split("-")[0]
        self.numbers[bus] = self.numbers.get(bus, 1) + 1
        count = device.get("count")
        return {
            "idVendor": device["vendor"], "idProduct": device["product_id"], "busnum": bus,
            "devnum": str(self.numbers[bus]), "speed": str(device["speed"]), "serial": device["serial"],
            "product": device["product"], "manufacturer": device["manufacturer"],
            "bNumInterfaces": "%2d" % (len(device["interfaces"]) if count is None else count),
        }

    def add_interface(self, place, interface):
        """Adds an interface to a device; returns its node."""
        name = f"{place}:1.{interface['number']}"
        folder = f"{device_folder(place)}/{name}"
        os.makedirs(f"{self.root}/{folder}")
        self._write(f"{folder}/bInterfaceNumber", "%02x" % interface["number"])
        self._write(f"{folder}/bInterfaceClass", interface["class"])
        self._write(f"{folder}/bNumEndpoints", "%02x" % interface["endpoints"])
        if interface["driver"]:
            self._link(f"{folder}/driver", f"/sys/bus/usb/drivers/{interface['driver']}")
        self._link(f"{BUS}/{name}", f"../../../../{folder}")
        return interface["node"] and self._add_node(folder, *interface["node"])

    def _add_node(self, folder, kind, terminal):
        node = self._free_name({"serial": "ttyUSB", "control": "cdc-wdm"}[kind])
        below = {"serial": f"{node}/tty/{node}", "control": f"usbmisc/{node}"}[kind]
        os.makedirs(f"{self.root}/{folder}/{below}")
        self._link(f"dev/{node}", terminal)
        return node

    def _free_name(self, prefix):
        number = 0
        while f"{prefix}{number}" in self.nodes:
            number += 1
        self.nodes.add(f"{prefix}{number}")
        return f"{prefix}{number}"

    def _link_port(self, folder, device):
        if not device["peer"]:
            return
        port, peer = port_folder(device["place"]), port_folder(device["peer"])
        self._link(f"{folder}/port", f"{self.root}/{port}")
        if not os.path.lexists(f"{self.root}/{port}/peer"):
            self._link(f"{port}/peer", f"{self.root}/{peer}")

    def _write(self, path, text):
        with open(f"{self.root}/{path}", "w", encoding="utf-8") as file:
            file.write(text + "\n")

    def _link(self, path, target):
        os.makedirs(os.path.dirname(f"{self.root}/{path}"), exist_ok=True)
        os.symlink(target, f"{self.root}/{path}")


def is_place(text):
    return re.fullmatch(r"\d+-\d+(\.\d+)*", text) is not None

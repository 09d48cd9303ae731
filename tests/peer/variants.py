# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

"""The three models, and what a variant may leave out.

A variant is a JSON object: { "modems": [ { "model": "MC7455", ... }, ... ] }. Each field of a modem replaces the one
below; objects are merged. model_name is what the modem calls itself. Ids and interfaces: Linux,
drivers/usb/serial/qcserial.c; texts of versions: libqmi commit b4a19def (MC7354), libqmi-devel 2017-November/002589
(MC7455), forum.sierrawireless.com 27590 (EM7305).
"""

import copy

COMMON = {
    "name": "modem", "model_name": None, "manufacturer": "Sierra Wireless, Incorporated", "serial": "LQ0000000001",
    "imei": "350000000000006",
    "places": {"application": "1-1", "loader": "1-1", "peers": {}, "speed": 480, "loader_speed": 480},
    "start": "application", "composition": "two", "interfaces": {}, "power": 0, "reset_needs_offline": True,
    "firmware_id": True, "boot_download": False, "never_loads": False, "tells_settings": True, "silent": [],
    "restless": None, "after_image": None, "messages": {}, "indications": False, "faults": {},
    "images": {"slots": 4, "places": 50, "exact": False, "lists": "always", "never_runs": [], "empty_entry": False,
               "rewrites": True, "keeps": True},
    "at": {"echo": True, "locked": True, "replies": {}, "late": {}, "preference": "both"},
    "loader": {"switch": "error", "product": "9X30", "window": 20, "refuse_open": [], "refuse_done": [], "swallow": 0,
               "silent": False, "sahara": False, "restarts": None, "ack": 0, "last_ack": 0, "split": False, "text": ""},
    # seconds: until an answer, from an accepted reset until it leaves, until it is back, until it answers on QMI then,
    # until it has all ports
    "pace": {"answer": 0, "detach": 0.05, "away": 0.05, "boot": 0, "ports": 0},
}


def pair(firmware, carrier, config):
    return {"firmware": firmware, "carrier": carrier, "config": config}


MODELS = {
    "MC7455": {
        "family": "SWI9X30C", "product": "Sierra Wireless MC7455 Qualcomm Snapdragon X7 LTE-A",
        "loader_product": "MC7455-CP", "sku": "1102476", "revision": "{family}_{firmware}",
        "ids": {"application": "1199:9071", "loader": "1199:9070"},
        "running": pair("02.08.02.00", "GENERIC", "002.007_001"),
        "images": {"stored": [pair("02.05.07.00", "VERIZON", "002.008_003"), pair("02.08.02.00", "ATT", "002.009_001"),
                              pair("02.08.02.00", "GENERIC", "002.007_001")]},
    },
    "MC7354": {
        "family": "SWI9X15C", "product": "MC7354", "loader_product": "MC7354", "sku": "1102016",
        "revision": "{family}_{firmware} r27044 carmd-fwbuild1 2015/03/05 00:02:40",
        "ids": {"application": "1199:68c0", "loader": "1199:68c0"}, "tells_settings": False,
        "running": pair("05.05.16.02", "Generic", "005.004_000"),
        "images": {"stored": [pair("05.05.16.02", "Generic", "005.004_000")]},
        "at": {"preference": "GOBIIMPREF"}, "loader": {"switch": "ack", "product": "9X15"},
    },
    "EM7305": {
        "family": "SWI9X15C", "product": "EM7305", "loader_product": "EM7305", "sku": "1101868",
        "revision": "{family}_{firmware} r12345 carmd-fwbuild1 2014/05/13 00:02:40",
        "ids": {"application": "1199:9063", "loader": "1199:9062"}, "composition": "no-at",
        "running": pair("01.08.00.04", "Toshiba", "001.002_000"), "images": None,
        "loader": {"switch": "ack", "product": "9X15"},
        "messages": {"0x5556": {"error": 94}},
    },
}


def merge(below, above):
    """A copy of `below` with the fields of `above`; objects are merged, all else is replaced."""
    if not isinstance(below, dict) or not isinstance(above, dict):
        return copy.deepcopy(above)
    merged = {name: copy.deepcopy(value) for name, value in below.items()}
    for name, value in above.items():
        merged[name] = merge(below.get(name), value)
    return merged


def complete(given):
    """A modem with all fields; raises ValueError for a field or a model that does not exist."""
    model = MODELS.get(given.get("model"))
    if not model:
        raise ValueError(f"no such model: {given.get('model')}; there are {', '.join(MODELS)}")
    known = merge(COMMON, model)
    unknown = set(given) - set(known) - {"model"}
    if unknown:
        raise ValueError(f"no such field: {', '.join(sorted(unknown))}")
    made = merge(known, given)
    made["model_name"] = made["model_name"] or made["model"]
    if made["places"]["loader"] == COMMON["places"]["loader"]:
        made["places"]["loader"] = made["places"]["application"]
    return made

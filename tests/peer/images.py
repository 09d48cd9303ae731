# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

"""The images that a modem stores, and the pair that it prefers.

A pair is a firmware and the settings (PRI) made for it. In a preference the settings are named by their version and the
build id <firmware>_<carrier>, the firmware by ?_? and <firmware>_?. After libqmi's updater had sent that, MC7455 and
MC7354 answered both entries in the form of the settings (libqmi, commit b4a19def; libqmi-devel 2017-November/002589).
"""

AUTO_SIM = "AUTO-SIM"
NO_SLOT = 0xff


def firmware_of(build):
    return build.partition("_")[0]


def carrier_of(build):
    return build.partition("_")[2]


def preference_of(pair):
    build = f"{pair['firmware']}_{pair['carrier']}"
    return [("modem", pair["config"], build), ("pri", pair["config"], build)]


class Images:
    """variant["images"]: slots, places, stored (pairs), preference (entries), exact (compares letter by letter), lists
    (what Set Firmware Preference answers), never_runs (build ids), empty_entry, rewrites."""

    def __init__(self, variant, running):
        self.variant = variant
        self.modem, self.pri = [], []  # (slot, unique id, build id), the least recently used first
        for pair in variant["stored"]:
            self.store(pair["firmware"], None, None, running)
            self.store(pair["firmware"], pair["carrier"], pair["config"], running)
        given = variant.get("preference")
        self.preference = [tuple(entry) for entry in given] if given is not None else preference_of(running)

    def same(self, one, other):
        return one == other if self.variant["exact"] else one.lower() == other.lower()

    # --- what is stored ---

    def stores(self, kind, unique_id, build):
        if kind == "modem":
            return any(firmware_of(image[2]) == firmware_of(build) for image in self.modem)
        return any(image[1] == unique_id and self.same(image[2], build) for image in self.pri)

    def store(self, firmware, carrier, config, running):
        """A firmware (no carrier), or settings. The least recently used image makes room; the running one stays."""
        if carrier is None:
            if not self.stores("modem", None, firmware):
                self._make_room(self.modem, self.variant["slots"], firmware_of, running["firmware"])
                self.modem.append((self._free_slot(), "?_?", firmware + "_?"))
            return
        image = (NO_SLOT, config, f"{firmware}_{carrier}")
        if image not in self.pri:
            in_use = f"{running['firmware']}_{running['carrier']}"
            self._make_room(self.pri, self.variant["places"], str, in_use)
            self.pri.append(image)

    def _make_room(self, images, places, name, in_use):
        if len(images) < places:
            return
        for image in images:
            if name(image[2]) != in_use:
                images.remove(image)
                return

    def _free_slot(self):
        used = {image[0] for image in self.modem}
        return next(slot for slot in range(1, NO_SLOT) if slot not in used)

    def groups(self, running):
        """For List Stored Images."""
        index = [image[0] for image in self.modem if firmware_of(image[2]) == running["firmware"]]
        modem = sorted(self.modem)
        if self.variant["empty_entry"]:
            modem.append((self._free_slot(), "?_?", ""))
        return [("modem", self.variant["slots"], index[0] if index else NO_SLOT, modem),
                ("pri", self.variant["places"], NO_SLOT, self.pri)]

    # --- what is preferred ---

    def prefer(self, entries, override):
        """The kinds that the modem waits for in its loader."""
        lacking = [kind for kind, unique_id, build in entries
                   if not self._means_any(build) and not self.stores(kind, unique_id, build)]
        self.preference = self._rewritten(entries)
        lists = self.variant["lists"]
        if override:
            return [kind for kind, _, _ in entries]
        if lists == "override":
            return []
        if lists == "both" and lacking:
            return [kind for kind, _, _ in entries]
        return lacking

    def told(self, wanted, entries):
        """The kinds that the answer lists; None when it has no list. With lists = "all" it names what is stored, too,
        and then boots it without a download (libqmi-devel 2021-April/003590)."""
        lists = self.variant["lists"]
        if lists == "absent":
            return None
        return [kind for kind, _, _ in entries] if lists == "all" else wanted

    def _rewritten(self, entries):
        pri = [entry for entry in entries if entry[0] == "pri"]
        if not self.variant["rewrites"] or not pri or self._means_any(pri[0][2]):
            return entries
        return [(kind, *pri[0][1:]) for kind, _, _ in entries]

    @staticmethod
    def _means_any(build):
        return build.strip() == "" or carrier_of(build) == AUTO_SIM or firmware_of(build) == "00.00.00.00"

    def preferred_pair(self):
        """None when no firmware is named: the modem chooses by its SIM, or nothing was ever set."""
        for kind, unique_id, build in self.preference:
            if kind == "pri" and not self._means_any(build):
                return {"firmware": firmware_of(build), "carrier": carrier_of(build), "config": unique_id}
        return None

    def pair_to_run(self):
        """The preferred pair, spelt as it is stored; None when it is not stored."""
        wanted = self.preferred_pair()
        if not wanted or not self.stores("modem", None, wanted["firmware"]):
            return None
        for _, config, build in self.pri:
            if config == wanted["config"] and self.same(build, f"{wanted['firmware']}_{wanted['carrier']}"):
                if build in self.variant["never_runs"]:
                    return None
                return {"firmware": firmware_of(build), "carrier": carrier_of(build), "config": config}
        return None

    def disagrees(self, running):
        wanted = self.preferred_pair()
        if not wanted:
            return False
        return not (wanted["firmware"] == running["firmware"] and wanted["config"] == running["config"]
                    and self.same(wanted["carrier"], running["carrier"]))

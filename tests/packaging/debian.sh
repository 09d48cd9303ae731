#!/bin/sh
# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# debian.sh FOLDER: makes the Debian packages once for all specs that need them; none if the programs for that are
# missing, which the specs say. The modes in the packages must not depend on the umask.
command -v dh >/dev/null && command -v dpkg-buildpackage >/dev/null || exit 0
rm -rf "$1" && mkdir -p "$1" && umask 077 && exec packaging/debian/build.sh "$1"

#!/bin/sh
# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# The CI of OpenWrt's packages feed calls this with the name and the version of a package that it has installed. All
# packages of this folder need the package moonflash.
set -e

# has_version PROGRAM VERSION
has_version() {
    "$1" --version | grep -Fx "$1 $2"
}

has_version moonflash "$2"
has_version moonflash-deploy "$2"
moonflash devices

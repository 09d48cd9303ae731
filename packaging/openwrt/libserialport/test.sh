#!/bin/sh
# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# The CI of OpenWrt's packages feed calls this when the package is installed. The library has no program.
test -e /usr/lib/libserialport.so.0

#!/bin/sh
# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# The CI of OpenWrt's feeds calls this when the package is installed. The page has no program.
test -e /www/luci-static/resources/view/moonflash.js

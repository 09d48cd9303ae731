# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# OpenWrt's build in small, for ipk.sh and the tests, as far as the feed's Makefiles use it: STAGE is where everything
# goes.
# The feed's Makefiles also ran with rules.mk and include/ of OpenWrt 19.07, 21.02, 22.03, 23.05, 24.10 and 25.12 in
# 2026-11: `DUMP=1`, `prepare` and `compile`.
INCLUDE_DIR:=$(TOPDIR)
PKG_BUILD_DIR:=$(STAGE)/build
PKG_INSTALL_DIR:=$(STAGE)/install
INSTALL_DIR:=install -d -m0755
INSTALL_BIN:=install -m0755
INSTALL_DATA:=install -m0644
INSTALL_CONF:=install -m0600
CP:=cp -fpR
CONFIG_PACKAGE_moonflash-qmi:=y
CONFIG_PACKAGE_moonflash-usb:=y
CONFIG_PACKAGE_moonflash-archive:=y

# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# The flags that OpenWrt compiles with by default, with those of PKG_BUILD_FLAGS in the Makefile of moonflash.
# shellcheck shell=sh disable=SC2034 # for those that source it

openwrt_flags="-Os -fno-caller-saves -fstack-protector -D_FORTIFY_SOURCE=1 -flto -ffunction-sections -fdata-sections"
openwrt_link_flags="-flto -Wl,--gc-sections -Wl,--as-needed -Wl,-z,now -Wl,-z,relro"
openwrt_mips16="-mips16 -minterlink-mips16"

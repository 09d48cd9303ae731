# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# Configures and builds inside the source folder, as OpenWrt does when CMAKE_BINARY_SUBDIR is not set.
compile: prepare
	cd $(PKG_BUILD_DIR) && LDFLAGS="$(LDFLAGS) $(TARGET_LDFLAGS)" cmake -DCMAKE_INSTALL_PREFIX=/usr \
		-DCMAKE_BUILD_TYPE=Release -DCMAKE_C_FLAGS_RELEASE=-DNDEBUG $(CMAKE_OPTIONS) .
	$(MAKE) -C $(PKG_BUILD_DIR) -j2
	$(MAKE) -C $(PKG_BUILD_DIR) install/fast DESTDIR=$(PKG_INSTALL_DIR)

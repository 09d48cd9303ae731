# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# Prepared anew when any of these files has changed; taken here, as OpenWrt's rules may take it.
FILE_DEPENDS:=$(PKG_FILE_DEPENDS)

file-depends:
	@find $(FILE_DEPENDS) -type f

# The source is unpacked as the Makefile says, or else it is the archive of a release.
PKG_UNPACK?=tar -xzf $(DL_DIR)/$(PKG_SOURCE) -C $(PKG_BUILD_DIR) --strip-components=1

prepare:
	mkdir -p $(PKG_BUILD_DIR)
	$(PKG_UNPACK)

empty:=
blank:=$(empty) $(empty)
comma:=,

# Control NAME: what opkg reads, of the variables that Package/NAME has set. "+liblua +lua" is "libc, liblua, lua".
define Control
Package: $(1)
Version: $(PKG_VERSION)-r$(PKG_RELEASE)
Depends: $(subst $(blank),$(comma) ,$(strip libc $(patsubst +%,%,$(DEPENDS))))
Section: $(SECTION)
License: $(PKG_LICENSE)
Maintainer: $(PKG_MAINTAINER)
URL: $(URL)
Architecture: $(ARCHITECTURE)
Description: $(TITLE)
$(Package/$(1)/description)
endef

CONTROL_FILES:=control conffiles preinst postinst prerm postrm

# BuildPackage NAME: `packages` installs its files into STAGE/NAME, `control` writes the files for opkg into
# STAGE/control/NAME.
define BuildPackage
$(eval DEPENDS:=)$(eval $(call Package/$(1)))
define Package/$(1)/control
$(call Control,$(1))
endef

package-$(1):
	$(call Package/$(1)/install,$(STAGE)/$(1))

control-$(1):
	$$(shell mkdir -p $(STAGE)/control/$(1))$$(foreach name,$(CONTROL_FILES),$$(call write,$(1),$$(name)))

packages: package-$(1)
control: control-$(1)
endef

# write PACKAGE,NAME: one of the files for opkg, if the package has it
write=$(if $(Package/$(1)/$(2)),$(file >$(STAGE)/control/$(1)/$(2),$(Package/$(1)/$(2))))

development:
	$(call Build/InstallDev,$(STAGE)/development)

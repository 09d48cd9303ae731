# Prepared anew when any of these files has changed; taken here, as OpenWrt's rules may take it.
FILE_DEPENDS:=$(PKG_FILE_DEPENDS)

file-depends:
	@find $(FILE_DEPENDS) -type f

define BuildPackage
package-$(1):
	$(call Package/$(1)/install,$(STAGE)/$(1))

packages: package-$(1)
endef

development:
	$(call Build/InstallDev,$(STAGE)/development)

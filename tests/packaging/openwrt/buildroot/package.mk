define BuildPackage
package-$(1):
	$(call Package/$(1)/install,$(STAGE)/$(1))

packages: package-$(1)
endef

development:
	$(call Build/InstallDev,$(STAGE)/development)

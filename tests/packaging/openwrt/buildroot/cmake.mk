prepare:
	$(call Build/Prepare)

compile: prepare
	cmake -S $(PKG_BUILD_DIR) -B $(STAGE)/cmake -DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_BUILD_TYPE=Release \
		-DCMAKE_C_FLAGS_RELEASE=-DNDEBUG $(CMAKE_OPTIONS)
	cmake --build $(STAGE)/cmake -j2
	DESTDIR=$(PKG_INSTALL_DIR) cmake --install $(STAGE)/cmake

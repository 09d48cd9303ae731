#!/bin/sh
# Installs what the tests of the packaging use besides what all tests use (Debian 12, as root). Without
# these packages the tests that need them are skipped, and say so.
set -e
cd "$(dirname "$0")/../.."
. tests/packages.sh
install_packages busybox-static shellcheck mandoc dpkg-dev luarocks mender-client mender-artifact swupdate cpio

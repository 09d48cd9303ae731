#!/bin/sh
# Installs what the tests of the packaging use besides what all tests use (Debian 12, as root): the update
# engines are services, so run.sh does that by itself only where no systemd runs. None is started.
set -e
cd "$(dirname "$0")/../.."
. tests/packages.sh
# shellcheck disable=SC2086 # a list of words
install_packages $packaging_packages
# shellcheck disable=SC2086 # a list of words
install_engines $engine_packages

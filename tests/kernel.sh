#!/bin/sh
# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# The simulated modem behind the drivers of a real kernel, in a virtual machine (kernel/vm.sh):
#     sh tests/kernel.sh              all tests below kernel/
#     sh tests/kernel.sh short        the most telling ones, with the build that is there
#     sh tests/kernel.sh NAME...      kernel/NAME_spec.lua
# One machine runs all of them. QEMU emulates it where KVM cannot be used.
# Exit status 77: it cannot be done here, and why; with CI set that is a failure.
set -e
cd "$(dirname "$0")/.."
. tests/packages.sh
. tests/temporary.sh
. tests/platforms/common.sh
. tests/kernel/vm.sh

build=$(realpath -m "${BUILD:-build}")

# specs [NAME...]: their files, all if none is named
specs() {
    [ $# != 0 ] || { ls tests/kernel/*_spec.lua && return; }
    for name in "$@"; do ls "tests/kernel/${name}_spec.lua" || return 1; done
}

# commands SPEC...: what the machine runs
commands() {
    cat <<END
export LUA_PATH="$build/lua/?.lua;$PWD/lua/?.lua;$PWD/lua/?/init.lua;$PWD/?.lua;;"
export LUA_CPATH="$build/lua/?.so;;" MOONFLASH="$build/moonflash"
export MOONFLASH_SLOWNESS=5 MOONFLASH_SKIPPED="\$VM_FOLDER/skipped"
modprobe -a \$VM_DRIVERS
status=0
for spec in $*; do
    echo "\$(cut -d ' ' -f 1 /proc/uptime) \$spec"
    lua5.1 tests/busted.lua \$spec $options || status=1
done
cut -d ' ' -f 1 /proc/uptime
exit \$status
END
}

build_all() {
    cmake -S . -B "$build" -DMOONFLASH_TESTS=ON >/dev/null && cmake --build "$build" -j "${JOBS:-2}" >/dev/null
}

options=
if [ "$1" = short ]; then
    options=--tags=short
    shift
fi
chosen=$(specs "$@")
# shellcheck disable=SC2086 # a list of words
without_services install_packages $build_packages $test_packages $kernel_packages >&2 || platform_impossible kernel "packages are missing"
missing=$(vm_missing)
[ -z "$missing" ] || platform_impossible kernel "$missing"
[ -n "$options" ] || build_all
temporary_begin
folder=$(mktemp -d)
commands $chosen >"$folder/commands"
status=0
VM_SECONDS=1200 vm_run "$folder/commands" "$folder" || status=$?
[ ! -s "$folder/skipped" ] || [ -z "$MOONFLASH_SKIPPED" ] || cat "$folder/skipped" >>"$MOONFLASH_SKIPPED"
[ $status -lt 124 ] || tail -n 30 "$folder/console" >&2
rm -r "$folder"
temporary_end || status=1
exit $status

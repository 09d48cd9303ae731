#!/bin/sh
# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# The simulated modem behind the drivers of a real kernel, in a virtual machine (kernel/vm.sh):
#     sh tests/kernel.sh                 all tests below kernel/, and a machine that dies during an update (power.sh)
#     sh tests/kernel.sh short           the most telling ones, with the build that is there
#     sh tests/kernel.sh NAME...         kernel/NAME_spec.lua
#     sh tests/kernel.sh mipsel [NAME]   on a MIPS 24Kf with 128 MB, BusyBox and no udev, with moonflash as OpenWrt's
#                                        packages install it; kernel/update_spec.lua if none is named (MEMORY=64)
# One machine runs all of them. QEMU emulates it where KVM cannot be used.
# Exit status 77: it cannot be done here, and why; with CI set that is a failure.
set -e
cd "$(dirname "$0")/.."
. tests/packages.sh
. tests/temporary.sh
. tests/platforms/common.sh
. tests/kernel/vm.sh
. tests/kernel/machines.sh

build=$(realpath -m "${BUILD:-build}")
options=

# specs [NAME...]: their files, all if none is named
specs() {
    [ $# != 0 ] || { ls tests/kernel/*_spec.lua && return; }
    for name in "$@"; do ls "tests/kernel/${name}_spec.lua" || return 1; done
}

# commands SPEC...: what the machine runs
commands() {
    "${VM_MACHINE}_environment"
    cat <<END
export MOONFLASH_SKIPPED="\$VM_FOLDER/skipped"
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

VM_MACHINE=amd64
with_power=
case $1 in
'') with_power=yes ;;
short)
    options=--tags=short
    shift
    ;;
mipsel)
    VM_MACHINE=mipsel
    shift
    [ $# != 0 ] || set -- update
    ;;
esac
chosen=$(specs "$@")
# shellcheck disable=SC2046,SC2086 # lists of words
without_services install_packages $build_packages $test_packages $("${VM_MACHINE}_packages") >&2 ||
    platform_impossible kernel "packages are missing"
missing=$(vm_missing)
[ -z "$missing" ] || platform_impossible kernel "$missing"
temporary_begin
# The short form on amd64 runs in the build that calls it.
if [ "$VM_MACHINE" != amd64 ] || [ -z "$options" ]; then
    "${VM_MACHINE}_prepare"
fi
folder=$(mktemp -d)
# shellcheck disable=SC2086 # a list of words
commands $chosen >"$folder/commands"
status=0
VM_SECONDS=${VM_SECONDS:-2700} vm_run "$folder/commands" "$folder" || status=$?
[ ! -s "$folder/skipped" ] || [ -z "$MOONFLASH_SKIPPED" ] || cat "$folder/skipped" >>"$MOONFLASH_SKIPPED"
[ $status -lt 124 ] || tail -n 30 "$folder/console" >&2
rm -r "$folder"
[ -z "$with_power" ] || sh tests/kernel/power.sh "$build" || status=1
temporary_end || status=1
exit $status

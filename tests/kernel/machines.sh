# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# The virtual machines, by VM_MACHINE: which packages this computer needs, how moonflash gets into it, where it is there.
# Sourced after packages.sh and vm.sh. $build is the folder of the build.
#     ${VM_MACHINE}_packages      prints them
#     ${VM_MACHINE}_prepare       builds, and sets what vm_run takes
#     ${VM_MACHINE}_environment   prints the commands with which a script in the machine begins
# shellcheck shell=sh disable=SC2016,SC2034,SC2086,SC2154 # the names are those of the scripts; lists of words

amd64_packages() {
    echo $kernel_packages
}

amd64_prepare() {
    cmake -S . -B "$build" -DMOONFLASH_TESTS=ON >/dev/null && cmake --build "$build" -j "${JOBS:-2}" >/dev/null
}

amd64_environment() {
    echo "export LUA_PATH=\"$build/lua/?.lua;$PWD/lua/?.lua;$PWD/lua/?/init.lua;$PWD/?.lua;;\""
    echo "export LUA_CPATH=\"$build/lua/?.so;;\" MOONFLASH=\"$build/moonflash\" MOONFLASH_SLOWNESS=10"
}

mipsel_packages() {
    echo $kernel_mipsel_packages
}

mipsel_prepare() {
    VM_ROOT=$build/kernel-mipsel
    VM_UDEV=no
    VM_MEMORY=${MEMORY:-128}
    sh tests/kernel/mipsel.sh "$VM_ROOT"
}

mipsel_environment() {
    echo "export LUA_PATH=\"$PWD/?.lua;/usr/lib/lua/?.lua;/usr/lib/lua/?/init.lua;;\""
    echo "export LUA_CPATH='/usr/lib/lua/?.so;;' MOONFLASH=/usr/bin/moonflash MOONFLASH_SLOWNESS=20"
    echo 'export TMPDIR="$VM_FOLDER"' # not in its memory
}

# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# The rings of tests; sourced by run.sh. A ring is a label of ctest. One row a ring:
#   name | Debian packages, besides those that every ring needs | why the normal run leaves it out
# A ring without a reason belongs to the normal run. A new row needs nothing else.
# shellcheck shell=sh disable=SC2154 # the lists are those of packages.sh

rings() {
    cat <<END
unit||
integration||
sim|$peer_packages|
packaging|$packaging_packages|
engines|$engine_packages|the update engines of Mender and SWUpdate, which are services; two minutes
browser|$browser_packages|the page of LuCI in Chromium, which is 410 MB with its libraries
kernel|$kernel_packages|simulated modems behind the drivers of a real kernel, in a virtual machine: 700 MB
analyse|$analyse_packages|cppcheck, shellcheck, clang-tidy, lintian, zsh and fish: 420 MB
luajit|$luajit_packages|the tests with LuaJIT, in a build of its own
lua54|$lua54_packages|the unit tests and an update with Lua 5.4, in a build of its own
lnum||the tests with a Lua of 32-bit integers, which is built from Debian's source
mipsel|$(machine_packages mipsel)|the tests on an emulated mipsel: 480 MB, and 160 MB of its packages
aarch64|$(machine_packages aarch64)|OpenWrt's packages on an emulated aarch64: 480 MB, and 160 MB of its packages
s390x|$(machine_packages s390x)|the tests on an emulated s390x: 490 MB, and 160 MB of its packages
END
}

# ring_field NUMBER RING: a field of its row
ring_field() {
    rings | awk -F '|' -v number="$1" -v name="$2" '$1 == name { print $number }'
}

# rings_chosen [all|RING...]: the names of the rings, the normal ones if none is named; fails when there is no
# such ring
rings_chosen() {
    case $* in
    '') rings | awk -F '|' '$3 == "" { print $1 }' ;;
    all) rings | cut -d '|' -f 1 ;;
    *)
        for ring in "$@"; do
            if [ -z "$(rings | grep "^$ring|")" ]; then
                echo "there is no ring $ring; there are: all $(rings | cut -d '|' -f 1 | tr '\n' ' ')" >&2
                return 1
            fi
            echo "$ring"
        done
        ;;
    esac
}

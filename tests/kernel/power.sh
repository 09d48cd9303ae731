#!/bin/sh
# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# The machine dies during the transfer, and a second one is started with the modem as it was: the next run completes the
# update. The modem is simulated outside, and the machines attach it by USB/IP over QEMU's network.
#     sh tests/kernel/power.sh BUILD
# Called by tests/kernel.sh. The exit status is 0 when all is well.
set -e
. tests/kernel/vm.sh

build=$1
folder=$(mktemp -d)
trap 'kill "$simulator" 2>/dev/null; wait; rm -r "$folder"' EXIT
export LUA_PATH="$build/lua/?.lua;$PWD/lua/?.lua;$PWD/lua/?/init.lua;$PWD/?.lua;;" LUA_CPATH="$build/lua/?.so;;"
VM_QEMU="-nic user,model=virtio-net-pci"

fail() {
    echo "power: $*" >&2
    cat "$folder/output" >&2
    exit 1
}

# Prints the command that attaches the modem, with its TCP port.
await_simulator() {
    tries=100
    until grep -q tcp-port "$folder/attach"; do
        tries=$((tries - 1))
        [ $tries != 0 ] || fail "the simulator did not start"
        sleep 0.1
    done
    sed 's/localhost/10.0.2.2/' "$folder/attach"
}

# commands ATTACH: the network of QEMU, the modem, which is attached after each of its resets, and the update
commands() {
    cat <<END
modprobe -a \$VM_DRIVERS virtio_net
interface=\$(basename /sys/bus/virtio/drivers/virtio_net/virtio*/net/*)
ip link set "\$interface" up && ip address add 10.0.2.15/24 dev "\$interface"
while :; do $1 2>/dev/null; sleep 0.2; done &
until [ -e /dev/cdc-wdm0 ] || [ -e /dev/ttyUSB0 ]; do sleep 0.1; done
"$build/moonflash" update \$VM_FOLDER/*.cwe \$VM_FOLDER/*.nvu
END
}

# The machine is reset when the modem has got the first bytes of the image.
dying_commands() {
    commands "$1" | sed '$s/$/ \&/'
    cat <<END
until grep -q '"command":"write"' \$VM_FOLDER/modem/log; do sleep 0.05; done
echo b >/proc/sysrq-trigger
sleep 10
END
}

# Whether the modem has taken the whole firmware.
is_received() {
    for image in "$folder"/modem/received/*; do
        ! cmp -s "$folder"/*.cwe "$image" || return 0
    done
    return 1
}

lua5.1 tests/images/make.lua "$folder" --size 4000000 >/dev/null
"$build/moonflash" simulate mc7455 --usb-port $((20000 + $$ % 20000)) --dir "$folder/modem" --time-scale 0.05 --fault window=600 \
    >"$folder/attach" 2>"$folder/errors" &
simulator=$!
attach=$(await_simulator)

dying_commands "$attach" >"$folder/commands"
status=0
VM_SECONDS=120 vm_run "$folder/commands" "$folder" 2>/dev/null || status=$?
[ $status = 125 ] || fail "the first machine ended with $status"

commands "$attach" >"$folder/commands"
status=0
VM_SECONDS=120 vm_run "$folder/commands" "$folder" || status=$?
[ $status = 0 ] || fail "the second update ended with $status"
is_received || fail "the modem has another firmware"
! grep violation "$folder/modem/log" || fail "the modem got what it does not understand"

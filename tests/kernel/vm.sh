# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# A virtual machine with a kernel of its own. Sourced by scripts that run at the top of the source tree.
#
#     . tests/kernel/vm.sh
#     echo 'modprobe -a $VM_DRIVERS && uname -r >"$VM_FOLDER/release"' >"$folder/commands"
#     VM_SECONDS=60 vm_run "$folder/commands" "$folder" && cat "$folder/release"
#
# vm_run SCRIPT FOLDER
#     boots the machine, runs `sh SCRIPT` as root in it, and ends the machine. Prints the output of the script as it
#     comes, and returns its exit status; 124 when the time is over, 125 when the machine did not boot or died. Leaves
#     nothing running, also after a signal.
# vm_missing
#     prints what this computer lacks for it: one line for each.
#
# FOLDER is the same folder inside and outside, at the same path: it brings files into the machine and out of it. vm_run
# writes its `console` (the messages of the kernel, too), `output` and `status`. All other files of this computer are
# at their paths in the machine, but for /run, /dev/shm and what is mounted below /; changes to them end with it.
# The script begins in the folder that vm_run is called in, and finds
#     VM_FOLDER    FOLDER
#     VM_DRIVERS   the kernel modules of a modem, vhci_hcd among them; none is loaded yet
# The caller may set
#     VM_UDEV=no       no udev, as on OpenWrt: the kernel alone makes the device nodes
#     VM_SECONDS=300   the time limit
#     VM_MEMORY=1024   in MiB
#     VM_QEMU=         further arguments of QEMU, as words
#     VM_MACHINE=mipsel   a MIPS 24Kf (QEMU's malta) with Debian's kernel. Then the current folder can only be read, and
#     VM_ROOT=/        is the folder with all other files
# A boot takes 5 s on two cores with emulation. KVM is used where it works.
# shellcheck shell=sh

vm_drivers="vhci_hcd qcserial option qmi_wwan cdc_mbim"

# The newest kernel that is installed with its modules.
vm_newest() {
    for image in /boot/vmlinuz-*-amd64; do
        release=${image#/boot/vmlinuz-}
        [ ! -r "$image" ] || [ ! -d "/lib/modules/$release" ] || echo "$release"
    done | sort -V | tail -n 1
}

# A /dev/kvm can be there and not work. QEMU then ends at once.
vm_acceleration() {
    lasted=0
    timeout 1 qemu-system-x86_64 -accel kvm -cpu max -nodefaults -display none >/dev/null 2>&1 || lasted=$?
    [ $lasted = 124 ] && echo kvm || echo tcg,thread=multi
}

# What differs between machines: QEMU and its arguments, the folder with boot, bin/busybox and lib/modules, the kernel.
vm_machine() {
    case ${VM_MACHINE:-amd64} in
    amd64)
        vm_computer="qemu-system-x86_64 -accel $(vm_acceleration) -cpu max -smp 2"
        vm_base=
        vm_release=$(vm_newest)
        ;;
    mipsel)
        vm_computer="qemu-system-mipsel -M malta -cpu 24Kf"
        vm_base=$(sh tests/platforms/root.sh mipsel kernel) || return 1
        vm_release=$(ls "$vm_base/lib/modules")
        ;;
    esac
}

vm_missing() {
    vm_machine || echo "the packages of ${VM_MACHINE:-amd64} cannot be had"
    for program in "${vm_computer%% *}" cpio modprobe xz; do
        command -v "$program" >/dev/null || echo "there is no $program"
    done
    for file in "boot/vmlinuz-$vm_release" bin/busybox; do
        [ -r "$vm_base/$file" ] || echo "there is no $vm_base/$file"
    done
}

# vm_number OFFSET BYTES: a little-endian number in the image of the kernel
vm_number() {
    od -A n -t "u$2" -j "$1" -N "$2" "$vm_image" | tr -d ' '
}

# vm_kernel FILE: the kernel unpacked, if it is packed with xz: an emulated machine takes 3 s longer to do that. The
# offsets are those of Linux' Documentation/x86/boot.rst.
vm_kernel() {
    vm_image=$vm_base/boot/vmlinuz-$vm_release
    begin=$((($(vm_number 0x1f1 1) + 1) * 512 + $(vm_number 0x248 4)))
    tail -c "+$((begin + 1))" "$vm_image" | head -c "$(vm_number 0x24c 4)" | xz -dc --single-stream >"$1" 2>/dev/null ||
        cp "$vm_image" "$1"
}

# vm_modules FOLDER MODULE...: copies these modules and those that they need, numbered in the order of loading
vm_modules() {
    modules=$1
    shift
    number=100
    for module in "$@"; do
        modprobe -d "$vm_base/" -S "$vm_release" -D "$module"
    done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r module; do
        number=$((number + 1))
        case $module in
        *.xz) xz -dc "$module" ;;
        *) cat "$module" ;;
        esac >"$modules/$number.ko"
    done
}

# vm_quote TEXT: as a word of the shell
vm_quote() {
    printf "'%s'" "$(printf '%s\n' "$1" | sed "s/'/'\\\\''/g")"
}

# vm_initrd FOLDER FILE: BusyBox, the modules of the root, and the names that the guest needs
vm_initrd() {
    mkdir "$1" "$1/modules"
    cp "$vm_base/bin/busybox" "$1/busybox"
    install -m 755 tests/kernel/init.sh "$1/init"
    cp tests/kernel/guest.sh "$1/guest"
    vm_modules "$1/modules" virtio_pci 9pnet_virtio 9p overlay
    cat >"$1/names" <<END
VM_FOLDER=$(vm_quote "$folder")
VM_DRIVERS='$vm_drivers'
VM_START=$(vm_quote "$PWD")
VM_UDEV=${VM_UDEV:-yes}
END
    (cd "$1" && find . | cpio --quiet -o -H newc) >"$2"
}

# vm_share TAG FOLDER: the value of -virtfs. QEMU wants a comma twice.
vm_share() {
    echo "local,mount_tag=$1,path=$(printf '%s\n' "$2" | sed 's/,/,,/g'),security_model=none,multidevs=remap"
}

# no_file_caps: capabilities are attributes of files (init.sh)
vm_words="console=ttyS0 quiet panic=-1 mitigations=off no_file_caps"

# vm_qemu FOLDER: the machine that is started from the files there, until it ends
vm_qemu() {
    # shellcheck disable=SC2086 # lists of words
    exec timeout -k 5 "${VM_SECONDS:-300}" $vm_computer -m "${VM_MEMORY:-1024}" -nodefaults -display none -no-reboot \
        -kernel "$1/kernel" -initrd "$1/initrd" -append "$vm_words" \
        -serial "file:$folder/console" -virtfs "$(vm_share root "${VM_ROOT:-/}"),readonly=on" \
        -virtfs "$(vm_share start "$PWD"),readonly=on" -virtfs "$(vm_share folder "$folder")" $VM_QEMU
}

# vm_guard PROCESS: ends it when the script that sources this file has ended, even by a signal that cannot be caught
vm_guard() {
    while kill -0 "$1" && kill -0 $$; do sleep 1; done
    kill "$1"
}

# vm_end FOLDER: ends the machine and removes the folder of its files
vm_end() {
    [ -z "$machine" ] || kill "$machine"
    wait
    rm -r "$1"
}

# vm_ended STATUS: the exit status of vm_run after QEMU's
vm_ended() {
    if [ -s "$folder/status" ]; then
        return "$(cat "$folder/status")"
    elif [ "$1" = 124 ]; then
        echo "the time of the virtual machine is over: see $folder/console" >&2
        return 124
    fi
    echo "the virtual machine died: see $folder/console" >&2
    cat "$work/errors" >&2
    return 125
}

# A subshell, so that its traps and variables are its own.
vm_run() (
    machine=
    folder=$(cd "$2" && pwd) && work=$(mktemp -d) || exit 125
    trap 'vm_end "$work"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    rm -f "$folder/status"
    : >"$folder/output"
    cp "$1" "$folder/script" && vm_machine && vm_kernel "$work/kernel" && vm_initrd "$work/files" "$work/initrd" ||
        exit 125
    vm_qemu "$work" </dev/null >"$work/errors" 2>&1 &
    machine=$!
    tail -n +1 -f -s 0.1 --pid=$machine "$folder/output" &
    vm_guard $machine >/dev/null 2>&1 &
    ended=0
    wait $machine || ended=$?
    machine=
    vm_ended $ended
)

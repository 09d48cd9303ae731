#!/busybox sh
# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# The first program of the virtual machine, in its initrd: finds the root, which is a folder outside below a layer in
# memory that takes the changes, and goes on there (guest.sh).
# shellcheck shell=dash disable=SC1091,SC2154 # the names are those of vm.sh
b=/busybox
set -e
trap '$b echo "the root cannot be mounted"; $b reboot -f' EXIT
. /names

mount_9p() {
    $b mount -t 9p -o "trans=virtio,version=9p2000.L,msize=500000$3" "$1" "$2"
}

$b mkdir -p /proc /outside /changes /root
$b mount -t proc proc /proc
for module in /modules/*; do $b insmod "$module"; done
mount_9p root /outside ,cache=loose,ro
$b mount -t tmpfs -o size=80% tmpfs /changes
$b mkdir /changes/upper /changes/work
# userxattr: QEMU does not have the other attributes, and MIPS does not understand its "not supported"
$b mount -t overlay -o userxattr,lowerdir=/outside,upperdir=/changes/upper,workdir=/changes/work root /root
# a root of another machine does not have the folders of this one
$b mkdir -p /root/proc /root/sys /root/dev /root/run /root/tmp "/root$VM_START"
$b mount -t proc proc /root/proc
$b mount -t sysfs sysfs /root/sys
$b mount -t devtmpfs dev /root/dev
$b mkdir -p /root/dev/pts /root/dev/shm
$b mount -t devpts devpts /root/dev/pts
$b mount -t tmpfs tmpfs /root/dev/shm
$b mount -t tmpfs tmpfs /root/run
[ -e "/root$VM_START/tests" ] || mount_9p start "/root$VM_START" ,cache=loose,ro
$b mkdir -p "/root$VM_FOLDER"
mount_9p folder "/root$VM_FOLDER"
$b cp /names /guest /root/run/
exec $b switch_root /root /bin/sh /run/guest

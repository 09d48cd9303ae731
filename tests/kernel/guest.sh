# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# The first process of the root in the virtual machine: makes it ready, runs the script, and ends the machine.
# shellcheck shell=sh disable=SC1091,SC2154 # the names are those of vm.sh
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LC_ALL=C.UTF-8
. /run/names
export VM_FOLDER VM_DRIVERS

mkdir -p /run/lock /run/udev
ip link set lo up
[ "$VM_UDEV" = no ] || /lib/systemd/systemd-udevd --daemon
cd "$VM_START" || exit
sh "$VM_FOLDER/script" </dev/null >"$VM_FOLDER/output" 2>&1
echo $? >"$VM_FOLDER/status.new"
mv "$VM_FOLDER/status.new" "$VM_FOLDER/status"
sync
busybox reboot -f

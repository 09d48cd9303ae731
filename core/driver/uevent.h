// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* Kernel events about devices (uevents), from netlink, or from a simulator as datagrams of the same
 * format. No udev. */
#ifndef MF_DRIVER_UEVENT_H
#define MF_DRIVER_UEVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Longer messages are dropped; the kernel's end at 2048 bytes and the path of the device. */
enum { MF_UEVENT_MOST = 8192 };

enum mf_uevent_result {
    MF_UEVENT_NONE = 0,     /* no message, or not the kernel's: wait again */
    MF_UEVENT_OVERRUN = -1, /* the kernel dropped events: read /sys again */
    MF_UEVENT_FAILED = -2   /* with errno */
};

/* Subscribes to the kernel's events. Returns a descriptor, non-blocking and close-on-exec, or -1 and
 * errno. */
int mf_uevent_open_kernel(void);

/* Subscribes to the socket of a simulator at `path`. Returns the same. */
int mf_uevent_open_simulator(const char *path);

/* Receives one message. Returns its length or an mf_uevent_result. Messages of other processes are
 * dropped: any process may send to a netlink group. */
ssize_t mf_uevent_receive(int descriptor, char out[MF_UEVENT_MOST]);

/* --- the text "ACTION@DEVPATH\0KEY=VALUE\0...", without I/O ------------------------------------
 */

struct mf_uevent_field {
    const char *name, *value; /* into the message, not terminated */
    size_t name_length, value_length;
};

struct mf_uevent_text {
    const char *at, *end;
};

/* Begins to read a message: gives its first line as name and value. False for another format. */
bool mf_uevent_begin(struct mf_uevent_text *text, const char *bytes, size_t length,
                     struct mf_uevent_field *action_at_path);

/* Gives the next KEY=VALUE; other lines are skipped. False at the end. */
bool mf_uevent_next(struct mf_uevent_text *text, struct mf_uevent_field *field);

#endif

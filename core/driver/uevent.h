/* What the kernel says about devices coming and going: its netlink group, or the datagrams of a
 * simulator in the same format. No udev. */
#ifndef MF_DRIVER_UEVENT_H
#define MF_DRIVER_UEVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Longer messages are dropped; the kernel's end at 2048 bytes and the path of the device. */
enum { MF_UEVENT_MOST = 8192 };

enum mf_uevent_result {
    MF_UEVENT_NONE = 0,     /* nothing there, or nothing for us: wait again */
    MF_UEVENT_OVERRUN = -1, /* the kernel dropped events: look at everything anew */
    MF_UEVENT_FAILED = -2   /* errno tells */
};

/* The kernel's events: a descriptor, non-blocking and close-on-exec, or -1 and errno. */
int mf_uevent_open_kernel(void);

/* Subscribes to the simulator's socket at `path`: as above. */
int mf_uevent_open_simulator(const char *path);

/* Takes one message: its length, or an mf_uevent_result. Of netlink messages only those that the
 * kernel itself sent are given; any process may send to a group. */
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

/* Begins to read a message: the first line as name and value. False if it is not the kernel's. */
bool mf_uevent_begin(struct mf_uevent_text *text, const char *bytes, size_t length,
                     struct mf_uevent_field *action_at_path);

/* The next KEY=VALUE; what has another form is passed over. False at the end. */
bool mf_uevent_next(struct mf_uevent_text *text, struct mf_uevent_field *field);

#endif

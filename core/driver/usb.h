// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* A USB interface as a channel, without a serial driver of the kernel: its bulk endpoints through
 * libusb. Several writes are under way at once, and reads are always pending. A write of the channel is
 * one transfer: only its last packet may be short, and no packet is empty. A stalled endpoint ends the
 * channel; the close clears the halt, so that the interface can be opened again.
 *
 * A driver of the kernel that has the interface is detached, and gets it back at the close. */
#ifndef MF_DRIVER_USB_H
#define MF_DRIVER_USB_H

#include "stream/stream.h"

enum mf_usb_result {
    MF_USB_OK,
    MF_USB_NOT_FOUND,    /* no such device or interface */
    MF_USB_DENIED,       /* no permission */
    MF_USB_BUSY,         /* another program, or a virtual machine, uses the interface */
    MF_USB_NOT_A_DEVICE, /* no USB device, or an interface without bulk endpoints */
    MF_USB_FAILED        /* any other error */
};

enum {
    MF_USB_WRITE =
        262144,       /* most bytes of one transfer to the device: a multiple of all packet sizes */
    MF_USB_WRITES = 2 /* most of them under way */
};

struct mf_usb_link;

struct mf_usb {
    struct mf_channel channel;
    struct mf_usb_link *link; /* NULL when closed */
};

/* Initializes a closed channel. Must be called first. */
void mf_usb_init(struct mf_usb *usb);
/* Opens an interface, by its number, of the device behind a node (/dev/bus/usb/001/004). On any
 * result but MF_USB_OK the channel stays closed and channel.error has an errno. */
enum mf_usb_result mf_usb_open(struct mf_usb *usb, const char *node, int interface);
/* Drops the bytes that have arrived. Returns 0 or MF_STREAM_CLOSED. */
int mf_usb_discard(struct mf_usb *usb);
/* Closes the channel; waits up to 500 ms until the written bytes have left. May be called again. */
void mf_usb_close(struct mf_usb *usb);

#endif

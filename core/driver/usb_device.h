// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* The USB device and interface behind a channel (driver/usb.h): opened and claimed, no transfers. */
#ifndef MF_DRIVER_USB_DEVICE_H
#define MF_DRIVER_USB_DEVICE_H

#include <libusb.h>
#include <stdbool.h>
#include <stdint.h>

struct mf_usb_device {
    libusb_context *context;
    libusb_device_handle *handle;
    int node;       /* what was opened */
    int descriptor; /* for poll(2): writable when transfers have completed */
    int interface;
    uint8_t in, out; /* bulk endpoints */
    bool claimed, has_lines;
    bool shares_memory; /* with the kernel */
};

/* The lines of a modem port that say that a program has it open. */
enum { MF_USB_NO_LINES = 0, MF_USB_DTR_AND_RTS = 3 };

/* Opens a node and claims an interface of the device; a driver of the kernel is detached. Returns 0 or
 * an errno: ENOTTY for what has no bulk endpoints. */
int mf_usb_device_open(struct mf_usb_device *device, const char *node, int interface);
/* Memory for the bytes of transfers; where the kernel takes them from there, it copies nothing. NULL: there
 * is none. */
uint8_t *mf_usb_device_memory(struct mf_usb_device *device, size_t length);
/* `memory` may be NULL. The device must be open. */
void mf_usb_device_free_memory(struct mf_usb_device *device, uint8_t *memory, size_t length);
/* Sets the modem lines, where the interface has some. */
void mf_usb_device_set_lines(struct mf_usb_device *device, unsigned lines);
/* Gives the interface back to the driver of the kernel. */
void mf_usb_device_release(struct mf_usb_device *device);
/* Closes the device; its transfers must be back. */
void mf_usb_device_close(struct mf_usb_device *device);
/* The errno of an error of libusb. */
int mf_usb_errno(int error);
/* That of a completed transfer; 0 also when it was cancelled. */
int mf_usb_transfer_errno(const struct libusb_transfer *transfer);

#endif

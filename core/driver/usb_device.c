// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

#include "driver/usb_device.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* Older versions cannot open a node: they look for all devices. */
#if LIBUSB_API_VERSION < 0x01000109
#define MF_USB_BY_LIST
#endif

/* A request of CDC ACM, which modems' serial ports obey. */
enum { SET_CONTROL_LINE_STATE = 0x22, LINES_MS = 500 };

int mf_usb_errno(int error)
{
    switch (error) {
    case 0:
        return 0;
    case LIBUSB_ERROR_NO_DEVICE:
    case LIBUSB_ERROR_NOT_FOUND:
        return ENODEV;
    case LIBUSB_ERROR_ACCESS:
        return EACCES;
    case LIBUSB_ERROR_BUSY:
        return EBUSY;
    case LIBUSB_ERROR_NO_MEM:
        return ENOMEM;
    case LIBUSB_ERROR_PIPE:
        return EPIPE;
    case LIBUSB_ERROR_NOT_SUPPORTED:
        return ENOTTY;
    default:
        return EIO;
    }
}

int mf_usb_transfer_errno(const struct libusb_transfer *transfer)
{
    switch (transfer->status) {
    case LIBUSB_TRANSFER_COMPLETED:
        return transfer->actual_length < transfer->length ? EREMOTEIO : 0;
    case LIBUSB_TRANSFER_CANCELLED:
        return 0;
    case LIBUSB_TRANSFER_STALL:
        return EPIPE;
    case LIBUSB_TRANSFER_OVERFLOW:
        return EOVERFLOW;
    case LIBUSB_TRANSFER_NO_DEVICE:
        return ENODEV;
    default:
        return EIO;
    }
}

#ifdef MF_USB_BY_LIST

static bool is_behind(libusb_device *one, unsigned number)
{
    return (libusb_get_bus_number(one) - 1) * 128u + libusb_get_device_address(one) - 1u == number;
}

/* The number of a node is that of its bus and device. */
static int open_handle(struct mf_usb_device *device)
{
    libusb_device **devices = NULL;
    struct stat status;
    ssize_t count;
    int result = LIBUSB_ERROR_NO_DEVICE;

    if (libusb_init(&device->context) != 0 || fstat(device->node, &status) != 0)
        return LIBUSB_ERROR_OTHER;
    count = libusb_get_device_list(device->context, &devices);
    for (ssize_t i = 0; i < count; i++) {
        if (is_behind(devices[i], minor(status.st_rdev)))
            result = libusb_open(devices[i], &device->handle);
    }
    if (count >= 0)
        libusb_free_device_list(devices, 1);
    return result;
}

#else

/* libusb does not search for devices here: a search takes time and starts a thread. */
static int open_handle(struct mf_usb_device *device)
{
    (void)libusb_set_option(NULL, LIBUSB_OPTION_NO_DEVICE_DISCOVERY);
    if (libusb_init(&device->context) != 0)
        return LIBUSB_ERROR_OTHER;
    return libusb_wrap_sys_device(device->context, device->node, &device->handle);
}

#endif

static void note_endpoint(struct mf_usb_device *device,
                          const struct libusb_endpoint_descriptor *endpoint)
{
    bool is_in = endpoint->bEndpointAddress & LIBUSB_ENDPOINT_IN;

    switch (endpoint->bmAttributes & LIBUSB_TRANSFER_TYPE_MASK) {
    case LIBUSB_TRANSFER_TYPE_BULK:
        *(is_in ? &device->in : &device->out) = endpoint->bEndpointAddress;
        break;
    case LIBUSB_TRANSFER_TYPE_INTERRUPT:
        device->has_lines = true; /* which reports the modem lines */
        break;
    default:
        break;
    }
}

static int find_endpoints(struct mf_usb_device *device)
{
    struct libusb_config_descriptor *config;
    int result = libusb_get_active_config_descriptor(libusb_get_device(device->handle), &config);

    if (result != 0)
        return result;
    for (int i = 0; i < config->bNumInterfaces; i++) {
        const struct libusb_interface_descriptor *interface = config->interface[i].altsetting;

        for (int j = 0;
             interface->bInterfaceNumber == device->interface && j < interface->bNumEndpoints; j++)
            note_endpoint(device, &interface->endpoint[j]);
    }
    libusb_free_config_descriptor(config);
    return device->in != 0 && device->out != 0 ? 0 : LIBUSB_ERROR_NOT_SUPPORTED;
}

/* That of the device: libusb's others tell nothing that a channel waits for. */
static int descriptor_of(const struct mf_usb_device *device)
{
    const struct libusb_pollfd **all = libusb_get_pollfds(device->context);
    int descriptor = -1;

    for (int i = 0; all != NULL && all[i] != NULL; i++) {
        if (all[i]->events & POLLOUT)
            descriptor = all[i]->fd;
    }
    libusb_free_pollfds(all);
    return descriptor;
}

static int claim(struct mf_usb_device *device)
{
    int result = libusb_claim_interface(device->handle, device->interface);

    device->claimed = result == 0;
    return result;
}

static int open_and_claim(struct mf_usb_device *device)
{
    int result = open_handle(device);

    if (result == 0)
        result = find_endpoints(device);
    if (result != 0)
        return result;
    device->descriptor = descriptor_of(device);
    (void)libusb_set_auto_detach_kernel_driver(device->handle, 1);
    return claim(device);
}

int mf_usb_device_open(struct mf_usb_device *device, const char *node, int interface)
{
    int result, descriptor = open(node, O_RDWR | O_CLOEXEC);

    if (descriptor < 0)
        return errno;
    *device = (struct mf_usb_device){.node = descriptor, .descriptor = -1, .interface = interface};
    result = open_and_claim(device);
    if (result != 0)
        mf_usb_device_close(device);
    return mf_usb_errno(result);
}

/* Memory that the kernel shares is that of DMA. Kernels before 5.7 map it wrongly where DMA goes past the
 * cache, which it never does on x86 ("usb: usbfs: correct kernel->user page attribute mismatch"). */
uint8_t *mf_usb_device_memory(struct mf_usb_device *device, size_t length)
{
    device->shares_memory = false;
#if defined(__i386__) || defined(__x86_64__)
    uint8_t *memory = libusb_dev_mem_alloc(device->handle, length);

    device->shares_memory = memory != NULL;
    if (memory != NULL)
        return memory;
#endif
    return malloc(length);
}

void mf_usb_device_free_memory(struct mf_usb_device *device, uint8_t *memory, size_t length)
{
    if (device->shares_memory)
        (void)libusb_dev_mem_free(device->handle, memory, length);
    else
        free(memory);
}

/* A modem may answer only while its lines are set. Errors do not count, as in the kernel's drivers. */
void mf_usb_device_set_lines(struct mf_usb_device *device, unsigned lines)
{
    if (device->has_lines)
        (void)libusb_control_transfer(device->handle,
                                      LIBUSB_REQUEST_TYPE_CLASS | LIBUSB_RECIPIENT_INTERFACE,
                                      SET_CONTROL_LINE_STATE, (uint16_t)lines,
                                      (uint16_t)device->interface, NULL, 0, LINES_MS);
}

void mf_usb_device_release(struct mf_usb_device *device)
{
    if (device->claimed)
        (void)libusb_release_interface(device->handle, device->interface);
    device->claimed = false;
}

void mf_usb_device_close(struct mf_usb_device *device)
{
    mf_usb_device_release(device);
    if (device->handle != NULL)
        libusb_close(device->handle);
    if (device->context != NULL)
        libusb_exit(device->context);
    close(device->node);
}

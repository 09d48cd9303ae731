// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* A stand-in for libusb: the functions that core/driver/usb*.c call, and one device whose transfers a test completes.
 * As with the kernel, a completion makes the descriptor writable, and its callback runs when events are handled. */
#ifndef MF_TESTS_FAKE_USB_H
#define MF_TESTS_FAKE_USB_H

#include "check.h"

#include <libusb.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    FAKE_IN = 0x81,
    FAKE_OUT = 0x02,
    FAKE_INTERRUPT = 0x83,
    FAKE_INTERFACE = 3,
    FAKE_MOST = 64,
    FAKE_SENT = 1 << 20
};

struct fake_transfer {
    struct libusb_transfer transfer; /* first */
    bool submitted, completed, cancelled;
};

static struct {
    struct fake_transfer *all[FAKE_MOST];                       /* that are not freed */
    struct fake_transfer *reads[FAKE_MOST], *writes[FAKE_MOST]; /* with the device, in order */
    unsigned count, read_count, write_count;
    uint8_t sent[FAKE_SENT]; /* what completed writes had */
    size_t sent_length, lengths[FAKE_MOST];
    unsigned sent_count;
    int descriptor; /* an eventfd: writable unless it is full */
    bool claimed, open, exists, has_interrupt, detaches, keeps_cancelled;
    bool has_no_memory; /* that the kernel shares */
    uint8_t *memory;    /* that it shares now */
    int claim_error, open_error, submit_error;
    unsigned halts[256];
    int lines; /* the last request for them, -1: none */
    unsigned most_writes;
} fake;

static inline void fake_reset(void)
{
    memset(&fake, 0, sizeof fake);
    fake.exists = fake.has_interrupt = true;
    fake.lines = -1;
    fake.descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    CHECK(eventfd_write(fake.descriptor, UINT64_MAX - 1) == 0);
}

/* Everything was given back. */
static inline void fake_check_closed(void)
{
    CHECK_EQUAL(fake.count, 0);
    CHECK(fake.memory == NULL);
    CHECK(!fake.claimed && !fake.open);
    close(fake.descriptor);
}

static inline void fake_report(void)
{
    eventfd_t taken;

    (void)eventfd_read(fake.descriptor, &taken);
}

/* --- what a test does ------------------------------------------------------------------------- */

static inline void fake_complete(struct fake_transfer *fake_one, enum libusb_transfer_status status,
                                 int length)
{
    fake_one->transfer.status = status;
    fake_one->transfer.actual_length = length;
    fake_one->completed = true;
    fake_report();
}

static inline struct fake_transfer *fake_shift(struct fake_transfer **list, unsigned *count)
{
    struct fake_transfer *first = list[0];

    CHECK(*count > 0);
    memmove(list, list + 1, --*count * sizeof *list);
    return first;
}

/* The device sends a packet. */
static inline void fake_receive(const void *bytes, size_t length,
                                enum libusb_transfer_status status)
{
    struct fake_transfer *read = fake_shift(fake.reads, &fake.read_count);

    CHECK(length <= (size_t)read->transfer.length);
    memcpy(read->transfer.buffer, bytes, length);
    fake_complete(read, status, (int)length);
}

/* The device takes `length` bytes of the oldest write; -1: all of it. */
static inline void fake_take(enum libusb_transfer_status status, int length)
{
    struct fake_transfer *write = fake_shift(fake.writes, &fake.write_count);

    length = length < 0 ? write->transfer.length : length;
    CHECK(fake.sent_length + (size_t)length <= sizeof fake.sent);
    memcpy(fake.sent + fake.sent_length, write->transfer.buffer, (size_t)length);
    fake.sent_length += (size_t)length;
    fake.lengths[fake.sent_count++ % FAKE_MOST] = (size_t)length;
    fake_complete(write, status, length);
}

/* The device is unplugged. */
static inline void fake_unplug(void)
{
    fake.exists = false;
    while (fake.read_count > 0)
        fake_complete(fake_shift(fake.reads, &fake.read_count), LIBUSB_TRANSFER_NO_DEVICE, 0);
    while (fake.write_count > 0)
        fake_complete(fake_shift(fake.writes, &fake.write_count), LIBUSB_TRANSFER_NO_DEVICE, 0);
}

/* --- libusb ------------------------------------------------------------------------------------ */

int libusb_set_option(libusb_context *context, enum libusb_option option, ...)
{
    CHECK(context == NULL && option == LIBUSB_OPTION_NO_DEVICE_DISCOVERY);
    return 0;
}

int libusb_init(libusb_context **context)
{
    *context = (libusb_context *)&fake;
    return 0;
}

void libusb_exit(libusb_context *context)
{
    CHECK(context == (libusb_context *)&fake && !fake.open);
}

static inline int fake_open(libusb_device_handle **handle)
{
    if (fake.open_error != 0)
        return fake.open_error;
    fake.open = true;
    *handle = (libusb_device_handle *)&fake;
    return 0;
}

int libusb_wrap_sys_device(libusb_context *context, intptr_t node, libusb_device_handle **handle)
{
    CHECK(context != NULL && node >= 0);
    return fake_open(handle);
}

ssize_t libusb_get_device_list(libusb_context *context, libusb_device ***list)
{
    static libusb_device *devices[] = {(libusb_device *)&fake.exists, (libusb_device *)&fake, NULL};

    CHECK(context != NULL);
    *list = devices;
    return 2;
}

void libusb_free_device_list(libusb_device **list, int unref)
{
    CHECK(list != NULL && unref == 1);
}

/* /dev/null has the minor number 3: device 4 of bus 1. */
uint8_t libusb_get_bus_number(libusb_device *device)
{
    return device == (libusb_device *)&fake ? 1 : 2;
}

uint8_t libusb_get_device_address(libusb_device *device)
{
    CHECK(device != NULL);
    return 4;
}

int libusb_open(libusb_device *device, libusb_device_handle **handle)
{
    CHECK(device == (libusb_device *)&fake);
    return fake_open(handle);
}

void libusb_close(libusb_device_handle *handle)
{
    CHECK(handle != NULL && fake.open);
    for (unsigned i = 0; i < fake.count; i++)
        CHECK(!fake.all[i]->submitted);
    fake.open = false;
}

libusb_device *libusb_get_device(libusb_device_handle *handle)
{
    CHECK(handle != NULL);
    return (libusb_device *)&fake;
}

int libusb_get_active_config_descriptor(libusb_device *device,
                                        struct libusb_config_descriptor **config)
{
    static struct libusb_endpoint_descriptor endpoints[] = {
        {.bEndpointAddress = FAKE_IN, .bmAttributes = LIBUSB_TRANSFER_TYPE_BULK},
        {.bEndpointAddress = FAKE_OUT, .bmAttributes = LIBUSB_TRANSFER_TYPE_BULK},
        {.bEndpointAddress = FAKE_INTERRUPT, .bmAttributes = LIBUSB_TRANSFER_TYPE_INTERRUPT}};
    static struct libusb_interface_descriptor settings[] = {
        {.bInterfaceNumber = 0, .bNumEndpoints = 1, .endpoint = endpoints + 2},
        {.bInterfaceNumber = FAKE_INTERFACE, .endpoint = endpoints}};
    static struct libusb_interface interfaces[] = {{settings, 1}, {settings + 1, 1}};
    static struct libusb_config_descriptor made = {.bNumInterfaces = 2, .interface = interfaces};

    CHECK(device != NULL);
    settings[1].bNumEndpoints = fake.has_interrupt ? 3 : 2;
    *config = &made;
    return 0;
}

void libusb_free_config_descriptor(struct libusb_config_descriptor *config)
{
    CHECK(config != NULL);
}

int libusb_set_auto_detach_kernel_driver(libusb_device_handle *handle, int enable)
{
    CHECK(handle != NULL);
    fake.detaches = enable != 0;
    return 0;
}

int libusb_claim_interface(libusb_device_handle *handle, int interface)
{
    CHECK(handle != NULL && fake.detaches);
    CHECK_EQUAL(interface, FAKE_INTERFACE);
    fake.claimed = fake.claim_error == 0;
    return fake.claim_error;
}

int libusb_release_interface(libusb_device_handle *handle, int interface)
{
    CHECK(handle != NULL && fake.claimed && interface == FAKE_INTERFACE);
    fake.claimed = false;
    return 0;
}

int libusb_control_transfer(libusb_device_handle *handle, uint8_t type, uint8_t request,
                            uint16_t value, uint16_t index, unsigned char *data, uint16_t length,
                            unsigned int timeout)
{
    CHECK(handle != NULL && type == 0x21 && request == 0x22 && index == FAKE_INTERFACE);
    CHECK(data == NULL && length == 0 && timeout > 0 && timeout <= 1000);
    fake.lines = value;
    return 0;
}

unsigned char *libusb_dev_mem_alloc(libusb_device_handle *handle, size_t length)
{
    CHECK(handle != NULL && fake.open && fake.memory == NULL);
    fake.memory = fake.has_no_memory ? NULL : malloc(length);
    return fake.memory;
}

int libusb_dev_mem_free(libusb_device_handle *handle, unsigned char *memory, size_t length)
{
    CHECK(handle != NULL && fake.open && memory == fake.memory && length > 0);
    free(memory);
    fake.memory = NULL;
    return 0;
}

struct libusb_transfer *libusb_alloc_transfer(int iso_packets)
{
    CHECK(iso_packets == 0 && fake.count < FAKE_MOST);
    fake.all[fake.count] = calloc(1, sizeof **fake.all);
    return &fake.all[fake.count++]->transfer;
}

void libusb_free_transfer(struct libusb_transfer *transfer)
{
    if (transfer == NULL)
        return;
    for (unsigned i = 0; i < fake.count; i++) {
        if (&fake.all[i]->transfer != transfer)
            continue;
        CHECK(!fake.all[i]->submitted);
        fake.all[i] = fake.all[--fake.count];
        free(transfer);
        return;
    }
    CHECK(!"a transfer of libusb");
}

int libusb_submit_transfer(struct libusb_transfer *transfer)
{
    struct fake_transfer *one = (struct fake_transfer *)transfer;
    bool is_read = transfer->endpoint == FAKE_IN;

    CHECK(fake.claimed && !one->submitted && transfer->length > 0 && transfer->timeout == 0);
    CHECK(is_read || transfer->endpoint == FAKE_OUT);
    if (fake.submit_error != 0 || !fake.exists)
        return fake.submit_error != 0 ? fake.submit_error : LIBUSB_ERROR_NO_DEVICE;
    one->submitted = true;
    one->completed = one->cancelled = false;
    if (is_read)
        fake.reads[fake.read_count++] = one;
    else
        fake.writes[fake.write_count++] = one;
    if (fake.write_count > fake.most_writes)
        fake.most_writes = fake.write_count;
    return 0;
}

static inline void fake_remove(struct fake_transfer **list, unsigned *count,
                               const struct fake_transfer *one)
{
    for (unsigned i = 0; i < *count; i++) {
        if (list[i] == one)
            memmove(list + i, list + i + 1, (--*count - i) * sizeof *list);
    }
}

int libusb_cancel_transfer(struct libusb_transfer *transfer)
{
    struct fake_transfer *one = (struct fake_transfer *)transfer;

    CHECK(one->submitted && !one->cancelled);
    one->cancelled = true;
    if (one->completed || fake.keeps_cancelled)
        return LIBUSB_ERROR_NOT_FOUND;
    fake_remove(fake.reads, &fake.read_count, one);
    fake_remove(fake.writes, &fake.write_count, one);
    fake_complete(one, LIBUSB_TRANSFER_CANCELLED, 0);
    return 0;
}

int libusb_clear_halt(libusb_device_handle *handle, unsigned char endpoint)
{
    CHECK(handle != NULL && fake.claimed);
    for (unsigned i = 0; i < fake.count; i++)
        CHECK(!fake.all[i]->submitted || fake.keeps_cancelled);
    fake.halts[endpoint]++;
    return 0;
}

int libusb_handle_events_timeout_completed(libusb_context *context, struct timeval *timeout,
                                           int *completed)
{
    CHECK(context != NULL && timeout->tv_sec == 0 && timeout->tv_usec == 0 && completed == NULL);
    for (unsigned i = 0; i < fake.count; i++) {
        if (!fake.all[i]->completed)
            continue;
        fake.all[i]->completed = fake.all[i]->submitted = false;
        fake.all[i]->transfer.callback(&fake.all[i]->transfer);
    }
    if (fake.exists)
        (void)eventfd_write(fake.descriptor, UINT64_MAX - 1);
    return 0;
}

const struct libusb_pollfd **libusb_get_pollfds(libusb_context *context)
{
    static struct libusb_pollfd own = {.fd = 0, .events = POLLIN}, device = {.events = POLLOUT};
    static const struct libusb_pollfd *list[] = {&own, &device, NULL};

    CHECK(context != NULL && fake.open);
    device.fd = fake.descriptor;
    return list;
}

void libusb_free_pollfds(const struct libusb_pollfd **list)
{
    CHECK(list != NULL);
}

#endif

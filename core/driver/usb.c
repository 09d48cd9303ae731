// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

#include "driver/usb.h"

#include "driver/usb_device.h"
#include "stream/wait.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum {
    READ = 4096, /* bytes of one transfer from the device: a multiple of all packet sizes */
    READS = 4,
    SLOTS = READS + MF_USB_WRITES,
    LINGER_MS = 500,  /* for written bytes to leave before a close */
    CANCEL_MS = 1000, /* for the kernel to give cancelled transfers back */
    DISCARDED_AT_ONCE = 512,
    MEMORY = READS * READ + MF_USB_WRITES * MF_USB_WRITE
};

enum slot_state { IDLE, PENDING, DONE };

struct slot {
    struct mf_usb_link *link;
    struct libusb_transfer *transfer;
    uint8_t *bytes;
    enum slot_state state;
};

/* The kernel writes into this while a transfer is pending. */
struct mf_usb_link {
    struct mf_usb_device device;
    struct slot slots[SLOTS];        /* two rings: first the reads, then the writes */
    unsigned first_read, next_write; /* indexes of slots */
    size_t taken;                    /* bytes of the first read that the caller has */
    bool in_halted, out_halted;
    int result;      /* MF_STREAM_CLOSED or MF_STREAM_FAILED after a transfer failed, else 0 */
    int error;       /* errno of the first that failed */
    uint8_t *memory; /* of all transfers */
};

/* The first failure counts: it is the cause of those that follow. An error on the wire is most often
 * the device that leaves, before the kernel says so; a tty reports it as a hang-up, too. */
static void fail(struct mf_usb_link *link, int error)
{
    if (link->result != 0)
        return;
    link->result = error == ENODEV || error == EIO ? MF_STREAM_CLOSED : MF_STREAM_FAILED;
    link->error = error;
}

/* --- transfers ------------------------------------------------------------------------------ */

static void LIBUSB_CALL on_written(struct libusb_transfer *transfer)
{
    struct slot *slot = transfer->user_data;
    int error = mf_usb_transfer_errno(transfer);

    slot->state = IDLE;
    slot->link->out_halted |= error == EPIPE;
    if (error != 0)
        fail(slot->link, error);
}

/* What has arrived is looked at in order, by take(). */
static void LIBUSB_CALL on_read(struct libusb_transfer *transfer)
{
    ((struct slot *)transfer->user_data)->state = DONE;
}

static void submit(struct slot *slot)
{
    int result = libusb_submit_transfer(slot->transfer);

    slot->state = result == 0 ? PENDING : IDLE;
    if (result != 0)
        fail(slot->link, mf_usb_errno(result));
}

/* Calls on_read and on_written of what has completed. `reported`: what poll(2) says of the device. */
static void reap(struct mf_usb_link *link, int reported)
{
    struct timeval at_once = {0};
    int result = libusb_handle_events_timeout_completed(link->device.context, &at_once, NULL);

    if (result != 0 && result != LIBUSB_ERROR_INTERRUPTED)
        fail(link, mf_usb_errno(result));
    if (reported & ~POLLOUT)
        fail(link, ENODEV);
}

/* Returns 0 or an mf_stream_result. */
static int wait_and_reap(struct mf_usb *usb, int64_t deadline, int interrupt)
{
    struct pollfd completed = {.fd = usb->channel.descriptor, .events = POLLOUT};
    int ready = mf_wait(&completed, 1, deadline, interrupt);

    if (ready == MF_STREAM_FAILED)
        usb->channel.error = errno;
    if (ready < 0)
        return ready;
    reap(usb->link, completed.revents);
    return 0;
}

static int failed(struct mf_usb *usb)
{
    usb->channel.error = usb->link->error;
    return usb->link->result;
}

/* --- reading and writing -------------------------------------------------------------------- */

/* Lets the first read wait for more. Not after a failure: bytes would be missing in between. */
static void give_back(struct mf_usb_link *link, struct slot *slot)
{
    int status = slot->transfer->status;

    slot->state = IDLE;
    link->taken = 0;
    link->first_read = (link->first_read + 1) % READS;
    link->in_halted |= status == LIBUSB_TRANSFER_STALL;
    if (status != LIBUSB_TRANSFER_COMPLETED)
        fail(link, mf_usb_transfer_errno(slot->transfer));
    if (link->result == 0)
        submit(slot);
}

static size_t take_from(struct slot *slot, uint8_t *out, size_t capacity)
{
    struct mf_usb_link *link = slot->link;
    size_t left = (size_t)slot->transfer->actual_length - link->taken;
    size_t count = left < capacity ? left : capacity;

    memcpy(out, slot->bytes + link->taken, count);
    link->taken += count;
    if (left <= capacity)
        give_back(link, slot);
    return count;
}

/* Bytes that have arrived; 0 when there are none. */
static size_t take(struct mf_usb_link *link, uint8_t *out, size_t capacity)
{
    size_t count = 0;

    while (count == 0 && link->slots[link->first_read].state == DONE)
        count = take_from(&link->slots[link->first_read], out, capacity);
    return count;
}

/* What arrived before a failure is read before the failure is. */
static ssize_t usb_read(struct mf_channel *self, uint8_t *out, size_t capacity, int timeout_ms)
{
    struct mf_usb *usb = (struct mf_usb *)self;
    int64_t deadline = timeout_ms > 0 ? mf_now_ms() + timeout_ms : 0;

    if (usb->link == NULL)
        return MF_STREAM_CLOSED;
    for (;;) {
        size_t count = take(usb->link, out, capacity);
        int result;

        if (count > 0)
            return (ssize_t)count;
        result = failed(usb);
        if (result == 0)
            result = wait_and_reap(usb, deadline, self->interrupt);
        if (result != 0)
            return result;
    }
}

static size_t start_write(struct mf_usb_link *link, const uint8_t *bytes, size_t length)
{
    struct slot *slot = &link->slots[link->next_write];
    size_t count = length < MF_USB_WRITE ? length : MF_USB_WRITE;

    if (slot->state != IDLE)
        return 0;
    memcpy(slot->bytes, bytes, count);
    slot->transfer->length = (int)count;
    submit(slot);
    link->next_write = link->next_write + 1 < SLOTS ? link->next_write + 1 : READS;
    return link->result == 0 ? count : 0;
}

static ssize_t usb_write(struct mf_channel *self, const uint8_t *bytes, size_t length,
                         int timeout_ms)
{
    struct mf_usb *usb = (struct mf_usb *)self;
    int64_t deadline = timeout_ms > 0 ? mf_now_ms() + timeout_ms : 0;

    if (usb->link == NULL)
        return MF_STREAM_CLOSED;
    for (;;) {
        int result = failed(usb);
        size_t count = result == 0 ? start_write(usb->link, bytes, length) : 0;

        if (count > 0)
            return (ssize_t)count;
        result = failed(usb);
        if (result == 0)
            result = wait_and_reap(usb, deadline, self->interrupt);
        if (result != 0)
            return result;
    }
}

static int usb_ready(struct mf_channel *self, int reported)
{
    struct mf_usb_link *link = ((struct mf_usb *)self)->link;
    int ready = 0;

    if (link == NULL)
        return POLLIN;
    if (reported != 0)
        reap(link, reported);
    if (link->result != 0 || link->slots[link->first_read].state == DONE)
        ready |= POLLIN;
    if (link->slots[link->next_write].state == IDLE)
        ready |= POLLOUT;
    return ready;
}

void mf_usb_init(struct mf_usb *usb)
{
    *usb = (struct mf_usb){.channel = {.read = usb_read,
                                       .write = usb_write,
                                       .ready = usb_ready,
                                       .write_size = MF_USB_WRITE,
                                       .descriptor = -1,
                                       .interrupt = -1}};
}

/* A device that never falls silent is read only a bounded number of times. */
int mf_usb_discard(struct mf_usb *usb)
{
    uint8_t dropped[DISCARDED_AT_ONCE];
    ssize_t count = 1;
    int rounds;

    for (rounds = 0; rounds < DISCARDED_AT_ONCE && count > 0; rounds++)
        count = usb->channel.read(&usb->channel, dropped, sizeof dropped, 0);
    return count == MF_STREAM_CLOSED ? MF_STREAM_CLOSED : 0;
}

/* --- opening and closing ---------------------------------------------------------------------- */

static int make_slots(struct mf_usb_link *link)
{
    uint8_t *bytes = link->memory = mf_usb_device_memory(&link->device, MEMORY);

    if (bytes == NULL)
        return ENOMEM;
    for (unsigned i = 0; i < SLOTS; i++) {
        bool reads = i < READS;
        struct slot *slot = &link->slots[i];

        *slot = (struct slot){.link = link, .transfer = libusb_alloc_transfer(0), .bytes = bytes};
        if (slot->transfer == NULL)
            return ENOMEM;
        libusb_fill_bulk_transfer(slot->transfer, link->device.handle,
                                  reads ? link->device.in : link->device.out, bytes, READ,
                                  reads ? on_read : on_written, slot, 0);
        bytes += reads ? READ : MF_USB_WRITE;
    }
    link->next_write = READS;
    return 0;
}

static int start(struct mf_usb_link *link)
{
    int error = make_slots(link);

    if (error != 0)
        return error;
    mf_usb_device_set_lines(&link->device, MF_USB_DTR_AND_RTS);
    for (unsigned i = 0; i < READS && link->result == 0; i++)
        submit(&link->slots[i]);
    return link->error;
}

static enum mf_usb_result refused(struct mf_usb *usb, int error)
{
    usb->channel.error = error;
    switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ENODEV:
    case ENXIO:
        return MF_USB_NOT_FOUND;
    case EACCES:
    case EPERM:
        return MF_USB_DENIED;
    case EBUSY:
        return MF_USB_BUSY;
    case ENOTTY:
        return MF_USB_NOT_A_DEVICE;
    default:
        return MF_USB_FAILED;
    }
}

enum mf_usb_result mf_usb_open(struct mf_usb *usb, const char *node, int interface)
{
    struct mf_usb_link *link = calloc(1, sizeof *link);
    int error = link == NULL ? ENOMEM : mf_usb_device_open(&link->device, node, interface);

    if (error != 0) {
        free(link);
        return refused(usb, error);
    }
    usb->link = link;
    usb->channel.descriptor = link->device.descriptor;
    error = start(link);
    if (error == 0)
        return MF_USB_OK;
    mf_usb_close(usb);
    return refused(usb, error);
}

/* Whether one of `count` transfers from the first on is with the kernel. */
static bool is_pending(const struct mf_usb_link *link, unsigned first, unsigned count)
{
    for (unsigned i = first; i < first + count; i++) {
        if (link->slots[i].state == PENDING)
            return true;
    }
    return false;
}

/* An interrupt does not shorten this wait: the last write may be the reset of the modem. */
static void let_writes_leave(struct mf_usb *usb)
{
    int64_t deadline = mf_now_ms() + LINGER_MS;

    while (usb->link->result == 0 && is_pending(usb->link, READS, MF_USB_WRITES) &&
           wait_and_reap(usb, deadline, -1) == 0)
        ;
}

static void cancel_all(struct mf_usb *usb)
{
    struct mf_usb_link *link = usb->link;
    int64_t deadline = mf_now_ms() + CANCEL_MS;

    for (unsigned i = 0; i < SLOTS; i++) {
        if (link->slots[i].state == PENDING)
            (void)libusb_cancel_transfer(link->slots[i].transfer);
    }
    while (is_pending(link, 0, SLOTS) && mf_now_ms() < deadline)
        (void)wait_and_reap(usb, deadline, -1);
}

static void clear_halts(struct mf_usb_link *link)
{
    if (link->in_halted)
        (void)libusb_clear_halt(link->device.handle, link->device.in);
    if (link->out_halted)
        (void)libusb_clear_halt(link->device.handle, link->device.out);
}

static void free_link(struct mf_usb_link *link)
{
    for (unsigned i = 0; i < SLOTS; i++)
        libusb_free_transfer(link->slots[i].transfer);
    mf_usb_device_free_memory(&link->device, link->memory, MEMORY);
    mf_usb_device_close(&link->device);
    free(link);
}

/* The kernel may still write to the memory of a transfer that does not come back: it is not freed. */
void mf_usb_close(struct mf_usb *usb)
{
    struct mf_usb_link *link = usb->link;

    if (link == NULL)
        return;
    let_writes_leave(usb);
    if (link->result == 0)
        mf_usb_device_set_lines(&link->device, MF_USB_NO_LINES);
    cancel_all(usb);
    clear_halts(link);
    mf_usb_device_release(&link->device);
    if (!is_pending(link, 0, SLOTS))
        free_link(link);
    usb->link = NULL;
    usb->channel.descriptor = -1;
}

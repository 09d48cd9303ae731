// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* The channel over USB, with a stand-in for libusb whose transfers complete, fail and are cancelled as the tests say. */
#include "check.h"
#include "driver/usb.h"
#include "fake_usb.h"
#include "stream/wait.h"

#include <errno.h>

static struct mf_usb usb;
static uint8_t bytes[4 * MF_USB_WRITE];

static void set_up_usb(void)
{
    fake_reset();
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 256);
    mf_usb_init(&usb);
    CHECK_EQUAL(mf_usb_open(&usb, "/dev/null", FAKE_INTERFACE), MF_USB_OK);
}

static void tear_down_usb(void)
{
    mf_usb_close(&usb);
    CHECK_EQUAL(usb.channel.descriptor, -1);
    mf_usb_close(&usb);
    fake_check_closed();
}

static ssize_t write_bytes(size_t length, int timeout_ms)
{
    return usb.channel.write(&usb.channel, bytes, length, timeout_ms);
}

static ssize_t read_bytes(uint8_t *out, size_t capacity, int timeout_ms)
{
    return usb.channel.read(&usb.channel, out, capacity, timeout_ms);
}

static void receive(const char *text)
{
    fake_receive(text, strlen(text), LIBUSB_TRANSFER_COMPLETED);
}

/* --- opening and closing -------------------------------------------------------------------------- */

static void test_an_interface_is_claimed_read_and_given_back(void)
{
    set_up_usb();
    CHECK(fake.claimed && fake.detaches);
    CHECK(fake.read_count > 1);
    CHECK_EQUAL(fake.lines, 3);
    tear_down_usb();
    CHECK_EQUAL(fake.lines, 0);
}

static void test_a_loader_has_no_modem_lines(void)
{
    fake_reset();
    fake.has_interrupt = false;
    mf_usb_init(&usb);
    CHECK_EQUAL(mf_usb_open(&usb, "/dev/null", FAKE_INTERFACE), MF_USB_OK);
    tear_down_usb();
    CHECK_EQUAL(fake.lines, -1);
}

static void check_refused(enum mf_usb_result expected, int error)
{
    mf_usb_init(&usb);
    CHECK_EQUAL(mf_usb_open(&usb, "/dev/null", FAKE_INTERFACE), expected);
    CHECK_EQUAL(usb.channel.error, error);
    CHECK_EQUAL(usb.channel.descriptor, -1);
    CHECK_EQUAL(read_bytes(bytes, 1, 0), MF_STREAM_CLOSED);
    CHECK_EQUAL(write_bytes(1, 0), MF_STREAM_CLOSED);
    fake_check_closed();
}

static void test_what_cannot_be_opened_stays_closed(void)
{
    static const struct {
        int claim, open, submit;
        enum mf_usb_result result;
        int error;
    } cases[] = {{LIBUSB_ERROR_BUSY, 0, 0, MF_USB_BUSY, EBUSY},
                 {LIBUSB_ERROR_NO_DEVICE, 0, 0, MF_USB_NOT_FOUND, ENODEV},
                 {0, LIBUSB_ERROR_ACCESS, 0, MF_USB_DENIED, EACCES},
                 {0, 0, LIBUSB_ERROR_NO_MEM, MF_USB_FAILED, ENOMEM},
                 {0, 0, LIBUSB_ERROR_NO_DEVICE, MF_USB_NOT_FOUND, ENODEV}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fake_reset();
        fake.claim_error = cases[i].claim;
        fake.open_error = cases[i].open;
        fake.submit_error = cases[i].submit;
        check_refused(cases[i].result, cases[i].error);
    }
    mf_usb_init(&usb);
    CHECK_EQUAL(mf_usb_open(&usb, "/dev/moonflash/none", 0), MF_USB_NOT_FOUND);
    CHECK_EQUAL(usb.channel.error, ENOENT);
}

static void test_an_interface_without_bulk_endpoints_is_no_port(void)
{
    fake_reset();
    mf_usb_init(&usb);
    CHECK_EQUAL(mf_usb_open(&usb, "/dev/null", 0), MF_USB_NOT_A_DEVICE);
    fake_check_closed();
}

/* Nothing of what the kernel still has is freed, and what it has completed is no longer touched. */
static void test_a_close_takes_back_what_is_under_way(void)
{
    set_up_usb();
    CHECK_EQUAL(write_bytes(1000, 0), 1000);
    CHECK_EQUAL(write_bytes(1000, 0), 1000);
    receive("never read");
    tear_down_usb();
    CHECK_EQUAL(fake.sent_count, 0);
}

static void test_a_close_lets_the_last_write_leave(void)
{
    set_up_usb();
    CHECK_EQUAL(write_bytes(5, 0), 5);
    fake_take(LIBUSB_TRANSFER_COMPLETED, -1);
    tear_down_usb();
    CHECK_EQUAL(fake.sent_length, 5);
}

static void test_a_kernel_without_memory_to_share_gets_copies(void)
{
    fake_reset();
    fake.has_no_memory = true;
    mf_usb_init(&usb);
    CHECK_EQUAL(mf_usb_open(&usb, "/dev/null", FAKE_INTERFACE), MF_USB_OK);
    CHECK_EQUAL(write_bytes(10, 0), 10);
    fake_take(LIBUSB_TRANSFER_COMPLETED, -1);
    CHECK(memcmp(fake.sent, bytes, 10) == 0);
    tear_down_usb();
}

static void test_transfers_that_never_come_back_keep_their_memory(void)
{
    struct mf_usb_link *link;

    set_up_usb();
    link = usb.link;
    fake.keeps_cancelled = true;
    mf_usb_close(&usb);
    CHECK(!fake.claimed && fake.open);
    CHECK(fake.read_count > 0);
    memset(fake.reads[0]->transfer.buffer, 1, (size_t)fake.reads[0]->transfer.length);
    free(fake.reads[0]->transfer.buffer); /* the first of all memory */
    for (; fake.count > 0; fake.count--)
        free(fake.all[fake.count - 1]);
    free(link);
    close(fake.descriptor);
}

/* --- writing -------------------------------------------------------------------------------------- */

static void test_several_writes_are_under_way_in_order(void)
{
    size_t sent = 0;
    ssize_t count;

    set_up_usb();
    while ((count = usb.channel.write(&usb.channel, bytes + sent, sizeof bytes - sent, 0)) > 0)
        sent += (size_t)count;
    CHECK_EQUAL(count, MF_STREAM_TIMEOUT);
    CHECK_EQUAL(fake.most_writes, MF_USB_WRITES);
    CHECK_EQUAL(sent, (size_t)MF_USB_WRITES * MF_USB_WRITE);
    CHECK_EQUAL(usb.channel.ready(&usb.channel, 0), 0);
    fake_take(LIBUSB_TRANSFER_COMPLETED, -1);
    CHECK_EQUAL(usb.channel.ready(&usb.channel, POLLOUT), POLLOUT);
    CHECK_EQUAL(write_bytes(10, 1000), 10);
    while (fake.write_count > 0)
        fake_take(LIBUSB_TRANSFER_COMPLETED, -1);
    CHECK(memcmp(fake.sent, bytes, sent) == 0);
    CHECK_EQUAL(fake.lengths[0], MF_USB_WRITE);
    CHECK_EQUAL(fake.lengths[MF_USB_WRITES], 10);
    tear_down_usb();
}

static void test_a_write_waits_for_room_until_its_deadline(void)
{
    int64_t began;

    set_up_usb();
    for (int i = 0; i < MF_USB_WRITES; i++)
        CHECK_EQUAL(write_bytes(1, 0), 1);
    began = mf_now_ms();
    CHECK_EQUAL(write_bytes(1, 30), MF_STREAM_TIMEOUT);
    CHECK(mf_now_ms() - began >= 30);
    while (fake.write_count > 0)
        fake_take(LIBUSB_TRANSFER_COMPLETED, -1);
    tear_down_usb();
}

static void check_write_fails(enum libusb_transfer_status status, int length, ssize_t expected,
                              int error)
{
    uint8_t byte;

    set_up_usb();
    CHECK_EQUAL(write_bytes(100, 0), 100);
    CHECK_EQUAL(write_bytes(100, 0), 100);
    fake_take(status, length);
    CHECK_EQUAL(read_bytes(&byte, 1, 1000), expected);
    CHECK_EQUAL(write_bytes(100, 0), expected);
    CHECK_EQUAL(usb.channel.error, error);
    CHECK_EQUAL(fake.write_count, 1);
    tear_down_usb();
}

static void test_a_write_that_fails_ends_the_channel(void)
{
    check_write_fails(LIBUSB_TRANSFER_COMPLETED, 99, MF_STREAM_FAILED, EREMOTEIO);
    check_write_fails(LIBUSB_TRANSFER_NO_DEVICE, 0, MF_STREAM_CLOSED, ENODEV);
    check_write_fails(LIBUSB_TRANSFER_ERROR, 0, MF_STREAM_CLOSED, EIO);
    check_write_fails(LIBUSB_TRANSFER_STALL, 0, MF_STREAM_FAILED, EPIPE);
    CHECK_EQUAL(fake.halts[FAKE_OUT], 1);
    CHECK_EQUAL(fake.halts[FAKE_IN], 0);
}

/* --- reading -------------------------------------------------------------------------------------- */

static void test_packets_are_read_in_parts_and_in_order(void)
{
    uint8_t out[16];
    unsigned pending;

    set_up_usb();
    pending = fake.read_count;
    receive("one");
    receive("");
    receive("two");
    CHECK_EQUAL(read_bytes(out, 2, 1000), 2);
    CHECK(memcmp(out, "on", 2) == 0);
    CHECK_EQUAL(usb.channel.ready(&usb.channel, 0), POLLIN | POLLOUT);
    CHECK_EQUAL(read_bytes(out, sizeof out, 0), 1);
    CHECK_EQUAL(out[0], 'e');
    CHECK_EQUAL(read_bytes(out, sizeof out, 0), 3);
    CHECK(memcmp(out, "two", 3) == 0);
    CHECK_EQUAL(read_bytes(out, sizeof out, 0), MF_STREAM_TIMEOUT);
    CHECK_EQUAL(fake.read_count, pending);
    tear_down_usb();
}

static void test_a_read_waits_until_its_deadline(void)
{
    int64_t began = mf_now_ms();
    uint8_t byte;

    set_up_usb();
    CHECK_EQUAL(read_bytes(&byte, 1, 0), MF_STREAM_TIMEOUT);
    CHECK_EQUAL(read_bytes(&byte, 1, 30), MF_STREAM_TIMEOUT);
    CHECK(mf_now_ms() - began >= 30);
    tear_down_usb();
}

static void test_an_interrupt_ends_a_wait(void)
{
    int interrupt = eventfd(1, EFD_CLOEXEC);
    uint8_t byte;

    set_up_usb();
    usb.channel.interrupt = interrupt;
    CHECK_EQUAL(read_bytes(&byte, 1, 60000), MF_STREAM_INTERRUPTED);
    for (int i = 0; i < MF_USB_WRITES; i++)
        CHECK_EQUAL(write_bytes(1, 0), 1);
    CHECK_EQUAL(write_bytes(1, 60000), MF_STREAM_INTERRUPTED);
    while (fake.write_count > 0)
        fake_take(LIBUSB_TRANSFER_COMPLETED, -1);
    tear_down_usb();
    CHECK_EQUAL(fake.sent_length, MF_USB_WRITES);
    close(interrupt);
}

static void check_read_fails(enum libusb_transfer_status status, ssize_t expected, int error)
{
    uint8_t out[16];

    set_up_usb();
    receive("last");
    fake_receive("words", 5, status);
    CHECK_EQUAL(read_bytes(out, sizeof out, 1000), 4);
    CHECK_EQUAL(read_bytes(out, sizeof out, 1000), 5);
    CHECK_EQUAL(read_bytes(out, sizeof out, 1000), expected);
    CHECK_EQUAL(write_bytes(1, 0), expected);
    CHECK_EQUAL(usb.channel.error, error);
    tear_down_usb();
}

static void test_what_came_before_a_failure_is_read(void)
{
    check_read_fails(LIBUSB_TRANSFER_NO_DEVICE, MF_STREAM_CLOSED, ENODEV);
    check_read_fails(LIBUSB_TRANSFER_ERROR, MF_STREAM_CLOSED, EIO);
    check_read_fails(LIBUSB_TRANSFER_OVERFLOW, MF_STREAM_FAILED, EOVERFLOW);
    check_read_fails(LIBUSB_TRANSFER_STALL, MF_STREAM_FAILED, EPIPE);
    CHECK_EQUAL(fake.halts[FAKE_IN], 1);
    CHECK_EQUAL(fake.halts[FAKE_OUT], 0);
}

static void test_an_unplugged_device_is_a_hang_up(void)
{
    uint8_t out[16];

    set_up_usb();
    CHECK_EQUAL(write_bytes(1, 0), 1);
    receive("gone");
    fake_unplug();
    CHECK_EQUAL(usb.channel.ready(&usb.channel, POLLERR), POLLIN | POLLOUT);
    CHECK_EQUAL(read_bytes(out, sizeof out, 0), 4);
    CHECK_EQUAL(read_bytes(out, sizeof out, 60000), MF_STREAM_CLOSED);
    CHECK_EQUAL(write_bytes(1, 60000), MF_STREAM_CLOSED);
    CHECK_EQUAL(mf_usb_discard(&usb), MF_STREAM_CLOSED);
    tear_down_usb();
}

/* The kernel says so with POLLERR also when no transfer is under way. */
static void test_a_reported_hang_up_counts_without_a_transfer(void)
{
    uint8_t byte;

    set_up_usb();
    fake.exists = false;
    CHECK_EQUAL(usb.channel.ready(&usb.channel, POLLERR | POLLHUP) & POLLIN, POLLIN);
    CHECK_EQUAL(read_bytes(&byte, 1, 60000), MF_STREAM_CLOSED);
    tear_down_usb();
}

static void test_what_has_arrived_can_be_dropped(void)
{
    uint8_t byte;

    set_up_usb();
    receive("old");
    receive("older");
    CHECK_EQUAL(mf_usb_discard(&usb), 0);
    CHECK_EQUAL(read_bytes(&byte, 1, 0), MF_STREAM_TIMEOUT);
    tear_down_usb();
}

int main(void)
{
    test_an_interface_is_claimed_read_and_given_back();
    test_a_loader_has_no_modem_lines();
    test_what_cannot_be_opened_stays_closed();
    test_an_interface_without_bulk_endpoints_is_no_port();
    test_a_close_takes_back_what_is_under_way();
    test_a_close_lets_the_last_write_leave();
    test_a_kernel_without_memory_to_share_gets_copies();
    test_transfers_that_never_come_back_keep_their_memory();
    test_several_writes_are_under_way_in_order();
    test_a_write_waits_for_room_until_its_deadline();
    test_a_write_that_fails_ends_the_channel();
    test_packets_are_read_in_parts_and_in_order();
    test_a_read_waits_until_its_deadline();
    test_an_interrupt_ends_a_wait();
    test_what_came_before_a_failure_is_read();
    test_an_unplugged_device_is_a_hang_up();
    test_a_reported_hang_up_counts_without_a_transfer();
    test_what_has_arrived_can_be_dropped();
    return check_result();
}

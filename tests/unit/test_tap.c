// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* A tap around the channel of a transfer: image data is reported as length and CRC-32, once for each
 * write of the protocol, however the bytes are split. */
#include "check.h"
#include "protocol/crc.h"
#include "stream/tap.h"
#include "transfer_setup.h"

enum { MOST_EVENTS = 64, WRITES = 4 };

static struct {
    struct mf_tap tap;
    enum mf_tap_kind kinds[MOST_EVENTS];
    size_t lengths[MOST_EVENTS];
    uint32_t crcs[MOST_EVENTS];
    unsigned count;
    size_t sent; /* bytes of all MF_TAP_SENT */
} t;

/* Joins what was sent in pieces. */
static void on_report(void *context, enum mf_tap_kind kind, const uint8_t *bytes, size_t length,
                      uint32_t crc)
{
    (void)context;
    CHECK((bytes == NULL) == (kind == MF_TAP_IMAGE || kind == MF_TAP_ENDED));
    t.sent += kind == MF_TAP_SENT ? length : 0;
    if (kind == MF_TAP_SENT && t.count > 0 && t.kinds[t.count - 1] == kind)
        return;
    CHECK(t.count < MOST_EVENTS);
    t.kinds[t.count] = kind;
    t.lengths[t.count] = length;
    t.crcs[t.count++] = crc;
}

static void set_up_tapped(void)
{
    set_up();
    memset(&t, 0, sizeof t);
    mf_tap_init(&t.tap, &s.loader.channel);
    t.tap.report = on_report;
    s.transfer.channel = &t.tap.channel;
}

static uint32_t crc_of_image(size_t from, size_t length)
{
    uint32_t crc = MF_CRC32_EMPTY;

    for (size_t i = 0; i < length; i++) {
        uint8_t byte = image_byte(from + i);

        crc = mf_crc32(crc, &byte, 1);
    }
    return crc;
}

/* hello, open, then each write, then done: sent, received, with the data between them. */
static void check_reports(void)
{
    unsigned at = 4;

    CHECK_EQUAL(t.count, 4 + 3 * WRITES + 2);
    for (size_t sent = 0; at < 4 + 3 * WRITES; at += 3, sent += CHUNK) {
        size_t left = SIZE - MF_QDL_HEAD - sent, length = left < CHUNK ? left : CHUNK;

        CHECK_EQUAL(t.kinds[at], MF_TAP_SENT);
        CHECK_EQUAL(t.kinds[at + 1], MF_TAP_IMAGE);
        CHECK_EQUAL(t.lengths[at + 1], length);
        CHECK_EQUAL(t.crcs[at + 1], crc_of_image(MF_QDL_HEAD + sent, length));
        CHECK_EQUAL(t.kinds[at + 2], MF_TAP_RECEIVED);
    }
    CHECK(t.sent < 2 * MF_QDL_HEAD);
}

static void test_image_data_is_summed_up_in_every_split(void)
{
    static const size_t splits[] = {1, 7, 13, 14, 4096, SIZE_MAX};

    for (size_t i = 0; i < sizeof splits / sizeof *splits; i++) {
        set_up_tapped();
        s.loader.accept = splits[i];
        CHECK_EQUAL(mf_transfer_run(&s.transfer), MF_TRANSFER_DONE);
        check_image_arrived(SIZE);
        check_reports();
        tear_down();
    }
}

static void test_one_write_may_hold_less_than_the_header(void)
{
    set_up_tapped();
    s.transfer.write_size = 5;
    CHECK_EQUAL(mf_transfer_run(&s.transfer), MF_TRANSFER_DONE);
    check_reports();
    tear_down();
}

/* The data up to the modem's answer is reported before the answer. */
static void test_an_answer_in_the_middle_divides_the_sum(void)
{
    set_up_tapped();
    s.loader.fault = ERROR_EARLY;
    s.loader.at = 1;
    CHECK_EQUAL(mf_transfer_run(&s.transfer), MF_TRANSFER_CONVERSATION);
    CHECK_EQUAL(t.kinds[t.count - 1], MF_TAP_RECEIVED);
    CHECK_EQUAL(t.kinds[t.count - 2], MF_TAP_IMAGE);
    CHECK_EQUAL(t.lengths[t.count - 2], s.loader.image_length - CHUNK);
    CHECK_EQUAL(t.crcs[t.count - 2],
                crc_of_image(MF_QDL_HEAD + CHUNK, s.loader.image_length - CHUNK));
    tear_down();
}

static void test_what_is_sent_after_an_image_that_failed_is_no_image(void)
{
    static const uint8_t flags[] = {0x7e, 0x7e};

    set_up_tapped();
    s.loader.fault = ERROR_EARLY;
    s.loader.at = 0;
    CHECK_EQUAL(mf_transfer_run(&s.transfer), MF_TRANSFER_CONVERSATION);
    t.count = 0;
    CHECK_EQUAL(t.tap.channel.write(&t.tap.channel, flags, sizeof flags, 0), sizeof flags);
    CHECK_EQUAL(t.kinds[0], MF_TAP_SENT);
    CHECK_EQUAL(t.lengths[0], sizeof flags);
    tear_down();
}

static void test_a_hang_up_is_reported_after_the_data(void)
{
    set_up_tapped();
    s.loader.fault = HANG_UP;
    s.loader.at = 1;
    CHECK_EQUAL(mf_transfer_run(&s.transfer), MF_TRANSFER_CHANNEL);
    CHECK_EQUAL(t.kinds[t.count - 1], MF_TAP_ENDED);
    CHECK_EQUAL(t.kinds[t.count - 2], MF_TAP_IMAGE);
    tear_down();
}

int main(void)
{
    test_image_data_is_summed_up_in_every_split();
    test_one_write_may_hold_less_than_the_header();
    test_an_answer_in_the_middle_divides_the_sum();
    test_what_is_sent_after_an_image_that_failed_is_no_image();
    test_a_hang_up_is_reported_after_the_data();
    return check_result();
}

// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* The switch from Sahara to Firehose with the bytes of the reference (firehose 4), every answer whole
 * and byte by byte, and with loaders that do something else. */
#include "check.h"
#include "fuzz/sahara.c"

#define ZEROS_24 "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
#define HELLO_OF_MODE(mode)                                                                        \
    "01 00 00 00 30 00 00 00 02 00 00 00 01 00 00 00 00 04 00 00 " mode " 00 00 00 " ZEROS_24
#define HELLO_MESSAGE HELLO_OF_MODE("02")
#define HELLO_RESPONSE_MESSAGE                                                                     \
    "02 00 00 00 30 00 00 00 02 00 00 00 02 00 00 00 00 00 00 00 03 00 00 00 " ZEROS_24
#define READY "0b 00 00 00 08 00 00 00"
#define EXECUTE_MESSAGE "0d 00 00 00 0c 00 00 00 00 ff 00 00"
#define EXECUTED "0e 00 00 00 10 00 00 00 00 ff 00 00 09 00 00 00"
#define FETCH "0f 00 00 00 0c 00 00 00 00 ff 00 00"
#define CONFIRMED "63 6f 6e 66 69 72 6d 65 64"
#define UNSUPPORTED "04 00 00 00 10 00 00 00 00 00 00 00 1f 00 00 00"

static struct mf_sahara s;
static size_t step; /* bytes of one read */

static void say(const char *hex)
{
    uint8_t bytes[256];
    size_t length = hex_bytes(bytes, sizeof bytes, hex), at, count;

    for (at = 0; at < length; at += count) {
        count = length - at < step ? length - at : step;
        s.conversation.feed(&s.conversation, bytes + at, count);
    }
}

static void check_says(const char *hex)
{
    struct mf_next next = next_of(&s);

    CHECK_EQUAL(next.want, MF_SEND);
    CHECK_HEX(next.bytes, next.length, hex);
    s.conversation.sent(&s.conversation);
}

static void check_waits(uint32_t ms)
{
    CHECK_EQUAL(next_of(&s).want, MF_RECEIVE);
    CHECK_EQUAL(next_of(&s).within_ms, ms);
}

static void pass_time(uint32_t ms)
{
    check_waits(ms);
    s.conversation.timed_out(&s.conversation);
}

static void check_failed(enum mf_sahara_failure failure, uint32_t code)
{
    CHECK_EQUAL(next_of(&s).want, MF_FAILED);
    CHECK_EQUAL(s.failure, failure);
    CHECK_EQUAL(s.code, code);
}

static void begin(void)
{
    mf_sahara_init(&s);
    CHECK(mf_sahara_switch(&s));
}

/* A greeted loader that has been listened to long enough. */
static void begin_greeted(void)
{
    begin();
    say(HELLO_MESSAGE);
    pass_time(2000);
    check_says(HELLO_RESPONSE_MESSAGE);
}

static void switch_to_firehose(void)
{
    check_waits(3000);
    say(READY);
    check_says(EXECUTE_MESSAGE);
    check_waits(3000);
    say(EXECUTED);
    check_says(FETCH);
    check_waits(3000);
    say(CONFIRMED);
    CHECK_EQUAL(next_of(&s).want, MF_DONE);
}

static void test_hello_at_once_is_answered_after_two_seconds(void)
{
    begin_greeted();
    switch_to_firehose();
    CHECK_EQUAL(s.mode, 2);
    CHECK_EQUAL(s.rest_length, 0);
}

static void test_late_hello_is_answered_at_once(void)
{
    begin();
    pass_time(2000);
    check_waits(6000);
    say(HELLO_OF_MODE("00"));
    check_says(HELLO_RESPONSE_MESSAGE);
    switch_to_firehose();
    CHECK_EQUAL(s.mode, 0);
}

static void test_hello_in_two_parts_around_the_two_seconds(void)
{
    begin();
    say("01 00 00 00 30 00 00 00 02 00 00 00 01 00 00 00");
    pass_time(2000);
    say("00 04 00 00 03 00 00 00 " ZEROS_24);
    check_says(HELLO_RESPONSE_MESSAGE);
    CHECK_EQUAL(s.mode, 3);
}

static void test_nothing_is_sent_without_a_hello(void)
{
    begin();
    pass_time(2000);
    pass_time(6000);
    check_failed(MF_SAHARA_SILENT, 0);
}

static void test_bytes_behind_the_answer_are_for_firehose(void)
{
    begin_greeted();
    say(READY);
    check_says(EXECUTE_MESSAGE);
    say(EXECUTED);
    check_says(FETCH);
    say(CONFIRMED " 3c 3f 78");
    CHECK_EQUAL(next_of(&s).want, MF_DONE);
    CHECK_HEX(s.rest, s.rest_length, "3c 3f 78");
}

static void test_refusals_have_their_status(void)
{
    begin_greeted();
    say(UNSUPPORTED);
    check_failed(MF_SAHARA_REFUSED, 0x1f);

    begin_greeted();
    say(READY);
    check_says(EXECUTE_MESSAGE);
    say(UNSUPPORTED);
    check_failed(MF_SAHARA_REFUSED, 0x1f);
    CHECK_HEX(s.in, s.in_length, UNSUPPORTED);

    begin_greeted();
    say(READY);
    check_says(EXECUTE_MESSAGE);
    say(EXECUTED);
    check_says(FETCH);
    say(UNSUPPORTED);
    check_failed(MF_SAHARA_REFUSED, 0x1f);
}

static void test_another_message_ends_it(void)
{
    begin_greeted();
    say(HELLO_MESSAGE);
    check_failed(MF_SAHARA_UNEXPECTED, 1);

    begin();
    say(HELLO_MESSAGE " " HELLO_MESSAGE);
    check_failed(MF_SAHARA_UNEXPECTED, 1);

    begin_greeted();
    say(READY);
    check_says(EXECUTE_MESSAGE);
    say("0e 00 00 00 10 00 00 00 01 00 00 00 09 00 00 00"); /* of another command */
    check_failed(MF_SAHARA_UNEXPECTED, 0x0e);

    begin_greeted();
    say(READY);
    check_says(EXECUTE_MESSAGE);
    say("0e 00 00 00 10 00 00 00 00 ff 00 00 41 00 00 00"); /* 65 bytes to come */
    check_failed(MF_SAHARA_UNEXPECTED, 0x0e);

    begin_greeted();
    say("0b 00 00 00 09 00 00 00 00"); /* too long */
    check_failed(MF_SAHARA_UNEXPECTED, 0x0b);
}

static void test_bytes_of_another_protocol_end_it(void)
{
    begin();
    say("13 70 00 00 6a 9a 7e"); /* DIAG; too short for a header */
    pass_time(2000);
    pass_time(6000);
    check_failed(MF_SAHARA_OTHER, 0);

    begin();
    say("0d 0a 4f 4b 0d 0a 0d 0a"); /* AT */
    check_failed(MF_SAHARA_OTHER, 0);
    CHECK_HEX(s.in, s.in_length, "0d 0a 4f 4b 0d 0a 0d 0a");

    begin_greeted();
    say(READY);
    check_says(EXECUTE_MESSAGE);
    say(EXECUTED);
    check_says(FETCH);
    say("63 6f 0a");
    check_failed(MF_SAHARA_OTHER, 0);
}

static void test_answer_before_its_request_is_sent(void)
{
    begin();
    pass_time(2000);
    say(HELLO_MESSAGE " " READY);
    check_failed(MF_SAHARA_UNEXPECTED, 0x0b);
}

static void test_silence_in_every_state(void)
{
    begin_greeted();
    pass_time(3000);
    check_failed(MF_SAHARA_SILENT, 0);

    begin_greeted();
    say(READY);
    check_says(EXECUTE_MESSAGE);
    pass_time(3000);
    check_failed(MF_SAHARA_SILENT, 0);

    begin_greeted();
    say(READY);
    check_says(EXECUTE_MESSAGE);
    say(EXECUTED);
    check_says(FETCH);
    pass_time(3000);
    check_failed(MF_SAHARA_SILENT, 0);
}

int main(void)
{
    const size_t steps[] = {1, 7, 256};

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        step = steps[i];
        test_hello_at_once_is_answered_after_two_seconds();
        test_late_hello_is_answered_at_once();
        test_hello_in_two_parts_around_the_two_seconds();
        test_nothing_is_sent_without_a_hello();
        test_bytes_behind_the_answer_are_for_firehose();
        test_refusals_have_their_status();
        test_another_message_ends_it();
        test_bytes_of_another_protocol_end_it();
        test_answer_before_its_request_is_sent();
        test_silence_in_every_state();
    }
    return check_result();
}

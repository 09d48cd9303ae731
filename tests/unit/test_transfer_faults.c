// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* The transfer loop when the modem or the source fails: every fault comes at an exact place, and
 * nothing depends on time but the deadlines themselves. */
#include "check.h"
#include "transfer_setup.h"

static void set_up_fault(enum fault fault, int at)
{
    set_up();
    s.loader.fault = fault;
    s.loader.at = at;
}

/* --- faults of the modem ------------------------------------------------------------------- */

static void check_ends(enum mf_transfer_result result)
{
    CHECK_EQUAL(mf_transfer_run(&s.transfer), result);
    CHECK_EQUAL(s.loader.done, 0);
}

static void test_answers_that_refuse(void)
{
    static const struct {
        enum fault fault;
        enum mf_qdl_failure failure;
    } rows[] = {{BAD_STATUS, MF_QDL_WRITE_REFUSED}, {WRONG_SEQUENCE, MF_QDL_WRONG_SEQUENCE}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int at = 0; at < 4; at++) {
            set_up_fault(rows[i].fault, at);
            check_ends(MF_TRANSFER_CONVERSATION);
            CHECK_EQUAL(s.qdl.failure, rows[i].failure);
            CHECK_EQUAL(s.qdl.acknowledged, at * CHUNK);
            tear_down();
        }
}

static void test_early_error_stops_the_sending(void)
{
    for (int at = 0; at < 3; at++) {
        set_up_fault(ERROR_EARLY, at);
        check_ends(MF_TRANSFER_CONVERSATION);
        CHECK_EQUAL(s.qdl.failure, MF_QDL_ERROR);
        CHECK_EQUAL(s.qdl.code, 7);
        CHECK(s.loader.image_length < (size_t)(at + 1) * CHUNK);
        tear_down();
    }
}

static void test_hang_up_is_the_channels_failure(void)
{
    for (int at = 0; at < 4; at++) {
        set_up_fault(HANG_UP, at);
        check_ends(MF_TRANSFER_CHANNEL);
        CHECK_EQUAL(s.transfer.cause, MF_STREAM_CLOSED);
        tear_down();
    }
}

static void test_an_answer_before_the_hang_up_says_more(void)
{
    set_up_fault(ERROR_HANG_UP, 1);
    check_ends(MF_TRANSFER_CONVERSATION);
    CHECK_EQUAL(s.qdl.failure, MF_QDL_ERROR);
    tear_down();
}

static void test_a_port_that_takes_nothing_is_stalled(void)
{
    set_up_fault(STALL, 1);
    s.transfer.stall_ms = 20;
    check_ends(MF_TRANSFER_STALLED);
    tear_down();
}

static void test_silence_is_the_conversations_affair(void)
{
    set_up_fault(SILENT_LOADER, NEVER);
    s.qdl.timing.reply_ms = 2;
    s.qdl.timing.greeting_attempts = 3;
    check_ends(MF_TRANSFER_CONVERSATION);
    CHECK_EQUAL(s.qdl.failure, MF_QDL_SILENT);
    CHECK_EQUAL(s.loader.writes, 3);
    tear_down();
}

static void test_a_closed_port_ends_it_at_once(void)
{
    set_up();
    close(s.loader.channel.descriptor);
    s.loader.channel.descriptor = -1;
    check_ends(MF_TRANSFER_CHANNEL);
    CHECK_EQUAL(s.transfer.cause, MF_STREAM_CLOSED);
    tear_down();
}

/* --- faults of the source ------------------------------------------------------------------ */

static void stop_source(size_t at, ssize_t result)
{
    s.source.stop_at = at;
    s.source.stop_result = result;
}

static void check_no_chunk_begun_after(unsigned chunks)
{
    CHECK_EQUAL(s.loader.sequence, chunks);
    CHECK_EQUAL(s.loader.data_left, 0);
}

static void test_a_short_source(void)
{
    set_up();
    s.source.size = MF_QDL_HEAD + 2 * CHUNK + 5;
    check_ends(MF_TRANSFER_SOURCE_SHORT);
    check_no_chunk_begun_after(2);
    tear_down();
}

static void test_a_source_that_fails(void)
{
    static const ssize_t results[] = {MF_STREAM_REJECTED, MF_STREAM_FAILED, MF_STREAM_CLOSED};

    for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
        set_up();
        stop_source(SIZE - 1, results[i]);
        check_ends(MF_TRANSFER_SOURCE);
        CHECK_EQUAL(s.transfer.cause, results[i]);
        CHECK(s.loader.image_length <= 3 * CHUNK);
        CHECK_EQUAL(s.loader.data_left, 0);
        tear_down();
    }
}

static void test_a_source_that_falls_silent(void)
{
    char ready;

    set_up();
    stop_source(MF_QDL_HEAD + CHUNK + 5, MF_STREAM_TIMEOUT);
    CHECK_EQUAL(read(s.source.ready_pipe[0], &ready, 1), 1);
    s.transfer.source_ms = 20;
    check_ends(MF_TRANSFER_SOURCE_SILENT);
    check_no_chunk_begun_after(1);
    CHECK(s.source.reads < 10); /* it waits for the descriptor and does not spin */
    tear_down();
}

static void test_a_slow_source_is_not_a_silent_one(void)
{
    set_up_sized(MF_QDL_HEAD + 100, CHUNK);
    s.source.slice = 1;
    s.source.pause_us = 1000;
    s.transfer.source_ms = 20;
    CHECK_EQUAL(mf_transfer_run(&s.transfer), MF_TRANSFER_DONE);
    check_image_arrived(MF_QDL_HEAD + 100);
    tear_down();
}

static void test_an_image_set_up_differently_is_refused(void)
{
    set_up();
    s.transfer.chunk = CHUNK / 2;
    check_ends(MF_TRANSFER_MISUSED);
    CHECK_EQUAL(s.loader.image_length, 0);
    tear_down();
    set_up();
    s.transfer.reader = NULL;
    check_ends(MF_TRANSFER_MISUSED);
    tear_down();
}

int main(void)
{
    test_answers_that_refuse();
    test_early_error_stops_the_sending();
    test_hang_up_is_the_channels_failure();
    test_an_answer_before_the_hang_up_says_more();
    test_a_port_that_takes_nothing_is_stalled();
    test_silence_is_the_conversations_affair();
    test_a_closed_port_ends_it_at_once();
    test_a_short_source();
    test_a_source_that_fails();
    test_a_source_that_falls_silent();
    test_a_slow_source_is_not_a_silent_one();
    test_an_image_set_up_differently_is_refused();
    return check_result();
}

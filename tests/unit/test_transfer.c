// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* The transfer loop against a loader in this process: every byte that crosses is seen, and nothing
 * depends on time. What goes wrong is in test_transfer_faults.c. */
#include "check.h"
#include "stream/wait.h"
#include "transfer_setup.h"

/* --- the good way ------------------------------------------------------------------------- */

static void test_every_split_gives_the_same_image(void)
{
    static const size_t sizes[] = {MF_QDL_HEAD + 1, MF_QDL_HEAD + CHUNK - 1, MF_QDL_HEAD + CHUNK,
                                   MF_QDL_HEAD + CHUNK + 1, SIZE};
    static const struct {
        size_t accept, slice, write_size;
        unsigned hiccup_every;
    } splits[] = {{SIZE_MAX, SIZE_MAX, 4096, 0},
                  {2048, 1000, 4096, 3},
                  {1, SIZE_MAX, 1 << 20, 0},
                  {SIZE_MAX, 1, 1, 2},
                  {7, 4095, 13, 5}};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (size_t k = 0; k < sizeof splits / sizeof *splits; k++) {
            set_up_sized((uint32_t)sizes[i], CHUNK);
            s.loader.accept = splits[k].accept;
            s.source.slice = splits[k].slice;
            s.source.hiccup_every = splits[k].hiccup_every;
            s.transfer.write_size = (uint32_t)splits[k].write_size;
            CHECK_EQUAL(mf_transfer_run(&s.transfer), MF_TRANSFER_DONE);
            check_image_arrived(sizes[i]);
            tear_down();
        }
}

static void test_write_size_limits_one_write(void)
{
    static const uint32_t sizes[] = {512, 2048, 4096, CHUNK};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        set_up();
        s.transfer.write_size = sizes[i];
        CHECK_EQUAL(mf_transfer_run(&s.transfer), MF_TRANSFER_DONE);
        CHECK_EQUAL(s.loader.largest_write, sizes[i]);
        tear_down();
    }
}

static void test_chunk_is_in_memory_before_its_header_goes(void)
{
    set_up_sized(MF_QDL_HEAD + 2 * CHUNK, CHUNK);
    s.source.slice = 100;
    CHECK_EQUAL(mf_transfer_run(&s.transfer), MF_TRANSFER_DONE);
    CHECK_EQUAL(s.loader.read_before_header, MF_QDL_HEAD + 2 * CHUNK);
    tear_down();
}

/* The answer to the first chunk only comes when the second has been read from the source. */
static void test_next_chunk_is_read_while_the_modem_digests(void)
{
    set_up_sized(MF_QDL_HEAD + 2 * CHUNK, CHUNK);
    s.loader.fault = LATE_ANSWER;
    s.loader.at = 0;
    s.qdl.timing.ack_ms = 2000;
    s.source.slice = 100;
    CHECK_EQUAL(mf_transfer_run(&s.transfer), MF_TRANSFER_DONE);
    check_image_arrived(MF_QDL_HEAD + 2 * CHUNK);
    tear_down();
}

static void test_next_chunk_is_read_while_the_modem_takes_this_one(void)
{
    set_up();
    s.loader.accept = 512;
    CHECK_EQUAL(mf_transfer_run(&s.transfer), MF_TRANSFER_DONE);
    CHECK(s.loader.read_after_first >= MF_QDL_HEAD + CHUNK + CHUNK / 2);
    check_image_arrived(SIZE);
    tear_down();
}

static void test_a_file_is_always_ready(void)
{
    set_up();
    s.source.reader.descriptor = -1;
    CHECK_EQUAL(mf_transfer_run(&s.transfer), MF_TRANSFER_DONE);
    check_image_arrived(SIZE);
    tear_down();
}

/* A channel of transfers: room comes when one has completed, and only the channel itself knows it. */
static struct {
    ssize_t (*write)(struct mf_channel *self, const uint8_t *bytes, size_t length, int timeout_ms);
    bool has_room;
    unsigned completed;
} transfers;

static ssize_t write_one(struct mf_channel *self, const uint8_t *bytes, size_t length,
                         int timeout_ms)
{
    if (!transfers.has_room)
        return MF_STREAM_TIMEOUT;
    transfers.has_room = false;
    return transfers.write(self, bytes, length, timeout_ms);
}

static int ready_now(struct mf_channel *self, int reported)
{
    struct pollfd arrived = {.fd = self->descriptor, .events = POLLIN};

    CHECK((reported & POLLIN) == 0); /* asked for POLLOUT alone */
    transfers.completed += reported != 0;
    transfers.has_room |= reported != 0;
    (void)poll(&arrived, 1, 0);
    return (arrived.revents != 0 ? POLLIN : 0) | (transfers.has_room ? POLLOUT : 0);
}

static void test_a_channel_of_transfers_says_itself_what_it_can_do(void)
{
    set_up();
    memset(&transfers, 0, sizeof transfers);
    transfers.write = s.loader.channel.write;
    s.loader.channel.write = write_one;
    s.loader.channel.ready = ready_now;
    CHECK_EQUAL(mf_transfer_run(&s.transfer), MF_TRANSFER_DONE);
    check_image_arrived(SIZE);
    CHECK(transfers.completed >= s.loader.writes);
    tear_down();
}

static void test_session_of_greeting_two_images_and_reset(void)
{
    set_up();
    CHECK_EQUAL(mf_transfer_run(&s.transfer), MF_TRANSFER_DONE);
    s.source.position = MF_QDL_HEAD;
    s.transfer.chunks = (struct mf_transfer_chunks){0};
    CHECK(mf_qdl_image(&s.qdl, MF_QDL_IMAGE_TYPE_CWE, s.head, SIZE, CHUNK));
    CHECK_EQUAL(mf_transfer_run(&s.transfer), MF_TRANSFER_DONE);
    CHECK_EQUAL(s.loader.done, 2);
    s.transfer.reader = NULL;
    CHECK(mf_qdl_greet(&s.qdl));
    CHECK_EQUAL(mf_transfer_run(&s.transfer), MF_TRANSFER_DONE);
    CHECK(mf_qdl_reset(&s.qdl));
    CHECK_EQUAL(mf_transfer_run(&s.transfer), MF_TRANSFER_DONE);
    CHECK_EQUAL(s.loader.reset, 1);
    tear_down();
}

/* --- stopping and going on ---------------------------------------------------------------- */

static void test_interrupted_anywhere_it_goes_on_where_it_was(void)
{
    char signal;

    for (int at = 0; at < 60; at++) {
        set_up();
        s.loader.accept = 3000;
        s.loader.interrupt_at = at;
        CHECK_EQUAL(mf_transfer_run(&s.transfer), MF_TRANSFER_INTERRUPTED);
        CHECK_EQUAL(mf_transfer_run(&s.transfer), MF_TRANSFER_INTERRUPTED);
        CHECK_EQUAL(read(s.loader.interrupt_pipe[0], &signal, 1), 1);
        CHECK_EQUAL(mf_transfer_run(&s.transfer), MF_TRANSFER_DONE);
        check_image_arrived(SIZE);
        tear_down();
    }
}

static struct {
    unsigned calls, stop_at;
    uint64_t written, total;
    bool backwards;
} told;

static bool on_progress(void *context, uint64_t written, uint64_t total)
{
    (void)context;
    told.backwards = told.backwards || written < told.written;
    told.written = written;
    told.total = total;
    return ++told.calls != told.stop_at;
}

static void watch_progress(unsigned stop_at)
{
    memset(&told, 0, sizeof told);
    told.stop_at = stop_at;
    s.transfer.progress = on_progress;
}

static void test_progress_tells_every_chunk_and_the_end_but_not_every_write(void)
{
    int64_t start = mf_now_ms();

    set_up();
    s.loader.accept = 512;
    watch_progress(0);
    CHECK_EQUAL(mf_transfer_run(&s.transfer), MF_TRANSFER_DONE);
    CHECK(told.calls >= 5);
    CHECK(told.calls <= 7 + (mf_now_ms() - start) / MF_TRANSFER_PROGRESS_MS);
    CHECK(!told.backwards);
    CHECK_EQUAL(told.written, SIZE - MF_QDL_HEAD);
    CHECK_EQUAL(told.total, SIZE - MF_QDL_HEAD);
    tear_down();
}

static void test_progress_can_stop_it_and_it_goes_on(void)
{
    set_up();
    watch_progress(2);
    CHECK_EQUAL(mf_transfer_run(&s.transfer), MF_TRANSFER_STOPPED);
    CHECK(s.loader.image_length < SIZE - MF_QDL_HEAD);
    CHECK_EQUAL(mf_transfer_run(&s.transfer), MF_TRANSFER_DONE);
    check_image_arrived(SIZE);
    tear_down();
}

static bool on_third_at_end(void *context, uint64_t written, uint64_t total)
{
    (void)context;
    told.calls += written == total;
    return told.calls < 3;
}

static void test_progress_goes_on_while_an_answer_is_waited_for(void)
{
    set_up();
    s.loader.fault = LATE_ANSWER;
    s.loader.at = 3; /* the last chunk: the source has no more bytes, so the answer never comes */
    s.qdl.timing.final_ack_ms = 20000;
    memset(&told, 0, sizeof told);
    s.transfer.progress = on_third_at_end;
    CHECK_EQUAL(mf_transfer_run(&s.transfer), MF_TRANSFER_STOPPED);
    tear_down();
}

int main(void)
{
    test_every_split_gives_the_same_image();
    test_write_size_limits_one_write();
    test_chunk_is_in_memory_before_its_header_goes();
    test_next_chunk_is_read_while_the_modem_digests();
    test_next_chunk_is_read_while_the_modem_takes_this_one();
    test_a_file_is_always_ready();
    test_a_channel_of_transfers_says_itself_what_it_can_do();
    test_session_of_greeting_two_images_and_reset();
    test_interrupted_anywhere_it_goes_on_where_it_was();
    test_progress_tells_every_chunk_and_the_end_but_not_every_write();
    test_progress_can_stop_it_and_it_goes_on();
    test_progress_goes_on_while_an_answer_is_waited_for();
    return check_result();
}

/* The transfer loop against a loader in this process: every byte that crosses is seen, every fault
 * comes at an exact place, and nothing depends on time but the deadlines themselves. */
#include "check.h"
#include "driver/transfer.h"
#include "driver/wait.h"
#include "fake_loader.h"

enum { CHUNK = 65536, SIZE = MF_QDL_HEAD + 3 * CHUNK + 1000 };

static struct setup {
    struct fake_loader loader;
    struct fake_reader source;
    struct mf_qdl qdl;
    struct mf_transfer transfer;
    uint8_t head[MF_QDL_HEAD];
    uint8_t buffer[MF_TRANSFER_BUFFER(CHUNK)];
} s;

static void set_up_sized(uint32_t size, uint32_t chunk)
{
    open_loader(&s.loader, &s.source);
    open_source(&s.source, &s.loader, size);
    mf_qdl_init(&s.qdl);
    for (size_t i = 0; i < MF_QDL_HEAD; i++)
        s.head[i] = image_byte(i);
    s.transfer = (struct mf_transfer){.qdl = &s.qdl,
                                      .channel = &s.loader.channel,
                                      .reader = &s.source.reader,
                                      .buffer = s.buffer,
                                      .chunk = chunk,
                                      .write_size = 4096,
                                      .stall_ms = 5000,
                                      .source_ms = 5000,
                                      .interrupt = s.loader.interrupt_pipe[0]};
    CHECK(mf_qdl_image(&s.qdl, MF_QDL_IMAGE_TYPE_CWE, s.head, size, chunk));
}

static void set_up(void)
{
    set_up_sized(SIZE, CHUNK);
}

static void set_up_fault(enum fault fault, int at)
{
    set_up();
    s.loader.fault = fault;
    s.loader.at = at;
}

static void tear_down(void)
{
    close_loader(&s.loader);
    close_source(&s.source);
}

static void check_image_arrived(size_t size)
{
    size_t wrong = 0;

    CHECK_EQUAL(s.loader.image_length, size - MF_QDL_HEAD);
    for (size_t i = 0; i < s.loader.image_length; i++)
        wrong += s.loader.image[i] != image_byte(MF_QDL_HEAD + i);
    CHECK_EQUAL(wrong, 0);
    CHECK_EQUAL(s.loader.done, 1);
}

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
    CHECK_EQUAL(s.loader.read_after_first, MF_QDL_HEAD + 2 * CHUNK);
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
            check_ends(MF_TRANSFER_QDL);
            CHECK_EQUAL(s.qdl.failure, rows[i].failure);
            CHECK_EQUAL(s.qdl.sent, at * CHUNK);
            tear_down();
        }
}

static void test_early_error_stops_the_sending(void)
{
    for (int at = 0; at < 3; at++) {
        set_up_fault(ERROR_EARLY, at);
        check_ends(MF_TRANSFER_QDL);
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
    check_ends(MF_TRANSFER_QDL);
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
    check_ends(MF_TRANSFER_QDL);
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
    test_every_split_gives_the_same_image();
    test_write_size_limits_one_write();
    test_chunk_is_in_memory_before_its_header_goes();
    test_next_chunk_is_read_while_the_modem_digests();
    test_next_chunk_is_read_while_the_modem_takes_this_one();
    test_a_file_is_always_ready();
    test_session_of_greeting_two_images_and_reset();
    test_interrupted_anywhere_it_goes_on_where_it_was();
    test_progress_tells_every_chunk_and_the_end_but_not_every_write();
    test_progress_can_stop_it_and_it_goes_on();
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

// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* A second download protocol, as small as one can be, run by the transfer loop. It shows what a
 * protocol may do: the modem speaks first, messages without an image and image ranges with zero
 * padding alternate, an answer in the middle of the image ends the session, several images follow
 * each other.
 *
 *   modem  "ready"
 *   host   "image\n", all of the image in blocks of 8 bytes (the last one padded), "end\n"
 *   modem  "ok", or at any time "no"
 */
#include "check.h"
#include "protocol/conversation.h"
#include "stream/transfer.h"

#include <sys/socket.h>
#include <unistd.h>

enum { BLOCK = 8, IMAGE = 3 * BLOCK + 3, PADDED = 4 * BLOCK, ANSWER_MS = 20 };

/* --- the protocol ---------------------------------------------------------------------------- */

enum state { IDLE, WAIT_READY, SEND_NAME, SEND_BLOCKS, SEND_END, WAIT_RESULT, FAILED };

struct tiny {
    struct mf_conversation conversation;
    enum state state;
    uint64_t total, sent;
    bool confirmed;
    char answer[8];
    size_t answer_length;
    unsigned silences;
};

static struct mf_next send_text(const char *text)
{
    return (struct mf_next){
        .want = MF_SEND, .bytes = (const uint8_t *)text, .length = strlen(text)};
}

static struct mf_next send_block(const struct tiny *tiny)
{
    uint64_t left = tiny->total - tiny->sent;
    uint32_t length = left < BLOCK ? (uint32_t)left : BLOCK;

    return (struct mf_next){.want = MF_SEND,
                            .image_offset = tiny->sent,
                            .image_length = length,
                            .padding = BLOCK - length};
}

static struct mf_next tiny_next(const struct mf_conversation *self)
{
    const struct tiny *tiny = (const struct tiny *)(const void *)self;

    switch (tiny->state) {
    case IDLE:
        return (struct mf_next){.want = MF_DONE};
    case SEND_NAME:
        return send_text("image\n");
    case SEND_BLOCKS:
        return send_block(tiny);
    case SEND_END:
        return send_text("end\n");
    case FAILED:
        return (struct mf_next){.want = MF_FAILED};
    default:
        return (struct mf_next){.want = MF_RECEIVE, .within_ms = ANSWER_MS};
    }
}

static void tiny_sent(struct mf_conversation *self)
{
    struct tiny *tiny = (struct tiny *)(void *)self;

    if (tiny->state == SEND_BLOCKS)
        tiny->sent += tiny_next(self).image_length;
    if (tiny->state != SEND_BLOCKS || tiny->sent == tiny->total)
        tiny->state++;
}

static bool answered(struct tiny *tiny, const char *answer)
{
    if (strcmp(tiny->answer, answer) != 0)
        return false;
    memset(tiny->answer, 0, sizeof tiny->answer);
    tiny->answer_length = 0;
    return true;
}

static void tiny_feed(struct mf_conversation *self, const uint8_t *bytes, size_t length)
{
    struct tiny *tiny = (struct tiny *)(void *)self;

    for (size_t i = 0; i < length && tiny->answer_length + 1 < sizeof tiny->answer; i++) {
        tiny->answer[tiny->answer_length++] = (char)bytes[i];
        if (answered(tiny, "no"))
            tiny->state = FAILED;
        else if (tiny->state == WAIT_READY && answered(tiny, "ready"))
            tiny->state = SEND_NAME;
        else if (tiny->state == WAIT_RESULT && answered(tiny, "ok")) {
            tiny->confirmed = true;
            tiny->state = IDLE;
        }
    }
}

static void tiny_timed_out(struct mf_conversation *self)
{
    struct tiny *tiny = (struct tiny *)(void *)self;

    if (++tiny->silences == 2)
        tiny->state = FAILED;
}

static struct mf_progress tiny_progress(const struct mf_conversation *self)
{
    const struct tiny *tiny = (const struct tiny *)(const void *)self;

    return (struct mf_progress){tiny->confirmed ? tiny->total : 0, tiny->total};
}

static void tiny_send_image(struct tiny *tiny, uint64_t total)
{
    *tiny = (struct tiny){
        .conversation = {tiny_next, tiny_sent, tiny_feed, tiny_timed_out, tiny_progress},
        .state = WAIT_READY,
        .total = total};
}

/* --- a modem, and the bytes of an image -------------------------------------------------------- */

struct modem {
    struct mf_channel channel;
    int far;
    size_t accept; /* most bytes taken at once */
    uint8_t taken[256];
    size_t length;
    size_t refuses_at; /* says "no" once it has taken so many bytes */
};

static void say(const struct modem *modem, const char *text)
{
    CHECK_EQUAL(write(modem->far, text, strlen(text)), strlen(text));
}

static bool ends_with(const struct modem *modem, const char *text)
{
    size_t length = strlen(text);

    return modem->length >= length &&
           memcmp(modem->taken + modem->length - length, text, length) == 0;
}

static ssize_t modem_write(struct mf_channel *self, const uint8_t *bytes, size_t length,
                           int timeout_ms)
{
    struct modem *modem = (struct modem *)self;
    size_t count = length < modem->accept ? length : modem->accept;

    (void)timeout_ms;
    CHECK(modem->length + count <= sizeof modem->taken);
    for (size_t i = 0; i < count; i++) {
        modem->taken[modem->length++] = bytes[i];
        if (modem->length == modem->refuses_at)
            say(modem, "no");
    }
    if (ends_with(modem, "end\n"))
        say(modem, "ok");
    return (ssize_t)count;
}

static ssize_t modem_read(struct mf_channel *self, uint8_t *out, size_t capacity, int timeout_ms)
{
    ssize_t count = recv(self->descriptor, out, capacity, MSG_DONTWAIT);

    (void)timeout_ms;
    return count > 0 ? count : MF_STREAM_TIMEOUT;
}

struct counter {
    struct mf_reader reader;
    uint8_t given, size;
};

static ssize_t counter_read(struct mf_reader *self, uint8_t *out, size_t capacity, int timeout_ms)
{
    struct counter *counter = (struct counter *)self;
    size_t count = 0;

    (void)timeout_ms;
    while (count < capacity && counter->given < counter->size)
        out[count++] = ++counter->given;
    return (ssize_t)count;
}

/* --- the tests ------------------------------------------------------------------------------- */

static struct {
    struct modem modem;
    struct tiny tiny;
    struct counter counter;
    struct mf_transfer transfer;
    uint8_t buffer[MF_TRANSFER_BUFFER(BLOCK)];
    uint64_t reported;
} s;

static bool keep_report(void *context, uint64_t written, uint64_t total)
{
    (void)context;
    CHECK_EQUAL(total, IMAGE);
    s.reported = written;
    return true;
}

static void set_up(size_t accept)
{
    int pair[2];

    CHECK_EQUAL(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    memset(&s, 0, sizeof s);
    s.modem =
        (struct modem){.channel = {.read = modem_read, .write = modem_write, .descriptor = pair[0]},
                       .far = pair[1]};
    s.modem.accept = accept;
    s.counter = (struct counter){.reader = {.read = counter_read, .size = IMAGE, .descriptor = -1},
                                 .size = IMAGE};
    s.transfer = (struct mf_transfer){.conversation = &s.tiny.conversation,
                                      .channel = &s.modem.channel,
                                      .reader = &s.counter.reader,
                                      .buffer = s.buffer,
                                      .chunk = BLOCK,
                                      .write_size = 4096,
                                      .stall_ms = 5000,
                                      .source_ms = 5000,
                                      .interrupt = -1,
                                      .progress = keep_report};
    tiny_send_image(&s.tiny, IMAGE);
}

static void tear_down(void)
{
    close(s.modem.channel.descriptor);
    close(s.modem.far);
}

static void check_taken(void)
{
    uint8_t expected[6 + PADDED + 4] = "image\n";

    for (unsigned i = 0; i < IMAGE; i++)
        expected[6 + i] = (uint8_t)(i + 1);
    memcpy(expected + 6 + PADDED, "end\n", 4);
    CHECK_EQUAL(s.modem.length, sizeof expected);
    CHECK(memcmp(s.modem.taken, expected, sizeof expected) == 0);
}

static void test_image_arrives_in_padded_blocks(void)
{
    for (size_t accept = 1; accept <= BLOCK + 1; accept++) {
        set_up(accept);
        say(&s.modem, "ready");
        CHECK_EQUAL(mf_transfer_run(&s.transfer), MF_TRANSFER_DONE);
        check_taken();
        CHECK_EQUAL(s.reported, IMAGE);
        tear_down();
    }
}

static void test_second_image_in_the_same_session(void)
{
    set_up(SIZE_MAX);
    for (int i = 0; i < 2; i++) {
        say(&s.modem, "ready");
        s.modem.length = s.counter.given = 0;
        tiny_send_image(&s.tiny, IMAGE);
        s.transfer.chunks = (struct mf_transfer_chunks){0};
        CHECK_EQUAL(mf_transfer_run(&s.transfer), MF_TRANSFER_DONE);
        check_taken();
    }
    tear_down();
}

static void test_nothing_is_sent_before_the_modem_speaks(void)
{
    set_up(SIZE_MAX);
    CHECK_EQUAL(mf_transfer_run(&s.transfer), MF_TRANSFER_CONVERSATION);
    CHECK_EQUAL(s.tiny.silences, 2);
    CHECK_EQUAL(s.modem.length, 0);
    tear_down();
}

static void test_answer_in_the_middle_of_the_image_ends_it(void)
{
    set_up(1);
    s.modem.refuses_at = 6 + BLOCK + 1;
    say(&s.modem, "ready");
    CHECK_EQUAL(mf_transfer_run(&s.transfer), MF_TRANSFER_CONVERSATION);
    CHECK(s.modem.length < 6 + 2 * BLOCK);
    tear_down();
}

static void test_padding_beyond_the_chunk_is_refused(void)
{
    set_up(SIZE_MAX);
    s.transfer.chunk = BLOCK - 1;
    say(&s.modem, "ready");
    CHECK_EQUAL(mf_transfer_run(&s.transfer), MF_TRANSFER_MISUSED);
    tear_down();
}

int main(void)
{
    test_image_arrives_in_padded_blocks();
    test_second_image_in_the_same_session();
    test_nothing_is_sent_before_the_modem_speaks();
    test_answer_in_the_middle_of_the_image_ends_it();
    test_padding_beyond_the_chunk_is_refused();
    return check_result();
}

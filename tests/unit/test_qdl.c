// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* Plays the dialogues of qdl_dialogues.h with every answer whole, byte by byte, and split in two at
 * every place; then real traces, the caller's side, and made-up modems. */
#include "check.h"
#include "fuzz/qdl.c"
#include "protocol/qdl.h"
#include "unit/qdl_dialogues.h"

/* --- playing ------------------------------------------------------------------------------- */

/* How an answer is cut: `first` bytes, then pieces of `step`. */
struct split {
    size_t first, step;
};

static void feed(struct mf_qdl *qdl, const uint8_t *bytes, size_t length, struct split split)
{
    size_t at = split.first < length ? split.first : length;

    on_bytes(qdl, bytes, at);
    for (; at < length; at += split.step)
        on_bytes(qdl, bytes + at, length - at < split.step ? length - at : split.step);
}

static void reply(struct mf_qdl *qdl, const char *hex, struct split split)
{
    uint8_t bytes[256];
    size_t length = hex_bytes(bytes, sizeof bytes, hex);

    feed(qdl, bytes, length, split);
}

static void reply_framed(struct mf_qdl *qdl, const char *hex, struct split split)
{
    uint8_t payload[64], frame[MF_HDLC_FRAME_MAX(sizeof payload)];
    size_t length = hex_bytes(payload, sizeof payload, hex);

    length = mf_hdlc_frame(frame, sizeof frame, payload, length);
    feed(qdl, frame, length, split);
}

static void check_sent(struct mf_qdl *qdl, const struct step *step)
{
    struct mf_next next = next_of(qdl);

    CHECK_EQUAL(next.want, MF_SEND);
    CHECK_HEX(next.bytes, next.length, step->hex);
    CHECK_EQUAL(next.image_offset, step->a);
    CHECK_EQUAL(next.image_length, step->b);
    on_sent(qdl);
}

/* The open request is too long to write down: its payload is taken out of its frame. */
static void check_open(struct mf_qdl *qdl, uint32_t file_size)
{
    struct mf_next next = next_of(qdl);
    uint8_t buffer[512];
    struct mf_hdlc_decoder decoder;
    const uint8_t *payload;
    size_t length = 0;
    char start[64];

    mf_hdlc_init(&decoder, buffer, sizeof buffer);
    mf_hdlc_feed(&decoder, next.bytes, next.length, &payload, &length);
    CHECK_EQUAL(length, 13 + MF_QDL_HEAD);
    snprintf(start, sizeof start, "25 80 %02x %02x 00 00 01 %02x %02x 00 00 00 00 a0 a1",
             file_size & 0xff, file_size >> 8, (file_size - 400) & 0xff, (file_size - 400) >> 8);
    CHECK_HEX(buffer, 15, start);
    CHECK_EQUAL(buffer[412], (0xa0 + 399) & 0xff);
    CHECK_EQUAL(next.image_length, 0);
    on_sent(qdl);
}

static void check_failed(struct mf_qdl *qdl, const struct step *step)
{
    CHECK_EQUAL(next_of(qdl).want, MF_FAILED);
    CHECK_EQUAL(qdl->failure, step->a);
    CHECK_EQUAL(qdl->other_protocol, step->b);
    CHECK_EQUAL(qdl->code, step->c);
    CHECK_TEXT(qdl->text, step->hex);
    CHECK(!mf_qdl_greet(qdl) && !mf_qdl_reset(qdl));
}

static bool begin_image(struct mf_qdl *qdl, uint32_t file_size, uint32_t chunk)
{
    uint8_t head[MF_QDL_HEAD];

    for (unsigned i = 0; i < sizeof head; i++)
        head[i] = (uint8_t)(0xa0 + i);
    return mf_qdl_image(qdl, MF_QDL_IMAGE_TYPE_CWE, head, file_size, chunk);
}

static void play_step(struct mf_qdl *qdl, const struct step *step, struct split split)
{
    switch (step->operation) {
    case BEGIN_GREETING:
        CHECK(mf_qdl_greet(qdl));
        break;
    case BEGIN_IMAGE:
        CHECK(begin_image(qdl, step->a, step->b));
        break;
    case BEGIN_RESET:
        CHECK(mf_qdl_reset(qdl));
        break;
    case EXPECT_OPEN:
        check_open(qdl, step->a);
        break;
    case EXPECT_SEND:
        check_sent(qdl, step);
        break;
    case EXPECT_WITHIN:
        CHECK_EQUAL(next_of(qdl).within_ms, step->a);
        break;
    case FEED_BYTES:
        CHECK_EQUAL(next_of(qdl).want, MF_RECEIVE);
        reply(qdl, step->hex, split);
        break;
    case FEED_PAYLOAD:
        reply_framed(qdl, step->hex, split);
        break;
    case TIME_OUT:
        CHECK_EQUAL(next_of(qdl).want, MF_RECEIVE);
        on_silence(qdl);
        break;
    case EXPECT_DONE:
        CHECK_EQUAL(next_of(qdl).want, MF_DONE);
        CHECK_EQUAL(qdl->acknowledged, qdl->total);
        break;
    default:
        check_failed(qdl, step);
    }
}

static void init(struct mf_qdl *qdl)
{
    mf_qdl_init(qdl);
    qdl->timing = (struct mf_qdl_timing){11, 2, 33, 44, 55, 66};
}

static void play(const struct dialogue *dialogue, struct split split)
{
    unsigned before = check_failures;
    struct mf_qdl qdl;

    init(&qdl);
    for (const struct step *step = dialogue->steps; step->operation != NO_OPERATION; step++) {
        play_step(&qdl, step, split);
        if (check_failures > before) {
            fprintf(stderr, "  in \"%s\", step %d, split %zu+%zu\n", dialogue->name,
                    (int)(step - dialogue->steps), split.first, split.step);
            return;
        }
    }
}

static void check_dialogues(void)
{
    for (size_t i = 0; i < sizeof dialogues / sizeof *dialogues; i++) {
        play(&dialogues[i], (struct split){0, 1});
        for (size_t first = 0; first <= 64; first++)
            play(&dialogues[i], (struct split){first, 256});
    }
}

/* --- real traces ---------------------------------------------------------------------------- */

static void answer(struct mf_qdl *qdl, const char *hex)
{
    on_sent(qdl);
    reply(qdl, hex, (struct split){0, 256});
}

/* qdl-em7455-open-unframed: the fields of the payload, and the frame's length over zeros. */
static void check_open_of_trace(void)
{
    static const uint8_t zeros[MF_QDL_HEAD];
    struct mf_qdl qdl;

    init(&qdl);
    CHECK(mf_qdl_image(&qdl, MF_QDL_IMAGE_TYPE_CWE, zeros, 64432053, MF_QDL_CHUNK));
    answer(&qdl, HELLO_ANSWER);
    CHECK_HEX(next_of(&qdl).bytes, 14, "7e 25 80 b5 27 d7 03 01 25 26 d7 03 00 00");
    CHECK_EQUAL(next_of(&qdl).length, 417);
    answer(&qdl, OPENED);
    CHECK_EQUAL(next_of(&qdl).image_length, MF_QDL_CHUNK);
}

static void acknowledge(struct mf_qdl *qdl, uint16_t sequence)
{
    char hex[32];

    on_sent(qdl);
    snprintf(hex, sizeof hex, "28 %02x %02x 00 00 00 00 00 00", sequence & 0xff, sequence >> 8);
    reply_framed(qdl, hex, (struct split){0, 256});
}

/* qdl-mc7455-last-chunk: 61 whole writes and one of 418062 bytes. */
static void check_last_chunk_of_trace(void)
{
    struct mf_qdl qdl;

    init(&qdl);
    CHECK(begin_image(&qdl, 64381598, MF_QDL_CHUNK));
    answer(&qdl, HELLO_ANSWER);
    answer(&qdl, OPENED);
    for (uint16_t sequence = 0; sequence < 61; sequence++) {
        CHECK_EQUAL(next_of(&qdl).image_offset, sequence * (uint64_t)MF_QDL_CHUNK);
        acknowledge(&qdl, sequence);
    }
    CHECK_HEX(next_of(&qdl).bytes, next_of(&qdl).length, "27 3d 00 00 00 00 00 0e 61 06 00 ce 63");
    CHECK_EQUAL(next_of(&qdl).image_offset, 63963536 - 400);
    CHECK_EQUAL(next_of(&qdl).image_length, 418062);
    answer(&qdl, "7e 28 3d 00 00 00 00 00 00 00 41 6e 7e");
    CHECK_HEX(next_of(&qdl).bytes, next_of(&qdl).length, END);
}

/* Sequence numbers are 16 bits: after 65535 comes 0, and it knows the one before. */
static void check_sequence_wraps(void)
{
    struct mf_qdl qdl;

    init(&qdl);
    CHECK(begin_image(&qdl, 400 + 65538, 1));
    answer(&qdl, HELLO_ANSWER);
    answer(&qdl, OPENED);
    for (uint32_t write = 0; write < 65536; write++)
        acknowledge(&qdl, (uint16_t)write);
    CHECK_HEX(next_of(&qdl).bytes, next_of(&qdl).length, WRITE_0_OF_1_BYTE);
    acknowledge(&qdl, 65535);
    CHECK_EQUAL(next_of(&qdl).want, MF_RECEIVE);
    acknowledge(&qdl, 0);
    acknowledge(&qdl, 1);
    answer(&qdl, ENDED);
    CHECK_EQUAL(next_of(&qdl).want, MF_DONE);
}

/* --- the caller's side ---------------------------------------------------------------------- */

static void check_operations_are_refused(void)
{
    struct mf_qdl qdl;

    init(&qdl);
    CHECK_EQUAL(next_of(&qdl).want, MF_DONE);
    CHECK(!begin_image(&qdl, 400, 1));
    CHECK(!begin_image(&qdl, 0, 1));
    CHECK(!begin_image(&qdl, 401, 0));
    CHECK(mf_qdl_greet(&qdl));
    CHECK(!mf_qdl_greet(&qdl) && !mf_qdl_reset(&qdl) && !begin_image(&qdl, 401, 1));
    CHECK_HEX(next_of(&qdl).bytes, next_of(&qdl).length, SWITCH);
}

/* A modem that refuses in the middle of a write is heard at once; an ack there is none. */
static void check_answers_during_a_write(const char *payload, enum mf_qdl_failure failure)
{
    struct mf_qdl qdl;

    init(&qdl);
    CHECK(begin_image(&qdl, 500, 100));
    answer(&qdl, HELLO_ANSWER);
    answer(&qdl, OPENED);
    CHECK_EQUAL(next_of(&qdl).want, MF_SEND);
    reply_framed(&qdl, payload, (struct split){0, 256});
    CHECK_EQUAL(qdl.failure, failure);
}

/* The bytes of the present SEND stay as they are, whatever late answers come meanwhile. */
static void check_late_answers_while_sending(void)
{
    struct mf_qdl qdl;

    init(&qdl);
    CHECK(mf_qdl_greet(&qdl));
    on_sent(&qdl);
    on_silence(&qdl);
    reply(&qdl, ERROR_22, (struct split){0, 256});
    CHECK_HEX(next_of(&qdl).bytes, next_of(&qdl).length, SWITCH);
    answer(&qdl, ERROR_22);
    CHECK_HEX(next_of(&qdl).bytes, next_of(&qdl).length, HELLO);
    on_silence(&qdl); /* while sending: not a receive's time */
    CHECK_EQUAL(next_of(&qdl).want, MF_SEND);
}

static void check_hello_fields(void)
{
    struct mf_qdl qdl;

    init(&qdl);
    CHECK(begin_image(&qdl, 401, 1));
    on_sent(&qdl);
    /* block 0x400, two id bytes, one sector: features stand behind them */
    reply_framed(&qdl,
                 "02 " MAGIC_MODEM " 00 00 00 05 04 00 04 00 00 00 00 00 00 02 aa bb 01 00 01 00 "
                 "01 02 03 04 7e",
                 (struct split){0, 256});
    CHECK_EQUAL(qdl.version, 5);
    CHECK_EQUAL(qdl.max_block, 0x400);
    CHECK_EQUAL(qdl.features, 0x7e);
}

static void check_hello_with_lists_beyond_its_end(void)
{
    struct mf_qdl qdl;

    init(&qdl);
    CHECK(begin_image(&qdl, 401, 1));
    on_sent(&qdl);
    reply_framed(&qdl,
                 "02 " MAGIC_MODEM " 00 00 00 06 06 00 00 00 00 00 00 00 00 00 00 00 ff ff 30",
                 (struct split){0, 256});
    CHECK_EQUAL(qdl.features, 0);
    CHECK_TEXT(mf_qdl_state_name(&qdl), "open image");
}

/* --- made-up modems: see tests/fuzz/qdl.c ----------------------------------------------------- */

static uint32_t random_state = 1;

static uint32_t next_random(uint32_t below)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 16) % below;
}

/* An order: mostly a good frame that fits somewhere, some of them with a changed byte. */
static size_t make_order(uint8_t *out)
{
    static const char *const payloads[] = {
        "02",
        "0d 16 00 00 00 00",
        "26 00 00 01 00 00 00 00",
        "2a 00 00 00 00",
        "28 00 00 00 00 00 00 00 00",
        "28 01 00 00 00 00 00 00 00",
        "28 02 00 00 00 00 00 00 00",
        "13 70 00 00",
        "03 00 06",
        "70 00 00",
        "02 " MAGIC_MODEM " 00 00 00 06 06 00 00 00 00 00 00 00 00 00 00 00 00 00 30",
    };
    uint32_t kind = next_random(16);
    size_t length;

    out[0] = next_random(8) == 0 ? EARLY : 0;
    if (kind == 0) {
        out[0] |= QUIET;
        return 1;
    }
    length =
        hex_bytes(out + 1, HELLO_LENGTH, payloads[next_random(sizeof payloads / sizeof *payloads)]);
    out[0] |= (kind == 1 ? FEED : FRAME) | (length < LONG_COUNT ? length : LONG_COUNT);
    if (next_random(16) == 0)
        out[1 + next_random((uint32_t)length)] = (uint8_t)next_random(256);
    return 1 + length;
}

static void check_made_up_modems(void)
{
    for (int run = 0; run < 20000; run++) {
        uint8_t input[2 + 24 * (1 + HELLO_LENGTH)];
        size_t length = 2, orders = next_random(24);

        input[0] = (uint8_t)next_random(8);
        input[1] = (uint8_t)next_random(4);
        while (orders-- > 0)
            length += make_order(input + length);
        LLVMFuzzerTestOneInput(input, length);
    }
}

int main(void)
{
    check_dialogues();
    check_open_of_trace();
    check_last_chunk_of_trace();
    check_sequence_wraps();
    check_operations_are_refused();
    check_answers_during_a_write("28 00 00 00 00 00 00 00 00", MF_QDL_UNEXPECTED);
    check_answers_during_a_write("28 00 00 00 00 00 00 01 00", MF_QDL_WRITE_REFUSED);
    check_answers_during_a_write("0d 17 00 00 00 00", MF_QDL_ERROR);
    check_answers_during_a_write("26 00 00 00 00 00 00 00", MF_QDL_UNEXPECTED);
    check_late_answers_while_sending();
    check_hello_fields();
    check_hello_with_lists_beyond_its_end();
    check_made_up_modems();
    return check_result();
}

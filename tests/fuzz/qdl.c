// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* Invariant: from any bytes, in any split, a conversation ends in DONE or FAILED within a bounded
 * number of steps, and never asks for image bytes out of range, twice, or out of order.
 *
 * The input is what the modem does, as orders: FEED and count: so many raw bytes follow; FRAME,
 * count: so many bytes follow as the payload of a good frame; QUIET. The high bit lets it happen
 * while we still send. When the input ends, all is silent. */
#include "protocol/qdl.h"

#include <stdlib.h>
#include <string.h>

enum order { FEED = 0x00, FRAME = 0x20, QUIET = 0x40, ORDER = 0x60, EARLY = 0x80, COUNT = 0x1f };
enum { LONG_COUNT = COUNT, HELLO_LENGTH = 49, STEPS_WITHOUT_ANSWERS = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t length);

struct modem {
    const uint8_t *input;
    size_t left;
    uint32_t file_size, next_offset;
};

static void require(bool holds)
{
    if (!holds)
        abort();
}

static struct mf_next next_of(const struct mf_qdl *qdl)
{
    return qdl->conversation.next(&qdl->conversation);
}

static void on_sent(struct mf_qdl *qdl)
{
    qdl->conversation.sent(&qdl->conversation);
}

static void on_bytes(struct mf_qdl *qdl, const uint8_t *bytes, size_t length)
{
    qdl->conversation.feed(&qdl->conversation, bytes, length);
}

static void on_silence(struct mf_qdl *qdl)
{
    qdl->conversation.timed_out(&qdl->conversation);
}

static void feed_frame(struct mf_qdl *qdl, const uint8_t *payload, size_t length)
{
    uint8_t frame[MF_HDLC_FRAME_MAX(HELLO_LENGTH)];

    length = mf_hdlc_frame(frame, sizeof frame, payload, length);
    on_bytes(qdl, frame, length);
}

/* Obeys the next order. */
static void obey(struct modem *modem, struct mf_qdl *qdl)
{
    uint8_t order = *modem->input & ORDER;
    size_t count = *modem->input & COUNT;

    if (count == LONG_COUNT)
        count = HELLO_LENGTH;
    modem->input++, modem->left--;
    if (order == QUIET) {
        on_silence(qdl);
        return;
    }
    if (count > modem->left)
        count = modem->left;
    if (order == FRAME)
        feed_frame(qdl, modem->input, count);
    else
        on_bytes(qdl, modem->input, count);
    modem->input += count, modem->left -= count;
}

static void check_range(struct modem *modem, const struct mf_next *next)
{
    if (next->image_length == 0)
        return;
    require(next->image_offset == modem->next_offset);
    require(next->image_length <= modem->file_size - MF_QDL_HEAD - next->image_offset);
    modem->next_offset += next->image_length;
}

static void check_send(struct modem *modem, struct mf_qdl *qdl)
{
    struct mf_next next = next_of(qdl);

    require(next.length > 0 && next.length <= sizeof qdl->out);
    while (modem->left > 0 && (*modem->input & EARLY) != 0)
        obey(modem, qdl);
    if (next_of(qdl).want == MF_FAILED)
        return;
    require(next_of(qdl).want == MF_SEND && next_of(qdl).bytes == next.bytes);
    require(next_of(qdl).image_offset == next.image_offset);
    check_range(modem, &next);
    on_sent(qdl);
}

/* Runs the present operation to its end. */
static void run(struct modem *modem, struct mf_qdl *qdl)
{
    size_t most = modem->left + STEPS_WITHOUT_ANSWERS;

    for (;; most--) {
        struct mf_next next = next_of(qdl);

        require(most > 0);
        if (next.want == MF_DONE || next.want == MF_FAILED)
            break;
        if (next.want == MF_SEND)
            check_send(modem, qdl);
        else if (modem->left > 0)
            obey(modem, qdl);
        else
            on_silence(qdl);
    }
    require((next_of(qdl).want == MF_FAILED) == (qdl->failure != MF_QDL_NO_FAILURE));
    require((qdl->other_protocol != MF_OTHER_NONE) == (qdl->failure == MF_QDL_NOT_QDL));
    require(qdl->acknowledged <= qdl->total && qdl->raw_length <= sizeof qdl->raw);
    require(memchr(qdl->text, '\0', sizeof qdl->text) != NULL);
}

static void run_image(struct modem *modem, struct mf_qdl *qdl, uint32_t file_size, uint32_t chunk)
{
    static const uint8_t head[MF_QDL_HEAD];

    modem->file_size = file_size;
    modem->next_offset = 0;
    if (!mf_qdl_image(qdl, MF_QDL_IMAGE_TYPE_CWE, head, file_size, chunk))
        return;
    run(modem, qdl);
    if (next_of(qdl).want == MF_DONE)
        require(modem->next_offset == file_size - MF_QDL_HEAD && qdl->acknowledged == qdl->total);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t length)
{
    struct modem modem;
    struct mf_qdl qdl;

    if (length < 2)
        return 0;
    modem = (struct modem){.input = input + 2, .left = length - 2};
    mf_qdl_init(&qdl);
    if (input[0] & 1) {
        require(mf_qdl_greet(&qdl));
        run(&modem, &qdl);
    }
    run_image(&modem, &qdl, MF_QDL_HEAD + input[0], (uint32_t)input[1] + 1);
    run_image(&modem, &qdl, UINT32_MAX, UINT32_MAX);
    if (mf_qdl_reset(&qdl))
        run(&modem, &qdl);
    return 0;
}

/* Invariant: from any bytes, in any split, a conversation ends in DONE or FAILED within a bounded
 * number of needs, and never asks for image bytes out of range, twice, or out of order.
 *
 * The input is what the modem does, as orders: FEED and count: so many raw bytes follow; FRAME,
 * count: so many bytes follow as the payload of a good frame; QUIET. The high bit lets it happen
 * while we still send. When the input ends, all is silent. */
#include "protocol/qdl.h"

#include <stdlib.h>
#include <string.h>

enum order { FEED = 0x00, FRAME = 0x20, QUIET = 0x40, ORDER = 0x60, EARLY = 0x80, COUNT = 0x1f };
enum { LONG_COUNT = COUNT, HELLO_LENGTH = 49, NEEDS_WITHOUT_ANSWERS = 64 };

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

static void feed_frame(struct mf_qdl *qdl, const uint8_t *payload, size_t length)
{
    uint8_t frame[MF_HDLC_FRAME_MAX(HELLO_LENGTH)];

    mf_qdl_feed(qdl, frame, mf_hdlc_frame(frame, sizeof frame, payload, length));
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
        mf_qdl_timed_out(qdl);
        return;
    }
    if (count > modem->left)
        count = modem->left;
    if (order == FRAME)
        feed_frame(qdl, modem->input, count);
    else
        mf_qdl_feed(qdl, modem->input, count);
    modem->input += count, modem->left -= count;
}

static void check_range(struct modem *modem, const struct mf_qdl_need *need)
{
    if (need->image_length == 0)
        return;
    require(need->image_offset == modem->next_offset);
    require(need->image_length <= modem->file_size - need->image_offset);
    modem->next_offset += need->image_length;
}

static void check_send(struct modem *modem, struct mf_qdl *qdl)
{
    struct mf_qdl_need need = mf_qdl_need(qdl);

    require(need.length > 0 && need.length <= sizeof qdl->out);
    while (modem->left > 0 && (*modem->input & EARLY) != 0)
        obey(modem, qdl);
    if (mf_qdl_need(qdl).want == MF_QDL_FAILED)
        return;
    require(mf_qdl_need(qdl).want == MF_QDL_SEND && mf_qdl_need(qdl).bytes == need.bytes);
    require(mf_qdl_need(qdl).image_offset == need.image_offset);
    check_range(modem, &need);
    mf_qdl_took(qdl);
}

/* Carries out the errand the conversation has. */
static void run(struct modem *modem, struct mf_qdl *qdl)
{
    size_t most = modem->left + NEEDS_WITHOUT_ANSWERS;

    for (;; most--) {
        struct mf_qdl_need need = mf_qdl_need(qdl);

        require(most > 0);
        if (need.want == MF_QDL_DONE || need.want == MF_QDL_FAILED)
            break;
        if (need.want == MF_QDL_SEND)
            check_send(modem, qdl);
        else if (modem->left > 0)
            obey(modem, qdl);
        else
            mf_qdl_timed_out(qdl);
    }
    require((mf_qdl_need(qdl).want == MF_QDL_FAILED) == (qdl->failure != MF_QDL_NO_FAILURE));
    require((qdl->foreign != MF_FOREIGN_NONE) == (qdl->failure == MF_QDL_NOT_QDL));
    require(qdl->sent <= qdl->total && qdl->raw_length <= sizeof qdl->raw);
    require(memchr(qdl->text, '\0', sizeof qdl->text) != NULL);
}

static void run_image(struct modem *modem, struct mf_qdl *qdl, uint32_t file_size, uint32_t chunk)
{
    static const uint8_t head[MF_QDL_HEAD];

    modem->file_size = file_size;
    modem->next_offset = MF_QDL_HEAD;
    if (!mf_qdl_image(qdl, MF_QDL_IMAGE_TYPE_CWE, head, file_size, chunk))
        return;
    run(modem, qdl);
    if (mf_qdl_need(qdl).want == MF_QDL_DONE)
        require(modem->next_offset == file_size && qdl->sent == qdl->total);
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

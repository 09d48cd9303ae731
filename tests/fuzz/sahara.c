// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* Invariant: from any bytes, in any split, the switch to Firehose ends in DONE or FAILED within a
 * bounded number of steps, and nothing is sent before a hello of 48 bytes has come.
 *
 * The input is what the loader does, as orders: count: so many bytes follow, at most 63; QUIET: it is
 * silent. The high bit lets it happen while we still send. When the input ends, all is silent. */
#include "protocol/sahara.h"

#include <stdlib.h>

enum { QUIET = 0x40, EARLY = 0x80, COUNT = 0x3f, STEPS_WITHOUT_ANSWERS = 16, HELLO = 48 };

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t length);

struct loader {
    const uint8_t *input;
    size_t left, said;
};

static void require(bool holds)
{
    if (!holds)
        abort();
}

static struct mf_next next_of(const struct mf_sahara *sahara)
{
    return sahara->conversation.next(&sahara->conversation);
}

/* Obeys the next order. */
static void obey(struct loader *loader, struct mf_sahara *sahara)
{
    uint8_t order = *loader->input++;
    size_t count = order & COUNT;

    loader->left--;
    if (order & QUIET) {
        sahara->conversation.timed_out(&sahara->conversation);
        return;
    }
    if (count > loader->left)
        count = loader->left;
    sahara->conversation.feed(&sahara->conversation, loader->input, count);
    loader->input += count, loader->left -= count, loader->said += count;
}

static void check_send(struct loader *loader, struct mf_sahara *sahara)
{
    struct mf_next next = next_of(sahara);

    require(loader->said >= HELLO);
    require(next.length == 48 || next.length == 12);
    require(next.image_length == 0 && next.padding == 0);
    while (loader->left > 0 && (*loader->input & EARLY) != 0)
        obey(loader, sahara);
    if (next_of(sahara).want == MF_FAILED)
        return;
    require(next_of(sahara).want == MF_SEND && next_of(sahara).bytes == next.bytes);
    sahara->conversation.sent(&sahara->conversation);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t length)
{
    struct loader loader = {input, length, 0};
    struct mf_sahara sahara;
    struct mf_next next;
    size_t most = length + STEPS_WITHOUT_ANSWERS;

    mf_sahara_init(&sahara);
    require(next_of(&sahara).want == MF_DONE && mf_sahara_switch(&sahara));
    for (next = next_of(&sahara); next.want == MF_SEND || next.want == MF_RECEIVE;
         next = next_of(&sahara)) {
        require(most-- > 0);
        if (next.want == MF_SEND)
            check_send(&loader, &sahara);
        else if (loader.left > 0)
            obey(&loader, &sahara);
        else
            sahara.conversation.timed_out(&sahara.conversation);
    }
    require((next.want == MF_FAILED) == (sahara.failure != MF_SAHARA_NO_FAILURE));
    require(sahara.in_length <= sizeof sahara.in && sahara.rest_length <= sizeof sahara.rest);
    require(!mf_sahara_switch(&sahara));
    return 0;
}

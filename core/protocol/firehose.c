// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

#include "protocol/firehose.h"

#include "protocol/firehose_state.h"

#include <string.h>

/* What a loader that names none has: libqmi's defaults. */
enum { SECTOR_SIZE = 4096, PAGES_PER_BLOCK = 64 };

static const uint8_t zeros[512];

/* --- the conversation ------------------------------------------------------------------------ */

static struct mf_next next_range(const struct mf_firehose *firehose)
{
    uint32_t left = firehose->total - firehose->offset;
    uint32_t length = left < firehose->range ? left : firehose->range;
    uint32_t past = length % firehose->sector_size;

    return (struct mf_next){.want = MF_SEND,
                            .image_offset = firehose->offset,
                            .image_length = length,
                            .padding = past > 0 ? firehose->sector_size - past : 0};
}

static struct mf_next next_send(const struct mf_firehose *firehose)
{
    if (firehose->state == MF_AT_RAW)
        return next_range(firehose);
    if (firehose->state == MF_AT_ZEROS)
        return (struct mf_next){.want = MF_SEND, .bytes = zeros, .length = sizeof zeros};
    return (struct mf_next){
        .want = MF_SEND, .bytes = firehose->out, .length = firehose->out_length};
}

static struct mf_next firehose_next(const struct mf_conversation *self)
{
    const struct mf_firehose *firehose = (const struct mf_firehose *)self;

    if (firehose->failure != MF_FIREHOSE_NO_FAILURE)
        return (struct mf_next){.want = MF_FAILED};
    if (firehose->state == MF_AT_IDLE)
        return (struct mf_next){.want = MF_DONE};
    if (firehose->sending)
        return next_send(firehose);
    return (struct mf_next){.want = MF_RECEIVE,
                            .within_ms = firehose->state == MF_AT_VERDICT
                                             ? firehose->timing.final_ack_ms
                                             : firehose->timing.command_ms};
}

/* The zeros follow every image, as the maker's tool sends them. libqmi leaves them out behind a whole
 * number of blocks, which nobody has tried (reference: firehose 8, 15). */
static void after_range(struct mf_firehose *firehose)
{
    firehose->offset += next_range(firehose).image_length;
    if (firehose->offset == firehose->total)
        mf_firehose_enter(firehose, MF_AT_ZEROS);
}

static void firehose_sent(struct mf_conversation *self)
{
    struct mf_firehose *firehose = (struct mf_firehose *)self;

    if (firehose->failure != MF_FIREHOSE_NO_FAILURE || !firehose->sending)
        return;
    if (firehose->state == MF_AT_RAW)
        after_range(firehose);
    else if (firehose->state == MF_AT_ZEROS)
        mf_firehose_enter(firehose, firehose->accepted ? MF_AT_IDLE : MF_AT_VERDICT);
    else
        firehose->sending = firehose->zeros_read = false;
}

static void firehose_feed(struct mf_conversation *self, const uint8_t *bytes, size_t length)
{
    struct mf_firehose *firehose = (struct mf_firehose *)self;

    for (size_t i = 0; i < length && firehose->failure == MF_FIREHOSE_NO_FAILURE; i++)
        mf_firehose_take_byte(firehose, bytes[i]);
}

static void firehose_timed_out(struct mf_conversation *self)
{
    struct mf_firehose *firehose = (struct mf_firehose *)self;

    if (firehose_next(self).want != MF_RECEIVE || mf_firehose_repeat(firehose))
        return;
    firehose->failure = firehose->raw_length == 0 || firehose->document.length > 0
                            ? MF_FIREHOSE_SILENT
                            : MF_FIREHOSE_OTHER;
}

static struct mf_progress firehose_progress(const struct mf_conversation *self)
{
    const struct mf_firehose *firehose = (const struct mf_firehose *)self;

    return (struct mf_progress){firehose->accepted ? firehose->total : 0, firehose->total};
}

void mf_firehose_init(struct mf_firehose *firehose)
{
    memset(firehose, 0, sizeof *firehose);
    firehose->conversation = (struct mf_conversation){firehose_next, firehose_sent, firehose_feed,
                                                      firehose_timed_out, firehose_progress};
    firehose->timing = (struct mf_firehose_timing){
        .command_ms = 10000, .final_ack_ms = 300000, .program_attempts = 3, .power_attempts = 10};
    firehose->sector_size = SECTOR_SIZE;
    firehose->pages_per_block = PAGES_PER_BLOCK;
}

/* --- operations ------------------------------------------------------------------------------ */

static uint32_t block_of(const struct mf_firehose *firehose)
{
    return firehose->max_payload / firehose->sector_size * firehose->sector_size;
}

static bool begin(struct mf_firehose *firehose, enum mf_firehose_state state)
{
    if (firehose->state != MF_AT_IDLE || firehose->failure != MF_FIREHOSE_NO_FAILURE)
        return false;
    firehose->raw_length = 0;
    mf_firehose_enter(firehose, state);
    return true;
}

bool mf_firehose_greet(struct mf_firehose *firehose)
{
    return begin(firehose, MF_AT_PING);
}

bool mf_firehose_image(struct mf_firehose *firehose, uint32_t file_size, uint32_t chunk)
{
    uint32_t block = block_of(firehose);

    if (file_size == 0 || block == 0 || firehose->state != MF_AT_IDLE ||
        firehose->failure != MF_FIREHOSE_NO_FAILURE)
        return false;
    firehose->range = chunk > block ? chunk / block * block : block;
    firehose->total = file_size;
    firehose->offset = 0;
    firehose->opened = firehose->accepted = false;
    return begin(firehose, MF_AT_PROGRAM);
}

bool mf_firehose_power(struct mf_firehose *firehose)
{
    return begin(firehose, MF_AT_POWER);
}

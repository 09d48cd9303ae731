// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

#include "protocol/qdl.h"

#include "protocol/qdl_state.h"

#include <string.h>

/* --- operations ------------------------------------------------------------------------------ */

static bool between_operations(const struct mf_qdl *qdl)
{
    return qdl->state == MF_STATE_IDLE && qdl->failure == MF_QDL_NO_FAILURE;
}

bool mf_qdl_greet(struct mf_qdl *qdl)
{
    if (!between_operations(qdl))
        return false;
    mf_qdl_advance(qdl, MF_STATE_SWITCH);
    return true;
}

bool mf_qdl_image(struct mf_qdl *qdl, uint8_t image_type, const uint8_t head[MF_QDL_HEAD],
                  uint32_t file_size, uint32_t chunk)
{
    if (!between_operations(qdl) || file_size <= MF_QDL_HEAD || chunk == 0)
        return false;
    memcpy(qdl->head, head, MF_QDL_HEAD);
    qdl->image_type = image_type;
    qdl->chunk = chunk;
    qdl->acknowledged = 0;
    qdl->opened = false;
    qdl->total = file_size - MF_QDL_HEAD;
    mf_qdl_advance(qdl, MF_STATE_HELLO);
    return true;
}

bool mf_qdl_reset(struct mf_qdl *qdl)
{
    if (!between_operations(qdl))
        return false;
    mf_qdl_advance(qdl, MF_STATE_RESET);
    return true;
}

/* --- the conversation ------------------------------------------------------------------------ */

static uint32_t within_ms(const struct mf_qdl *qdl)
{
    const struct mf_qdl_timing *timing = &qdl->timing;

    switch (qdl->state) {
    case MF_STATE_SWITCH:
    case MF_STATE_GREETING:
        return timing->greeting_ms;
    case MF_STATE_WRITE:
        return qdl->acknowledged + qdl->chunk_length < qdl->total ? timing->ack_ms
                                                                  : timing->final_ack_ms;
    case MF_STATE_DONE:
        return timing->done_ms;
    default:
        return timing->reply_ms;
    }
}

static struct mf_next next_send(const struct mf_qdl *qdl)
{
    bool writing = qdl->state == MF_STATE_WRITE;

    return (struct mf_next){.want = MF_SEND,
                            .bytes = qdl->out,
                            .length = qdl->out_length,
                            .image_offset = writing ? qdl->acknowledged : 0,
                            .image_length = writing ? qdl->chunk_length : 0};
}

static struct mf_next qdl_next(const struct mf_conversation *self)
{
    const struct mf_qdl *qdl = (const struct mf_qdl *)self;

    if (qdl->failure != MF_QDL_NO_FAILURE)
        return (struct mf_next){.want = MF_FAILED};
    if (qdl->state == MF_STATE_IDLE)
        return (struct mf_next){.want = MF_DONE};
    if (qdl->sending)
        return next_send(qdl);
    return (struct mf_next){.want = MF_RECEIVE, .within_ms = within_ms(qdl)};
}

static void qdl_sent(struct mf_conversation *self)
{
    struct mf_qdl *qdl = (struct mf_qdl *)self;

    qdl->sending = false;
    if (qdl->state == MF_STATE_RESET)
        mf_qdl_advance(qdl, MF_STATE_IDLE);
}

/* Byte by byte, so that the evidence is the same for every split. */
static void feed_byte(struct mf_qdl *qdl, uint8_t byte)
{
    const uint8_t *frame;
    size_t length;

    if (qdl->raw_length < MF_QDL_RAW)
        qdl->raw[qdl->raw_length++] = byte;
    mf_hdlc_feed(&qdl->decoder, &byte, 1, &frame, &length);
    if (frame != NULL)
        mf_qdl_on_frame(qdl, frame, length);
    else
        mf_qdl_on_raw(qdl);
}

static void qdl_feed(struct mf_conversation *self, const uint8_t *bytes, size_t length)
{
    struct mf_qdl *qdl = (struct mf_qdl *)self;

    for (size_t i = 0; i < length && qdl->failure == MF_QDL_NO_FAILURE; i++)
        feed_byte(qdl, bytes[i]);
}

static void qdl_timed_out(struct mf_conversation *self)
{
    if (qdl_next(self).want == MF_RECEIVE)
        mf_qdl_on_silence((struct mf_qdl *)self);
}

static struct mf_progress qdl_progress(const struct mf_conversation *self)
{
    const struct mf_qdl *qdl = (const struct mf_qdl *)self;

    return (struct mf_progress){qdl->acknowledged, qdl->total};
}

void mf_qdl_init(struct mf_qdl *qdl)
{
    memset(qdl, 0, sizeof *qdl);
    qdl->conversation =
        (struct mf_conversation){qdl_next, qdl_sent, qdl_feed, qdl_timed_out, qdl_progress};
    qdl->timing = (struct mf_qdl_timing){.greeting_ms = 1000,
                                         .greeting_attempts = 5,
                                         .reply_ms = 5000,
                                         .ack_ms = 120000,
                                         .final_ack_ms = 140000,
                                         .done_ms = 30000};
    mf_hdlc_init(&qdl->decoder, qdl->in, sizeof qdl->in);
}

// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

#include "stream/transfer.h"

#include "stream/wait.h"

#include <errno.h>
#include <string.h>

enum {
    READ_SLICE = 262144, /* most bytes of one read of the source */
    ROOM = 32768,        /* least room for a read into the memory of written bytes */
    ANSWER = 4096,       /* most bytes of one read of the channel */
    BURST = 16           /* most writes before source and channel are read again */
};

/* The loop goes on; every other result ends it. */
enum { GOING_ON = 1 };

/* Each phase has a deadline of its own. It starts anew with each byte sent or read from the source,
 * but not with bytes received. */
enum phase { NEW_PHASE, RECEIVING, SENDING, GATHERING, FINISHED };

/* --- chunks: the next one is read into the memory of the written bytes of this one ------------- */

static uint8_t *chunk_data(const struct mf_transfer *transfer)
{
    return transfer->buffer + MF_TRANSFER_HEADER;
}

/* How many bytes there is room for now. */
static uint32_t room_of(const struct mf_transfer *transfer)
{
    const struct mf_transfer_chunks *chunks = &transfer->chunks;

    if (transfer->reader == NULL || chunks->ended)
        return 0;
    if (chunks->filled < transfer->chunk)
        return transfer->chunk - chunks->filled;
    return chunks->out - chunks->ahead;
}

/* Small room for the next chunk is left to grow, so that reads stay large. */
static bool has_room(const struct mf_transfer *transfer)
{
    uint32_t room = room_of(transfer);

    return room >= ROOM || (room > 0 && transfer->chunks.filled < transfer->chunk);
}

/* Whether the range is the present chunk of this transfer's image. */
static bool fits(const struct mf_transfer *transfer, const struct mf_next *next)
{
    uint64_t offset = (uint64_t)transfer->chunks.sending * transfer->chunk;

    return transfer->reader != NULL && next->image_offset == offset && next->image_length > 0 &&
           next->image_length <= transfer->chunk &&
           next->padding <= transfer->chunk - next->image_length &&
           next->length <= MF_TRANSFER_HEADER;
}

static int source_failed(struct mf_transfer *transfer, ssize_t cause)
{
    transfer->cause = (int)cause;
    return cause == MF_STREAM_INTERRUPTED ? MF_TRANSFER_INTERRUPTED : MF_TRANSFER_SOURCE;
}

static int gather(struct mf_transfer *transfer)
{
    struct mf_transfer_chunks *chunks = &transfer->chunks;
    uint32_t *filled = chunks->filled < transfer->chunk ? &chunks->filled : &chunks->ahead;
    uint32_t room = room_of(transfer);
    ssize_t count = transfer->reader->read(transfer->reader, chunk_data(transfer) + *filled,
                                           room < READ_SLICE ? room : READ_SLICE, 0);

    chunks->starved = count == MF_STREAM_TIMEOUT;
    if (chunks->starved)
        return GOING_ON;
    if (count < 0)
        return source_failed(transfer, count);
    chunks->ended = count == 0;
    *filled += (uint32_t)count;
    if (transfer->phase == GATHERING)
        transfer->phase = NEW_PHASE;
    return GOING_ON;
}

static void begin_next_chunk(struct mf_transfer *transfer)
{
    struct mf_transfer_chunks *chunks = &transfer->chunks;

    if (chunks->filled < transfer->chunk)
        chunks->ended = true; /* a short chunk is the last */
    chunks->filled = chunks->ahead;
    chunks->ahead = chunks->out = 0;
    chunks->sending++;
}

/* --- the channel --------------------------------------------------------------------------- */

static int channel_failed(struct mf_transfer *transfer, ssize_t cause)
{
    transfer->cause = (int)cause;
    return cause == MF_STREAM_INTERRUPTED ? MF_TRANSFER_INTERRUPTED : MF_TRANSFER_CHANNEL;
}

/* The conversation gets every answer at once, also in the middle of a message. */
static int receive(struct mf_transfer *transfer)
{
    uint8_t bytes[ANSWER];
    ssize_t count = transfer->channel->read(transfer->channel, bytes, sizeof bytes, 0);

    if (count == MF_STREAM_TIMEOUT)
        return GOING_ON;
    if (count < 0)
        return channel_failed(transfer, count);
    transfer->conversation->feed(transfer->conversation, bytes, (size_t)count);
    return GOING_ON;
}

static size_t message_length(const struct mf_next *next)
{
    return next->length + next->image_length + next->padding;
}

/* The header of an image range, the range and its padding lie in one piece of memory and go out in
 * the same write(2), as other tools send them. */
static const uint8_t *message(const struct mf_transfer *transfer, const struct mf_next *next)
{
    uint8_t *range = chunk_data(transfer), *start;

    if (next->image_length == 0)
        return next->bytes;
    start = range - next->length;
    if (next->length > 0)
        memcpy(start, next->bytes, next->length);
    memset(range + next->image_length, 0, next->padding);
    return start;
}

static void finish_message(struct mf_transfer *transfer, const struct mf_next *next)
{
    if (next->image_length > 0)
        begin_next_chunk(transfer);
    transfer->taken = 0;
    transfer->phase = NEW_PHASE;
    transfer->conversation->sent(transfer->conversation);
}

static void count_written(struct mf_transfer *transfer, const struct mf_next *next)
{
    size_t image;

    if (next->image_length == 0 || transfer->taken <= next->length)
        return;
    image = transfer->taken - next->length;
    transfer->chunks.out = image < next->image_length ? (uint32_t)image : next->image_length;
    transfer->written = next->image_offset + transfer->chunks.out;
}

static struct mf_next next_of(const struct mf_transfer *transfer)
{
    return transfer->conversation->next(transfer->conversation);
}

/* An answer that came just before the hang-up may be its cause: it is read first. */
static int write_failed(struct mf_transfer *transfer, ssize_t cause)
{
    int result;

    if (cause == MF_STREAM_TIMEOUT)
        return GOING_ON;
    result = cause == MF_STREAM_CLOSED ? receive(transfer) : channel_failed(transfer, cause);
    if (result == GOING_ON && next_of(transfer).want == MF_SEND)
        return channel_failed(transfer, cause);
    return result;
}

static struct mf_unsent unsent(const struct mf_transfer *transfer, const struct mf_next *next)
{
    size_t image = next->image_length + next->padding;
    size_t left = next->length + image - transfer->taken;

    return (struct mf_unsent){left > image ? left - image : 0, left < image ? left : image};
}

static bool is_sending(const struct mf_transfer *transfer)
{
    return transfer->phase == SENDING && transfer->channel->send != NULL;
}

/* After a short one there is no room for more now. */
static ssize_t write_once(struct mf_transfer *transfer, const struct mf_next *next,
                          const uint8_t *bytes, size_t left)
{
    size_t wanted = left < transfer->write_size ? left : transfer->write_size;
    struct mf_channel *channel = transfer->channel;
    ssize_t count;

    channel->unsent = unsent(transfer, next);
    count = channel->send != NULL ? channel->send(channel, bytes, wanted)
                                  : channel->write(channel, bytes, wanted, 0);
    channel->unsent = (struct mf_unsent){0};
    if (count < 0)
        return count;
    transfer->taken += (size_t)count;
    transfer->phase = NEW_PHASE;
    return (size_t)count < wanted ? MF_STREAM_TIMEOUT : count;
}

/* One a turn where a channel holds more than one write, so that the next chunk is read in between. */
static int send_some(struct mf_transfer *transfer, const struct mf_next *next)
{
    const uint8_t *bytes = message(transfer, next);
    size_t length = message_length(next);
    const struct mf_channel *channel = transfer->channel;
    int most = channel->send != NULL || channel->ready != NULL ? 1 : BURST;
    ssize_t count = 1;

    for (int writes = 0; writes < most && count > 0 && transfer->taken < length; writes++)
        count = write_once(transfer, next, bytes + transfer->taken, length - transfer->taken);
    count_written(transfer, next);
    if (transfer->taken == length)
        finish_message(transfer, next);
    return count < 0 ? write_failed(transfer, count) : GOING_ON;
}

/* --- phases and deadlines -------------------------------------------------------------------- */

static enum phase phase_of(const struct mf_transfer *transfer, const struct mf_next *next)
{
    if (next->want == MF_RECEIVE)
        return RECEIVING;
    if (next->want != MF_SEND)
        return FINISHED;
    return transfer->chunks.filled >= next->image_length ? SENDING : GATHERING;
}

static int64_t limit_of(const struct mf_transfer *transfer, enum phase phase,
                        const struct mf_next *next)
{
    switch (phase) {
    case RECEIVING:
        return next->within_ms;
    case SENDING:
        return transfer->stall_ms;
    default:
        return transfer->source_ms;
    }
}

static void enter(struct mf_transfer *transfer, enum phase phase, const struct mf_next *next)
{
    if (phase == (enum phase)transfer->phase)
        return;
    transfer->phase = phase;
    transfer->deadline = transfer->now + limit_of(transfer, phase, next);
}

/* After the descriptors: an answer that has arrived counts, however late this process reads it. */
static int check_deadline(struct mf_transfer *transfer)
{
    struct mf_next next = next_of(transfer);
    enum phase phase = phase_of(transfer, &next);

    if (phase != (enum phase)transfer->phase || transfer->now < transfer->deadline)
        return GOING_ON;
    if (phase == SENDING)
        return MF_TRANSFER_STALLED;
    if (phase == GATHERING)
        return MF_TRANSFER_SOURCE_SILENT;
    transfer->phase = NEW_PHASE;
    transfer->conversation->timed_out(transfer->conversation);
    return GOING_ON;
}

/* --- the loop -------------------------------------------------------------------------------- */

/* When the next report is due without an acknowledgement. */
static int64_t report_due(const struct mf_transfer *transfer)
{
    if (transfer->progress == NULL || transfer->reader == NULL)
        return INT64_MAX;
    if (transfer->written != transfer->reported.written)
        return transfer->reported.at + MF_TRANSFER_PROGRESS_MS;
    return transfer->written > 0 ? transfer->reported.at + MF_TRANSFER_QUIET_MS : INT64_MAX;
}

static int report(struct mf_transfer *transfer, bool at_end)
{
    struct mf_transfer_report *reported = &transfer->reported;
    struct mf_progress progress = transfer->conversation->progress(transfer->conversation);
    bool acknowledged = progress.acknowledged != reported->acknowledged;
    bool goes_on;

    if (transfer->progress == NULL || transfer->reader == NULL)
        return GOING_ON;
    if (!acknowledged && !at_end && transfer->now < report_due(transfer))
        return GOING_ON;
    *reported =
        (struct mf_transfer_report){transfer->written, progress.acknowledged, transfer->now};
    goes_on = transfer->progress(transfer->context, transfer->written, progress.total);
    transfer->now = mf_now_ms();
    return goes_on ? GOING_ON : MF_TRANSFER_STOPPED;
}

/* A send waits for room itself. */
static int wanted_of(const struct mf_transfer *transfer)
{
    return transfer->phase != SENDING || is_sending(transfer) ? POLLIN : POLLIN | POLLOUT;
}

/* What the channel can do of what is wanted, once poll(2) has reported it. */
static int ready_for(const struct mf_transfer *transfer, int reported)
{
    struct mf_channel *channel = transfer->channel;

    return channel->ready == NULL ? reported
                                  : channel->ready(channel, reported) & wanted_of(transfer);
}

/* mf_wait for the channel and the source. A channel that can go on is not waited for. */
static int wait_once(struct mf_transfer *transfer, struct pollfd at[2], bool eager)
{
    int64_t due = report_due(transfer);
    int64_t until = due < transfer->deadline ? due : transfer->deadline;
    int ready = mf_wait(at, 2, eager || ready_for(transfer, 0) ? 0 : until, transfer->interrupt);

    if (ready == MF_STREAM_FAILED)
        transfer->channel->error = errno;
    at[0].revents = (short)ready_for(transfer, at[0].revents);
    return ready;
}

/* Waits once, then reads or writes. */
static int serve(struct mf_transfer *transfer, const struct mf_next *next)
{
    bool room = has_room(transfer);
    bool starved = room && transfer->chunks.starved;
    bool sends = is_sending(transfer), reads = room && !starved;
    struct pollfd at[] = {
        {.fd = transfer->channel->descriptor,
         .events = (short)(transfer->channel->ready != NULL ? POLLOUT : wanted_of(transfer))},
        {.fd = starved ? transfer->reader->descriptor : -1, .events = POLLIN},
    };
    int ready = wait_once(transfer, at, reads || sends), result = GOING_ON;

    if (ready < 0 && ready != MF_STREAM_TIMEOUT)
        return channel_failed(transfer, ready);
    if (at[0].revents & ~POLLOUT)
        return receive(transfer);
    if (sends || at[0].revents & POLLOUT)
        result = send_some(transfer, next);
    if (result == GOING_ON && (reads || at[1].revents != 0))
        result = gather(transfer);
    return result;
}

static int step(struct mf_transfer *transfer)
{
    struct mf_next next = next_of(transfer);
    enum phase phase = phase_of(transfer, &next);
    int result;

    if (transfer->channel->descriptor < 0) /* the progress callback may have closed it */
        return channel_failed(transfer, MF_STREAM_CLOSED);
    if (next.want == MF_DONE)
        return MF_TRANSFER_DONE;
    if (next.want == MF_FAILED)
        return MF_TRANSFER_CONVERSATION;
    if (next.want == MF_SEND && next.image_length + next.padding > 0 && !fits(transfer, &next))
        return MF_TRANSFER_MISUSED;
    if (phase == GATHERING && transfer->chunks.ended)
        return MF_TRANSFER_SOURCE_SHORT;
    enter(transfer, phase, &next);
    result = serve(transfer, &next);
    transfer->now = mf_now_ms(); /* once a turn: on many routers it is a system call */
    return result == GOING_ON ? check_deadline(transfer) : result;
}

enum mf_transfer_result mf_transfer_run(struct mf_transfer *transfer)
{
    int result = GOING_ON;

    transfer->phase = NEW_PHASE;
    transfer->now = mf_now_ms();
    while (result == GOING_ON) {
        result = step(transfer);
        if (result == GOING_ON)
            result = report(transfer, false);
    }
    if (result == MF_TRANSFER_DONE && report(transfer, true) != GOING_ON)
        result = MF_TRANSFER_STOPPED;
    return (enum mf_transfer_result)result;
}

#include "stream/transfer.h"

#include "stream/wait.h"

#include <errno.h>
#include <string.h>

enum {
    READ_SLICE = 32768, /* of the source, between two looks at the port */
    ANSWER = 4096,      /* most bytes of the modem's taken at once */
    BURST = 16          /* most writes between two looks at the source and the modem's answers */
};

/* The loop goes on; every other result ends it. */
enum { GOING_ON = 1 };

/* What the loop waits for at present. Each has its own deadline, counted from its start or from
 * its last sign of life. */
enum phase { NEW_PHASE, RECEIVING, SENDING, GATHERING, FINISHED };

/* --- chunks: the next is read into the place of the bytes of this one that are out ------------ */

static uint8_t *chunk_data(const struct mf_transfer *transfer)
{
    return transfer->buffer + MF_TRANSFER_HEADER;
}

/* How many bytes can be read from the source now. */
static uint32_t room_of(const struct mf_transfer *transfer)
{
    const struct mf_transfer_chunks *chunks = &transfer->chunks;

    if (transfer->reader == NULL || chunks->ended)
        return 0;
    if (chunks->filled < transfer->chunk)
        return transfer->chunk - chunks->filled;
    return chunks->out - chunks->ahead;
}

/* A little room in the middle of a chunk is left to grow, so that reads stay large. */
static bool has_room(const struct mf_transfer *transfer)
{
    uint32_t room = room_of(transfer);

    return room >= READ_SLICE || (room > 0 && transfer->chunks.filled < transfer->chunk);
}

static bool is_gathered(const struct mf_transfer *transfer, const struct mf_qdl_need *need)
{
    return transfer->chunks.filled >= need->image_length;
}

/* The conversation asks for the chunks in order, each once. Anything else would be a mistake in
 * the program, and must not become a wild read. */
static bool fits(const struct mf_transfer *transfer, const struct mf_qdl_need *need)
{
    uint64_t offset = MF_QDL_HEAD + (uint64_t)transfer->chunks.sending * transfer->chunk;

    return transfer->reader != NULL && need->image_offset == offset &&
           need->image_length <= transfer->chunk && need->length <= MF_TRANSFER_HEADER;
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

static void chunk_is_out(struct mf_transfer *transfer)
{
    struct mf_transfer_chunks *chunks = &transfer->chunks;

    if (chunks->filled < transfer->chunk)
        chunks->ended = true; /* a short chunk is the last */
    chunks->filled = chunks->ahead;
    chunks->ahead = chunks->out = 0;
    chunks->sending++;
}

/* --- the port ------------------------------------------------------------------------------ */

static int channel_failed(struct mf_transfer *transfer, ssize_t cause)
{
    transfer->cause = (int)cause;
    return cause == MF_STREAM_INTERRUPTED ? MF_TRANSFER_INTERRUPTED : MF_TRANSFER_CHANNEL;
}

/* Whatever the modem says is the conversation's to judge, also in the middle of a chunk. */
static int receive(struct mf_transfer *transfer)
{
    uint8_t bytes[ANSWER];
    ssize_t count = transfer->channel->read(transfer->channel, bytes, sizeof bytes, 0);

    if (count == MF_STREAM_TIMEOUT)
        return GOING_ON;
    if (count < 0)
        return channel_failed(transfer, count);
    mf_qdl_feed(transfer->qdl, bytes, (size_t)count);
    return GOING_ON;
}

/* A write's header goes out in front of its data, in the same write(2), as the modem's other
 * tools send it. */
static const uint8_t *outgoing(const struct mf_transfer *transfer, const struct mf_qdl_need *need)
{
    uint8_t *start;

    if (need->image_length == 0)
        return need->bytes;
    start = chunk_data(transfer) - need->length;
    memcpy(start, need->bytes, need->length);
    return start;
}

static void all_is_out(struct mf_transfer *transfer, const struct mf_qdl_need *need)
{
    if (need->image_length > 0)
        chunk_is_out(transfer);
    transfer->taken = 0;
    transfer->phase = NEW_PHASE;
    mf_qdl_took(transfer->qdl);
}

static void count_written(struct mf_transfer *transfer, const struct mf_qdl_need *need)
{
    if (need->image_length == 0 || transfer->taken <= need->length)
        return;
    transfer->chunks.out = (uint32_t)(transfer->taken - need->length);
    transfer->written = need->image_offset - MF_QDL_HEAD + (uint64_t)transfer->chunks.out;
}

/* An answer that came just before a hang-up says more than the hang-up. */
static int write_failed(struct mf_transfer *transfer, ssize_t cause)
{
    int result;

    if (cause == MF_STREAM_TIMEOUT)
        return GOING_ON;
    result = cause == MF_STREAM_CLOSED ? receive(transfer) : channel_failed(transfer, cause);
    if (result == GOING_ON && mf_qdl_need(transfer->qdl).want == MF_QDL_SEND)
        return channel_failed(transfer, cause);
    return result;
}

/* One write(2). A short one says that there is no room for more now. */
static ssize_t write_once(struct mf_transfer *transfer, const uint8_t *bytes, size_t left)
{
    size_t wanted = left < transfer->write_size ? left : transfer->write_size;
    ssize_t count = transfer->channel->write(transfer->channel, bytes, wanted, 0);

    if (count < 0)
        return count;
    transfer->taken += (size_t)count;
    transfer->phase = NEW_PHASE;
    return (size_t)count < wanted ? MF_STREAM_TIMEOUT : count;
}

/* Several writes a turn: the kernel calls a serial device writable only when it has sent nearly
 * everything, so one write a turn would leave the line idle in between. */
static int send_some(struct mf_transfer *transfer, const struct mf_qdl_need *need)
{
    const uint8_t *bytes = outgoing(transfer, need);
    size_t length = need->length + need->image_length;
    ssize_t count = 1;
    int writes;

    for (writes = 0; writes < BURST && count > 0 && transfer->taken < length; writes++)
        count = write_once(transfer, bytes + transfer->taken, length - transfer->taken);
    count_written(transfer, need);
    if (transfer->taken == length)
        all_is_out(transfer, need);
    return count < 0 ? write_failed(transfer, count) : GOING_ON;
}

/* --- phases and deadlines -------------------------------------------------------------------- */

static enum phase phase_of(const struct mf_transfer *transfer, const struct mf_qdl_need *need)
{
    if (need->want == MF_QDL_RECEIVE)
        return RECEIVING;
    if (need->want != MF_QDL_SEND)
        return FINISHED;
    return is_gathered(transfer, need) ? SENDING : GATHERING;
}

static void enter(struct mf_transfer *transfer, enum phase phase, const struct mf_qdl_need *need)
{
    int64_t limit = phase == RECEIVING ? (int64_t)need->within_ms
                    : phase == SENDING ? transfer->stall_ms
                                       : transfer->source_ms;

    if (phase == (enum phase)transfer->phase)
        return;
    transfer->phase = phase;
    transfer->deadline = mf_now_ms() + limit;
}

/* Looked at after the descriptors, so that an answer which is there counts, however late this
 * process came to read it. */
static int check_deadline(struct mf_transfer *transfer)
{
    struct mf_qdl_need need = mf_qdl_need(transfer->qdl);
    enum phase phase = phase_of(transfer, &need);

    if (phase != (enum phase)transfer->phase || mf_now_ms() < transfer->deadline)
        return GOING_ON;
    if (phase == SENDING)
        return MF_TRANSFER_STALLED;
    if (phase == GATHERING)
        return MF_TRANSFER_SOURCE_SILENT;
    transfer->phase = NEW_PHASE;
    mf_qdl_timed_out(transfer->qdl);
    return GOING_ON;
}

/* --- the loop -------------------------------------------------------------------------------- */

static int report(struct mf_transfer *transfer, bool at_end)
{
    struct mf_transfer_report *reported = &transfer->reported;
    bool acknowledged = transfer->qdl->sent != reported->acknowledged;
    int64_t now;

    if (transfer->progress == NULL || transfer->reader == NULL)
        return GOING_ON;
    if (!acknowledged && transfer->written == reported->written && !at_end)
        return GOING_ON;
    now = mf_now_ms();
    if (!acknowledged && now - reported->at < MF_TRANSFER_PROGRESS_MS && !at_end)
        return GOING_ON;
    *reported = (struct mf_transfer_report){transfer->written, transfer->qdl->sent, now};
    if (transfer->progress(transfer->context, transfer->written, transfer->qdl->total))
        return GOING_ON;
    return MF_TRANSFER_STOPPED;
}

/* Waits once, and does what became possible. */
static int serve(struct mf_transfer *transfer, const struct mf_qdl_need *need)
{
    bool room = has_room(transfer);
    bool starved = room && transfer->chunks.starved;
    struct pollfd at[] = {
        {.fd = transfer->channel->descriptor,
         .events = transfer->phase == SENDING ? POLLIN | POLLOUT : POLLIN},
        {.fd = starved ? transfer->reader->descriptor : -1, .events = POLLIN},
    };
    bool eager = room && !starved;
    int ready = mf_wait(at, 2, eager ? 0 : transfer->deadline, transfer->interrupt);
    int result = GOING_ON;

    if (ready == MF_STREAM_FAILED)
        transfer->channel->error = errno;
    if (ready < 0 && ready != MF_STREAM_TIMEOUT)
        return channel_failed(transfer, ready);
    if (at[0].revents & ~POLLOUT)
        return receive(transfer);
    if (at[0].revents & POLLOUT)
        result = send_some(transfer, need);
    if (result == GOING_ON && (eager || at[1].revents != 0))
        result = gather(transfer);
    return result;
}

static int step(struct mf_transfer *transfer)
{
    struct mf_qdl_need need = mf_qdl_need(transfer->qdl);
    enum phase phase = phase_of(transfer, &need);
    int result;

    if (transfer->channel->descriptor < 0) /* who is told of what passes may close it, too */
        return channel_failed(transfer, MF_STREAM_CLOSED);
    if (need.want == MF_QDL_DONE)
        return MF_TRANSFER_DONE;
    if (need.want == MF_QDL_FAILED)
        return MF_TRANSFER_QDL;
    if (need.want == MF_QDL_SEND && need.image_length > 0 && !fits(transfer, &need))
        return MF_TRANSFER_MISUSED;
    if (phase == GATHERING && transfer->chunks.ended)
        return MF_TRANSFER_SOURCE_SHORT;
    enter(transfer, phase, &need);
    result = serve(transfer, &need);
    return result == GOING_ON ? check_deadline(transfer) : result;
}

enum mf_transfer_result mf_transfer_run(struct mf_transfer *transfer)
{
    int result = GOING_ON;

    transfer->phase = NEW_PHASE;
    while (result == GOING_ON) {
        result = step(transfer);
        if (result == GOING_ON)
            result = report(transfer, false);
    }
    if (result == MF_TRANSFER_DONE && report(transfer, true) != GOING_ON)
        result = MF_TRANSFER_STOPPED;
    return (enum mf_transfer_result)result;
}

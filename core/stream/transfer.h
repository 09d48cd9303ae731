// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* Carries bytes between a conversation, a channel and a reader: one loop. A chunk is one range of the
 * image, as the conversation sends it. It is read from the source in full before its
 * message begins, so a slow source never leaves the modem in the middle of a message. The next chunk
 * is read while the modem receives and processes this one, into the memory of the bytes that are
 * already written. Memory: one chunk. */
#ifndef MF_STREAM_TRANSFER_H
#define MF_STREAM_TRANSFER_H

#include "stream/stream.h"

#include <stdbool.h>

enum mf_transfer_result {
    MF_TRANSFER_DONE = 0,
    MF_TRANSFER_CONVERSATION = -10,  /* the conversation failed: its fields say why */
    MF_TRANSFER_CHANNEL = -11,       /* the channel failed or hung up: see `cause` */
    MF_TRANSFER_STALLED = -12,       /* the channel took no byte for stall_ms */
    MF_TRANSFER_SOURCE = -13,        /* the reader failed or rejected its bytes: see `cause` */
    MF_TRANSFER_SOURCE_SHORT = -14,  /* the reader ended before the image did */
    MF_TRANSFER_SOURCE_SILENT = -15, /* the reader gave no byte for source_ms */
    MF_TRANSFER_INTERRUPTED = -16,   /* by a signal; running it again continues where it was */
    MF_TRANSFER_STOPPED = -17,       /* by the progress callback; likewise */
    MF_TRANSFER_MISUSED = -18        /* the conversation sends another image or chunk than is set up
                                        here */
};

enum {
    MF_TRANSFER_HEADER = 16,       /* most bytes of a message in front of its image range */
    MF_TRANSFER_PROGRESS_MS = 100, /* least time between reports, unless the modem acknowledges */
    MF_TRANSFER_QUIET_MS =
        500 /* most time between reports after the first, also when nothing flows */
};
/* Bytes of the buffer for chunks of this size. */
#define MF_TRANSFER_BUFFER(chunk) ((size_t)(chunk) + MF_TRANSFER_HEADER)

struct mf_transfer {
    struct mf_conversation *conversation;
    struct mf_channel *channel;
    struct mf_reader
        *reader;         /* at the byte of image offset 0; NULL: an operation without an image */
    uint8_t *buffer;     /* MF_TRANSFER_BUFFER(chunk), the caller's; NULL without a reader */
    uint32_t chunk;      /* length of all image ranges of the conversation but the last */
    uint32_t write_size; /* most bytes of one write(2); independent of the protocol */
    int stall_ms, source_ms;
    int interrupt; /* descriptor, or -1 */
    /* Called after every acknowledgement, every MF_TRANSFER_PROGRESS_MS while bytes flow, every
     * MF_TRANSFER_QUIET_MS while the modem is waited for, and at the end; `written` counts image bytes
     * written to the channel. Returns whether to go on. NULL: no reports. */
    bool (*progress)(void *context, uint64_t written, uint64_t total);
    void *context;
    int cause; /* an mf_stream_result */
    /* the loop's own; zero at the start */
    struct mf_transfer_chunks {
        uint32_t sending; /* the number of the present chunk, from 0 */
        uint32_t filled;  /* bytes of it that were read */
        uint32_t out;     /* bytes of it that are written */
        uint32_t ahead;   /* bytes of the next one that were read, into the memory of these */
        bool starved;     /* the reader had no byte; its descriptor says when it has */
        bool ended;       /* the reader has no more bytes */
    } chunks;
    size_t taken;     /* bytes of the present message that are written */
    int phase;        /* enum phase of transfer.c */
    int64_t deadline; /* of the phase */
    int64_t now;      /* the time after the last call that may have waited */
    uint64_t written;
    struct mf_transfer_report {
        uint64_t written;
        uint64_t acknowledged;
        int64_t at;
    } reported;
};

/* Runs the conversation's present operation to its end. */
enum mf_transfer_result mf_transfer_run(struct mf_transfer *transfer);

#endif

/* Carries bytes between a QDL conversation, a channel and a reader: one poll loop, no threads. A
 * chunk is read from the source in full before its write header is sent, so a source that stalls
 * never leaves the modem inside a write; the next chunk is read while the modem takes and digests
 * the last, into the place of what it has taken. Memory: one chunk. */
#ifndef MF_STREAM_TRANSFER_H
#define MF_STREAM_TRANSFER_H

#include "protocol/qdl.h"
#include "stream/stream.h"

#include <stdbool.h>

enum mf_transfer_result {
    MF_TRANSFER_DONE = 0,
    MF_TRANSFER_QDL = -10,           /* the conversation failed: see qdl->failure */
    MF_TRANSFER_CHANNEL = -11,       /* the port failed or is gone: see `cause` */
    MF_TRANSFER_STALLED = -12,       /* the port took no byte for stall_ms */
    MF_TRANSFER_SOURCE = -13,        /* the reader failed or rejected its bytes: see `cause` */
    MF_TRANSFER_SOURCE_SHORT = -14,  /* the reader ended before the image did */
    MF_TRANSFER_SOURCE_SILENT = -15, /* the reader gave no byte for source_ms */
    MF_TRANSFER_INTERRUPTED = -16,   /* may be run again, and goes on where it was */
    MF_TRANSFER_STOPPED = -17,       /* by the progress callback; may be run again as well */
    MF_TRANSFER_MISUSED = -18        /* the conversation's image is not the one set up here */
};

enum {
    MF_TRANSFER_HEADER = 16,      /* room in front of a chunk for its write header */
    MF_TRANSFER_PROGRESS_MS = 100 /* least time between reports without news from the modem */
};
/* Bytes of the buffer for chunks of this size. */
#define MF_TRANSFER_BUFFER(chunk) ((size_t)(chunk) + MF_TRANSFER_HEADER)

struct mf_transfer {
    struct mf_qdl *qdl;
    struct mf_channel *channel;
    struct mf_reader *reader; /* standing at byte MF_QDL_HEAD of the image; NULL: no image */
    uint8_t *buffer;          /* MF_TRANSFER_BUFFER(chunk), the caller's; NULL without a reader */
    uint32_t chunk;           /* as given to mf_qdl_image */
    uint32_t write_size;      /* most bytes of one write(2); not the protocol's business */
    int stall_ms, source_ms;
    int interrupt; /* descriptor, or -1 */
    /* Told after every acknowledged chunk, every MF_TRANSFER_PROGRESS_MS while bytes flow, and at
     * the end; `written` counts the image's bytes handed to the port after its head. Returns
     * whether to go on. NULL: nobody wants to know. */
    bool (*progress)(void *context, uint64_t written, uint64_t total);
    void *context;
    int cause; /* an mf_stream_result */
    /* the loop's own; zero at the start */
    struct mf_transfer_chunks {
        uint32_t sending; /* the number of the present chunk, from 0 */
        uint32_t filled;  /* bytes of it that were read */
        uint32_t out;     /* bytes of it that the port has */
        uint32_t ahead;   /* bytes of the next one that were read, into the place of these */
        bool starved;     /* the reader had nothing more; its descriptor will tell */
        bool ended;
    } chunks;
    size_t taken;     /* bytes of the present SEND that the port has */
    int phase;        /* what is waited for ... */
    int64_t deadline; /* ... and until when */
    uint64_t written;
    struct mf_transfer_report {
        uint64_t written;
        uint32_t acknowledged;
        int64_t at;
    } reported;
};

/* Runs the errand the conversation was given to its end. */
enum mf_transfer_result mf_transfer_run(struct mf_transfer *transfer);

#endif

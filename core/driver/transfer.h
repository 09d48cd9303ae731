/* Carries bytes between a QDL conversation, a channel and a reader: one poll loop, no threads. A
 * chunk is read from the source in full before its write header is sent, so a source that stalls
 * never leaves the modem inside a write; the next chunk is read while the modem digests the last.
 * Memory: two chunks. */
#ifndef MF_DRIVER_TRANSFER_H
#define MF_DRIVER_TRANSFER_H

#include "driver/stream.h"
#include "protocol/qdl.h"

enum mf_transfer_result {
    MF_TRANSFER_DONE = 0,
    MF_TRANSFER_QDL = -10,           /* the conversation failed: see qdl->failure */
    MF_TRANSFER_CHANNEL = -11,       /* the port failed or is gone: see `cause` */
    MF_TRANSFER_STALLED = -12,       /* the port took no byte for stall_ms */
    MF_TRANSFER_SOURCE = -13,        /* the reader failed or rejected its bytes: see `cause` */
    MF_TRANSFER_SOURCE_SHORT = -14,  /* the reader ended before the image did */
    MF_TRANSFER_SOURCE_SILENT = -15, /* the reader gave no byte for source_ms */
    MF_TRANSFER_INTERRUPTED = -16    /* may be run again, and goes on where it was */
};

struct mf_transfer {
    struct mf_qdl *qdl;
    struct mf_channel *channel;
    struct mf_reader *reader; /* standing at byte MF_QDL_HEAD of the image; NULL: no image */
    uint8_t *buffer;          /* 2 * chunk bytes, owned by the caller; NULL without a reader */
    uint32_t chunk;           /* as given to mf_qdl_image */
    uint32_t write_size;      /* most bytes of one write(2); not the protocol's business */
    int stall_ms, source_ms;
    int interrupt; /* descriptor, or -1 */
    /* Called after every change of qdl->sent and a few times a second while bytes flow; `written`
     * counts image bytes handed to the port. */
    void (*progress)(void *context, uint64_t written, uint64_t total);
    void *context;
    int cause; /* an mf_stream_result */
    /* the loop's own; zero at the start */
    uint32_t filled_offset[2], filled[2];
    int filling;
    uint64_t read_offset;
    size_t taken; /* of the present SEND */
    int64_t deadline;
};

/* Runs the errand the conversation was given to its end. */
enum mf_transfer_result mf_transfer_run(struct mf_transfer *transfer);

#endif

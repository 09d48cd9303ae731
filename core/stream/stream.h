// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* The three interfaces that this layer joins: a channel carries bytes both ways, a reader gives the
 * bytes of an image, a conversation (protocol/conversation.h) is a download protocol. Each is a
 * struct of function pointers. An implementation begins with that struct, so a pointer to the
 * implementation is a pointer to the interface.
 *
 * All times are milliseconds. No function blocks longer than its timeout.
 */
#ifndef MF_STREAM_STREAM_H
#define MF_STREAM_STREAM_H

#include "protocol/conversation.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Why a call moved no bytes. Positive results are always byte counts. */
enum mf_stream_result {
    MF_STREAM_TIMEOUT = -1,     /* no byte within the timeout; the stream stays usable */
    MF_STREAM_CLOSED = -2,      /* hang-up: the other end, or the USB device, is gone */
    MF_STREAM_INTERRUPTED = -3, /* the interrupt descriptor became readable */
    MF_STREAM_FAILED = -4,      /* a system call failed; the `error` field holds errno */
    MF_STREAM_REJECTED = -5     /* reader only: a CRC of the image is wrong; the rest of the bytes
                                   is withheld */
};

/* The rest of the message that is being written: `plain` bytes, then `image` bytes of image data. */
struct mf_unsent {
    size_t plain, image;
};

struct mf_channel {
    /* Reads the bytes that have arrived, at least one and at most `capacity`; waits for the first
     * one up to `timeout_ms` (0: does not wait). Returns the count or an mf_stream_result. */
    ssize_t (*read)(struct mf_channel *self, uint8_t *out, size_t capacity, int timeout_ms);
    /* Writes as many bytes as fit now, at least one and at most `length`; waits for room up to
     * `timeout_ms`. A short count is normal. Returns the count or an mf_stream_result. */
    ssize_t (*write)(struct mf_channel *self, const uint8_t *bytes, size_t length, int timeout_ms);
    /* Writes bytes in a call that may block for some 100 ms, so that the driver gets more of them as soon
     * as it has room. Ends early when bytes can be read or the interrupt descriptor is readable. A
     * short count is normal. Returns the count or an mf_stream_result. NULL: there is only write(). */
    ssize_t (*send)(struct mf_channel *self, const uint8_t *bytes, size_t length);
    /* What can be done now without waiting: POLLIN, POLLOUT. `reported`: the events that poll(2) gave
     * for the descriptor, 0 when it was not asked. The descriptor of such a channel is polled for
     * POLLOUT alone, which means that a transfer has completed. NULL: poll(2) itself tells. */
    int (*ready)(struct mf_channel *self, int reported);
    size_t write_size; /* most bytes that one write takes at once; 0: the caller's choice */
    int descriptor;    /* for poll(2); -1 once closed */
    int error;         /* errno of the last MF_STREAM_FAILED */
    int interrupt;     /* descriptor that ends a wait of read or write, or -1; set by the caller */
    /* Set by a caller of write() that sends image data, for a channel that records what passes (tap).
     * Zero: no image data. */
    struct mf_unsent unsent;
};

enum { MF_STAMP = 128 }; /* bytes of a stamp, with its final 0 */

struct mf_reader {
    /* Reads the next bytes of the image, at least one and at most `capacity`; waits for the first
     * one up to `timeout_ms` (0: does not wait). Returns the count, 0 at the end of the image, or
     * an mf_stream_result. */
    ssize_t (*read)(struct mf_reader *self, uint8_t *out, size_t capacity, int timeout_ms);
    /* Goes back to the first byte. NULL: the source can be read only once. A reader that has this
     * keeps it when it is closed: readers around it have looked. Returns 0 or an mf_stream_result. */
    int (*rewind)(struct mf_reader *self);
    /* Writes a text that changes with every change of the image. Returns whether there is one: not when
     * the image was changed just now, because the time of the next change may be the same. NULL: the
     * source has none. */
    bool (*stamp)(struct mf_reader *self, char out[MF_STAMP]);
    int64_t size;   /* bytes of the whole image, -1 while unknown */
    int descriptor; /* for poll(2); -1: always ready (a file) */
    int error;      /* errno of the last MF_STREAM_FAILED */
    /* The cause of the last MF_STREAM_FAILED where it is no errno: a text of another library or
     * program, in the reader's memory. NULL: see `error`. */
    const char *reason;
};

#endif

/* The two seams between drivers: a channel carries bytes both ways, a reader gives the bytes of
 * an image. Each is a struct of function pointers that its implementation begins with, so a
 * pointer to the implementation is a pointer to the seam.
 *
 * All times are milliseconds. No function here blocks longer than it was told to.
 */
#ifndef MF_STREAM_STREAM_H
#define MF_STREAM_STREAM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Why a call moved no bytes. Positive results are always byte counts. */
enum mf_stream_result {
    MF_STREAM_TIMEOUT = -1,     /* nothing within the time given; the stream is unharmed */
    MF_STREAM_CLOSED = -2,      /* hang-up: the other end, or the USB device, is gone */
    MF_STREAM_INTERRUPTED = -3, /* the interrupt descriptor became readable */
    MF_STREAM_FAILED = -4,      /* the system refused; `error` of the seam holds errno */
    MF_STREAM_REJECTED = -5     /* reader only: the bytes are not what they should be, so the
                                   rest of them is withheld (a CRC that does not match) */
};

struct mf_channel {
    /* Takes what is there, at least one byte and at most `capacity`, waiting for the first byte
     * up to `timeout_ms` (0: do not wait). Returns the count or an mf_stream_result. */
    ssize_t (*read)(struct mf_channel *self, uint8_t *out, size_t capacity, int timeout_ms);
    /* Hands over what fits now, at least one byte and at most `length`, waiting for room up to
     * `timeout_ms`. A short count is normal. Returns the count or an mf_stream_result. */
    ssize_t (*write)(struct mf_channel *self, const uint8_t *bytes, size_t length, int timeout_ms);
    int descriptor; /* for poll(2); -1 once closed */
    int error;      /* errno of the last MF_STREAM_FAILED */
};

struct mf_reader {
    /* Gives the next bytes of the image, at least one and at most `capacity`, waiting for the
     * first up to `timeout_ms` (0: do not wait). Returns the count, 0 at the end of the image, or
     * an mf_stream_result. */
    ssize_t (*read)(struct mf_reader *self, uint8_t *out, size_t capacity, int timeout_ms);
    /* Starts again at the first byte. NULL: the source can be read only once. Returns 0 or
     * an mf_stream_result. */
    int (*rewind)(struct mf_reader *self);
    int64_t size;   /* bytes in all, -1 while unknown */
    int descriptor; /* for poll(2); -1: always ready (a file) */
    int error;      /* errno of the last MF_STREAM_FAILED */
    /* What the last MF_STREAM_FAILED was, for people, when errno cannot tell; the reader's own
     * memory. NULL: errno tells. */
    const char *reason;
};

#endif

/* Image bytes out of a zip archive that another reader gives, from its first byte to its last: no
 * seeking, so a pipe will do; nothing is unpacked to anywhere and little is kept in memory. Names
 * of members are bytes to compare and to show, never paths.
 *
 * libarchive cannot go on after a read that gave nothing, so it is only called when input is there.
 * Where it wants more than is there all the same (in the middle of a member's header), it waits up
 * to `patience_ms`. */
#ifndef MF_DRIVER_ARCHIVE_H
#define MF_DRIVER_ARCHIVE_H

#include "stream/stream.h"

#include <stdbool.h>

struct archive;

enum { MF_ARCHIVE_INPUT = 16384, MF_ARCHIVE_NAME = 255 };

struct mf_archive {
    struct mf_reader reader; /* of the current member */
    struct mf_reader *inner;
    struct archive *handle;
    int patience_ms, interrupt;
    char name[MF_ARCHIVE_NAME + 1]; /* of the current member; characters a terminal would obey,
                                       and the end of a name that is too long, are replaced */
    unsigned ordinal;               /* of the current member, from 1 */
    const uint8_t *block;           /* what libarchive gave and was not read yet */
    size_t block_left;
    int64_t given;     /* bytes of input libarchive got */
    size_t unconsumed; /* of these, what it only counts as used when it is called again */
    int input_failed;  /* an mf_stream_result of `inner` that broke the archive off, or 0 */
    bool opened;       /* libarchive has looked at the beginning */
    bool stored;       /* the current member's data is not compressed */
    bool ended;        /* nothing of it is left */
    char reason[160];
    uint8_t input[MF_ARCHIVE_INPUT];
};

/* `inner` must stand at its first byte and outlive this. Returns 0 or an errno value. */
int mf_archive_init(struct mf_archive *self, struct mf_reader *inner, int patience_ms,
                    int interrupt);
/* Goes to the next member that is a file, past the rest of the present one. Returns 1, 0 after the
 * last one, or an mf_stream_result. */
int mf_archive_next(struct mf_archive *self);
/* Frees all memory; reads fail from now on. Closing twice is harmless. */
void mf_archive_close(struct mf_archive *self);

#endif

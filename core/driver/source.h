/* Image bytes from a file or any other descriptor. A regular file is always ready, of known size
 * and can be read again; anything else is waited for and can be read once. */
#ifndef MF_DRIVER_SOURCE_H
#define MF_DRIVER_SOURCE_H

#include "stream/stream.h"

struct mf_source {
    struct mf_reader reader;
    int file;         /* the descriptor, -1 once closed */
    int64_t start;    /* regular file: where the image begins */
    int64_t position; /* bytes given */
    int interrupt;    /* descriptor watched while waiting, or -1 */
};

/* Opens a path for reading, without waiting for the writer of a FIFO. Returns 0 or an errno value
 * (EISDIR for a folder). `self` is closed when it fails. */
int mf_source_open(struct mf_source *self, const char *path, int interrupt);
/* A source over a duplicate of `descriptor`, from where that stands; the caller keeps its own.
 * `size` may be -1. Returns 0 or an errno value. */
int mf_source_adopt(struct mf_source *self, int descriptor, int64_t size, int interrupt);
/* Reads fail from now on. Closing twice is harmless. */
void mf_source_close(struct mf_source *self);

#endif

/* A file of gzip members, one after the other, that texts are read out of (zlib). */
#ifndef MF_DRIVER_PACKED_H
#define MF_DRIVER_PACKED_H

#include <stddef.h>
#include <sys/types.h>

struct mf_packed;

/* Opens `path` where the text begins: `skip` bytes into what the member at `offset` unpacks to. NULL
 * if that fails. */
struct mf_packed *mf_packed_open(const char *path, size_t offset, size_t skip);

/* Up to `capacity` bytes, less only at the end; -1 for a file that cannot be read or is damaged. */
ssize_t mf_packed_read(struct mf_packed *packed, void *out, size_t capacity);

void mf_packed_close(struct mf_packed *packed);

#endif

#include "driver/packed.h"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

enum { INPUT = 2048 }; /* zlib's own window is 32 KiB besides */

static gzFile open_at(const char *path, size_t offset)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    gzFile file = NULL;

    if (descriptor < 0)
        return NULL;
    if (lseek(descriptor, (off_t)offset, SEEK_SET) >= 0)
        file = gzdopen(descriptor, "rb");
    if (file == NULL)
        close(descriptor);
    return file;
}

struct mf_packed *mf_packed_open(const char *path, size_t offset, size_t skip)
{
    gzFile file = open_at(path, offset);

    if (file == NULL)
        return NULL;
    gzbuffer(file, INPUT);
    if (gzseek(file, (z_off_t)skip, SEEK_SET) >= 0)
        return (struct mf_packed *)file;
    gzclose(file);
    return NULL;
}

ssize_t mf_packed_read(struct mf_packed *packed, void *out, size_t capacity)
{
    return gzread((gzFile)packed, out, (unsigned)capacity);
}

void mf_packed_close(struct mf_packed *packed)
{
    gzclose((gzFile)packed);
}

#include "driver/joined.h"

#include <string.h>

static ssize_t memory_read(struct mf_reader *reader, uint8_t *out, size_t capacity, int timeout_ms)
{
    struct mf_joined *self = (struct mf_joined *)reader;
    size_t left = self->length - self->given;
    size_t count = left < capacity ? left : capacity;

    (void)timeout_ms;
    memcpy(out, self->bytes + self->given, count);
    self->given += count;
    return (ssize_t)count;
}

static int memory_rewind(struct mf_reader *reader)
{
    ((struct mf_joined *)reader)->given = 0;
    return 0;
}

static ssize_t joined_read(struct mf_reader *reader, uint8_t *out, size_t capacity, int timeout_ms)
{
    struct mf_joined *self = (struct mf_joined *)reader;
    ssize_t count;

    if (self->given < self->length)
        return memory_read(reader, out, capacity, timeout_ms);
    count = self->rest->read(self->rest, out, capacity, timeout_ms);
    reader->error = self->rest->error;
    reader->reason = self->rest->reason;
    return count;
}

void mf_joined_init(struct mf_joined *self, const uint8_t *bytes, size_t length,
                    struct mf_reader *rest)
{
    *self = (struct mf_joined){.bytes = bytes, .length = length, .rest = rest};
    self->reader.read = rest != NULL ? joined_read : memory_read;
    self->reader.rewind = rest != NULL ? NULL : memory_rewind;
    self->reader.size = rest != NULL ? rest->size : (int64_t)length;
    self->reader.descriptor = rest != NULL ? rest->descriptor : -1;
}

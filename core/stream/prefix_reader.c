// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

#include "stream/prefix_reader.h"

#include <string.h>

static ssize_t memory_read(struct mf_reader *reader, uint8_t *out, size_t capacity, int timeout_ms)
{
    struct mf_prefix_reader *self = (struct mf_prefix_reader *)reader;
    size_t left = self->length - self->given;
    size_t count = left < capacity ? left : capacity;

    (void)timeout_ms;
    memcpy(out, self->bytes + self->given, count);
    self->given += count;
    return (ssize_t)count;
}

static int memory_rewind(struct mf_reader *reader)
{
    ((struct mf_prefix_reader *)reader)->given = 0;
    return 0;
}

static ssize_t prefix_reader_read(struct mf_reader *reader, uint8_t *out, size_t capacity,
                                  int timeout_ms)
{
    struct mf_prefix_reader *self = (struct mf_prefix_reader *)reader;
    ssize_t count;

    if (self->given < self->length)
        return memory_read(reader, out, capacity, timeout_ms);
    count = self->rest->read(self->rest, out, capacity, timeout_ms);
    reader->error = self->rest->error;
    reader->reason = self->rest->reason;
    return count;
}

void mf_prefix_reader_init(struct mf_prefix_reader *self, const uint8_t *bytes, size_t length,
                           struct mf_reader *rest)
{
    *self = (struct mf_prefix_reader){.bytes = bytes, .length = length, .rest = rest};
    self->reader.read = rest != NULL ? prefix_reader_read : memory_read;
    self->reader.rewind = rest != NULL ? NULL : memory_rewind;
    self->reader.size = rest != NULL ? rest->size : (int64_t)length;
    self->reader.descriptor = rest != NULL ? rest->descriptor : -1;
}

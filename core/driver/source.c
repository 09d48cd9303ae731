// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

#include "driver/source.h"

#include "stream/wait.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    ABOVE_STANDARD_STREAMS = 3,
    SETTLED_S = 3 /* some file systems keep times in steps of 2 s */
};

static ssize_t checked(struct mf_source *self, ssize_t result)
{
    if (result > 0)
        self->position += result;
    if (result >= 0)
        return result;
    self->reader.error = errno;
    return MF_STREAM_FAILED;
}

static ssize_t file_read(struct mf_reader *reader, uint8_t *out, size_t capacity, int timeout_ms)
{
    struct mf_source *self = (struct mf_source *)reader;
    ssize_t result;

    (void)timeout_ms;
    do
        result = pread(self->file, out, capacity, (off_t)(self->start + self->position));
    while (result < 0 && errno == EINTR);
    return checked(self, result);
}

static int file_rewind(struct mf_reader *reader)
{
    ((struct mf_source *)reader)->position = 0;
    return 0;
}

/* poll(2) before each read(2): for a FIFO without a writer yet, read(2) would return 0, as at the end
 * of the image, while poll(2) waits. */
static ssize_t stream_read(struct mf_reader *reader, uint8_t *out, size_t capacity, int timeout_ms)
{
    struct mf_source *self = (struct mf_source *)reader;
    int64_t deadline_ms = mf_now_ms() + timeout_ms;
    ssize_t result;

    do {
        struct pollfd ready = {.fd = self->file, .events = POLLIN};
        int waited = mf_wait(&ready, 1, deadline_ms, self->interrupt);

        if (waited == MF_STREAM_FAILED)
            return checked(self, -1);
        if (waited < 0)
            return waited;
        result = read(self->file, out, capacity);
    } while (result < 0 && (errno == EINTR || errno == EAGAIN));
    return checked(self, result);
}

/* The kernel sets ctime at each change, and no program can set it. */
static bool file_stamp(struct mf_reader *reader, char out[MF_STAMP])
{
    struct mf_source *self = (struct mf_source *)reader;
    struct stat status;
    time_t age;

    if (fstat(self->file, &status) != 0)
        return false;
    age = time(NULL) - status.st_ctim.tv_sec;
    snprintf(out, MF_STAMP, "%ju %ju %jd %jd.%09ld", (uintmax_t)status.st_dev,
             (uintmax_t)status.st_ino, (intmax_t)status.st_size, (intmax_t)status.st_ctim.tv_sec,
             status.st_ctim.tv_nsec);
    return age >= SETTLED_S;
}

static ssize_t closed_read(struct mf_reader *reader, uint8_t *out, size_t capacity, int timeout_ms)
{
    (void)out, (void)capacity, (void)timeout_ms;
    reader->error = EBADF;
    return MF_STREAM_FAILED;
}

static int closed_rewind(struct mf_reader *reader)
{
    reader->error = EBADF;
    return MF_STREAM_FAILED;
}

static void become_file(struct mf_source *self, int64_t end)
{
    off_t start = lseek(self->file, 0, SEEK_CUR);

    self->start = start > 0 ? start : 0;
    self->reader.size = end > self->start ? end - self->start : 0;
    self->reader.read = file_read;
    self->reader.rewind = file_rewind;
    self->reader.stamp = file_stamp;
}

static void become_stream(struct mf_source *self, int64_t size)
{
    self->reader.size = size;
    self->reader.descriptor = self->file;
    self->reader.read = stream_read;
}

/* Takes over an open descriptor. */
static int take_over(struct mf_source *self, int descriptor, int64_t size)
{
    struct stat status;
    int error = 0;

    if (descriptor < 0)
        return errno;
    self->file = descriptor;
    if (fstat(descriptor, &status) < 0)
        error = errno;
    else if (S_ISDIR(status.st_mode))
        error = EISDIR;
    else if (S_ISREG(status.st_mode))
        become_file(self, status.st_size);
    else
        become_stream(self, size);
    if (error != 0)
        mf_source_close(self);
    return error;
}

static void start_closed(struct mf_source *self, int interrupt)
{
    *self = (struct mf_source){.file = -1, .interrupt = interrupt};
    mf_source_close(self);
}

int mf_source_open(struct mf_source *self, const char *path, int interrupt)
{
    start_closed(self, interrupt);
    return take_over(self, open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC), -1);
}

int mf_source_adopt(struct mf_source *self, int descriptor, int64_t size, int interrupt)
{
    start_closed(self, interrupt);
    return take_over(self, fcntl(descriptor, F_DUPFD_CLOEXEC, ABOVE_STANDARD_STREAMS), size);
}

void mf_source_close(struct mf_source *self)
{
    struct mf_reader *reader = &self->reader;

    if (self->file >= 0)
        close(self->file);
    self->file = -1;
    reader->read = closed_read;
    reader->rewind = reader->rewind != NULL ? closed_rewind : NULL;
    reader->stamp = NULL;
    reader->descriptor = -1;
}

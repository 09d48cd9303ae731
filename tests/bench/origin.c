// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

#include "origin.h"

#include "figures.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE_MS = 10000 };

static void fill_pipe(struct origin *origin, const char *path)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0)
        die("pipe");
    origin->cat = fork();
    if (origin->cat == 0) {
        dup2(ends[1], STDOUT_FILENO);
        execlp("cat", "cat", path, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    origin->descriptor = ends[0];
}

static void open_archive(struct origin *origin)
{
    if (mf_archive_init(&origin->archive, &origin->source.reader, PATIENCE_MS, -1) != 0 ||
        mf_archive_next(&origin->archive) != 1)
        die("archive");
    origin->reader = &origin->archive.reader;
    origin->size = (uint32_t)origin->reader->size;
}

void origin_open(struct origin *origin, const char *kind, const char *path)
{
    struct stat status;

    origin->cat = 0;
    if (strcmp(kind, "pipe") == 0)
        fill_pipe(origin, path);
    else
        origin->descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (stat(path, &status) != 0 || origin->descriptor < 0)
        die(path);
    origin->size = (uint32_t)status.st_size;
    if (mf_source_adopt(&origin->source, origin->descriptor, status.st_size, -1) != 0)
        die(path);
    origin->reader = &origin->source.reader;
    if (strcmp(kind, "zip") == 0)
        open_archive(origin);
}

ssize_t origin_read_plainly(struct origin *origin, uint8_t *out, size_t capacity)
{
    if (origin->reader == &origin->archive.reader)
        return origin->reader->read(origin->reader, out, capacity, PATIENCE_MS);
    return read(origin->descriptor, out, capacity);
}

void origin_close(struct origin *origin)
{
    if (origin->reader == &origin->archive.reader)
        mf_archive_close(&origin->archive);
    mf_source_close(&origin->source);
    close(origin->descriptor);
    if (origin->cat > 0)
        waitpid(origin->cat, NULL, 0);
}

// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

#include "driver/fetch.h"

#include "driver/process.h"
#include "stream/wait.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    END_MS = 2000,    /* for the end of a child that has closed its output or was killed */
    MOST_PIECES = 256 /* taken of its standard error at once: a full pipe */
};

/* --- the standard error of the child ----------------------------------------------------------- */

/* Keeps the last bytes: a download program first reports that it connects, then why it fails. */
static void keep_end(struct mf_fetch *self, const char *bytes, size_t length)
{
    size_t kept = MF_FETCH_ERRORS - length;

    if (self->text_length > kept) {
        memmove(self->text, self->text + self->text_length - kept, kept);
        self->text_length = kept;
    }
    memcpy(self->text + self->text_length, bytes, length);
    self->text_length += length;
    self->text[self->text_length] = '\0';
}

/* Reads what has arrived, without waiting, so that the child never waits for us. */
static void read_errors(struct mf_fetch *self)
{
    char bytes[MF_FETCH_ERRORS];
    ssize_t count = 1;

    for (int pieces = 0; count > 0 && pieces < MOST_PIECES; pieces++) {
        count = read(self->errors, bytes, sizeof bytes);
        if (count > 0)
            keep_end(self, bytes, (size_t)count);
    }
}

/* Makes one line of a text: blanks instead of line ends and control characters, none around it. A line that is
 * written over (uclient-fetch's progress) is left out. */
static void make_line(char *text)
{
    size_t length = 0, begin = 0;
    bool rewritten = false;

    for (size_t from = 0; text[from] != '\0'; from++) {
        char byte = text[from];

        if (byte == '\n')
            rewritten = false;
        else if (byte == '\r' && text[from + 1] != '\n')
            rewritten = true;
        if (rewritten)
            length = begin;
        else if (length > 0 || !isspace((unsigned char)byte))
            text[length++] = iscntrl((unsigned char)byte) ? ' ' : byte;
        if (byte == '\n')
            begin = length;
    }
    while (length > 0 && text[length - 1] == ' ')
        length--;
    text[length] = '\0';
}

/* The reason is the standard error of the child, else its exit status, else that this was lost. */
static ssize_t fail(struct mf_fetch *self)
{
    struct mf_reader *reader = &self->source.reader;

    make_line(self->text);
    if (self->text[0] == '\0' && self->status > 0)
        snprintf(self->text, sizeof self->text, "exit status %d", self->status);
    reader->error = ECHILD;
    reader->reason = self->text[0] != '\0' ? self->text : NULL;
    return MF_STREAM_FAILED;
}

/* --- reading --------------------------------------------------------------------------------- */

/* Whether the child has ended. A lost status is -1. */
static bool has_ended(struct mf_fetch *self)
{
    int result;

    if (self->child < 0)
        return true;
    result = mf_wait_process(self->child, mf_now_ms() + END_MS, -1, &self->status);
    if (result == MF_STREAM_FAILED)
        self->status = -1;
    else if (result != 0)
        return false;
    self->child = -1; /* from now on the number may be another process's */
    return true;
}

static ssize_t end(struct mf_fetch *self)
{
    if (!has_ended(self))
        return MF_STREAM_TIMEOUT;
    read_errors(self);
    return self->status == 0 ? 0 : fail(self);
}

static ssize_t fetch_read(struct mf_reader *reader, uint8_t *out, size_t capacity, int timeout_ms)
{
    struct mf_fetch *self = (struct mf_fetch *)reader;
    ssize_t count = self->read_pipe(reader, out, capacity, timeout_ms);

    read_errors(self);
    return count == 0 ? end(self) : count;
}

/* --- starting and closing -------------------------------------------------------------------- */

void mf_fetch_init(struct mf_fetch *self)
{
    *self = (struct mf_fetch){.child = -1, .errors = -1};
    self->source.file = -1;
}

static int start(struct mf_fetch *self, struct mf_spawn *spawn, int interrupt)
{
    int output[2], error;

    if (pipe2(output, O_CLOEXEC) != 0)
        return errno;
    spawn->streams[1] = output[1];
    error = mf_spawn(spawn, &self->child);
    close(output[1]);
    if (error == 0)
        error = mf_source_adopt(&self->source, output[0], -1, interrupt);
    close(output[0]);
    return error;
}

int mf_fetch_start(struct mf_fetch *self, const char *const *argv, const char *const *environment,
                   int interrupt)
{
    struct mf_spawn spawn = {.argv = argv, .environment = environment, .group = true};
    int errors[2], error;

    mf_fetch_init(self);
    if (pipe2(errors, O_CLOEXEC) != 0)
        return errno;
    self->errors = errors[0];
    fcntl(errors[0], F_SETFL, O_NONBLOCK);
    spawn.streams[0] = MF_SPAWN_NULL;
    spawn.streams[2] = errors[1];
    error = start(self, &spawn, interrupt);
    close(errors[1]);
    if (error != 0) {
        mf_fetch_close(self);
        return error;
    }
    self->read_pipe = self->source.reader.read;
    self->source.reader.read = fetch_read;
    return 0;
}

void mf_fetch_close(struct mf_fetch *self)
{
    mf_source_close(&self->source);
    if (self->errors >= 0)
        close(self->errors);
    self->errors = -1;
    if (self->child < 0)
        return;
    kill(-self->child, SIGKILL);
    has_ended(self);
    self->child = -1;
}

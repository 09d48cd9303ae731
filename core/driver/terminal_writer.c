// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

#include "driver/terminal_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

struct mf_terminal_writer {
    int descriptor; /* blocking, of an open file of its own */
    int watched;    /* non-blocking: the terminal's other descriptor, for its bytes */
    int wake[2];    /* pipe: its end ends the thread's poll(2) */
    bool has_thread;
    pthread_t thread;
    pthread_mutex_t lock; /* of all that follows */
    pthread_cond_t begun; /* a write has, or the writer closes */
    int interrupt;
    bool is_writing, was_ended, is_closing;
};

static void set_blocking(const struct mf_terminal_writer *writer, bool blocks)
{
    (void)fcntl(writer->descriptor, F_SETFL, blocks ? 0 : O_NONBLOCK);
}

/* --- the thread ------------------------------------------------------------------------------ */

/* A write that waits for room looks at O_NONBLOCK when it is woken, and starting the output wakes it. */
static void end_write(struct mf_terminal_writer *writer)
{
    writer->was_ended = true;
    set_blocking(writer, false);
    (void)tcflow(writer->descriptor, TCOOFF);
    (void)tcflow(writer->descriptor, TCOON);
}

/* Waits for a write that was not ended yet. Returns false when the writer closes. */
static bool await_write(struct mf_terminal_writer *writer)
{
    while ((!writer->is_writing || writer->was_ended) && !writer->is_closing)
        pthread_cond_wait(&writer->begun, &writer->lock);
    return !writer->is_closing;
}

/* Many writes may begin and end during one poll(2); the one that is under way after it is ended. */
static void *watch(void *argument)
{
    struct mf_terminal_writer *writer = argument;

    pthread_mutex_lock(&writer->lock);
    while (await_write(writer)) {
        struct pollfd events[] = {{.fd = writer->watched, .events = POLLIN},
                                  {.fd = writer->interrupt, .events = POLLIN},
                                  {.fd = writer->wake[0], .events = POLLIN}};

        pthread_mutex_unlock(&writer->lock);
        (void)poll(events, sizeof events / sizeof *events, MF_TERMINAL_WRITER_MS);
        pthread_mutex_lock(&writer->lock);
        if (writer->is_writing)
            end_write(writer);
    }
    pthread_mutex_unlock(&writer->lock);
    return NULL;
}

/* Signals are for the threads of the host program. Returns 0 or an errno. */
static int start_thread(struct mf_terminal_writer *writer)
{
    sigset_t all, before;
    int error;

    if (writer->has_thread)
        return 0;
    if (pipe2(writer->wake, O_CLOEXEC) != 0)
        return errno;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    error = pthread_create(&writer->thread, NULL, watch, writer);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    writer->has_thread = error == 0;
    if (error != 0) {
        close(writer->wake[0]);
        close(writer->wake[1]);
    }
    return error;
}

static void end_thread(struct mf_terminal_writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    writer->is_closing = true;
    pthread_cond_signal(&writer->begun);
    pthread_mutex_unlock(&writer->lock);
    close(writer->wake[1]);
    pthread_join(writer->thread, NULL);
    close(writer->wake[0]);
    writer->has_thread = false;
}

/* --- writes ---------------------------------------------------------------------------------- */

static void begin(struct mf_terminal_writer *writer, int interrupt)
{
    pthread_mutex_lock(&writer->lock);
    writer->interrupt = interrupt;
    writer->is_writing = true;
    pthread_cond_signal(&writer->begun);
    pthread_mutex_unlock(&writer->lock);
}

static void finish(struct mf_terminal_writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    if (writer->was_ended)
        set_blocking(writer, true);
    writer->is_writing = writer->was_ended = false;
    pthread_mutex_unlock(&writer->lock);
}

/* Without a thread: one write that does not block, when there is room. */
static ssize_t write_when_ready(const struct mf_terminal_writer *writer, const uint8_t *bytes,
                                size_t length)
{
    struct pollfd events = {.fd = writer->descriptor, .events = POLLIN | POLLOUT};

    (void)poll(&events, 1, MF_TERMINAL_WRITER_MS);
    set_blocking(writer, false);
    return write(writer->descriptor, bytes, length);
}

ssize_t mf_terminal_writer_write(struct mf_terminal_writer *writer, const uint8_t *bytes,
                                 size_t length, int interrupt)
{
    ssize_t count;
    int error;

    if (start_thread(writer) != 0)
        return write_when_ready(writer, bytes, length);
    begin(writer, interrupt);
    count = write(writer->descriptor, bytes, length);
    error = errno;
    finish(writer);
    errno = error;
    return count;
}

/* --- opening and closing ---------------------------------------------------------------------- */

/* O_NONBLOCK: the open does not wait for a carrier. */
static int open_again(int terminal)
{
    char path[sizeof "/proc/self/fd/" + 16];

    snprintf(path, sizeof path, "/proc/self/fd/%d", terminal);
    return open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
}

struct mf_terminal_writer *mf_terminal_writer_open(int watched)
{
    struct mf_terminal_writer *writer = calloc(1, sizeof *writer);

    if (writer == NULL)
        return NULL;
    writer->watched = watched;
    writer->descriptor = open_again(watched);
    if (writer->descriptor < 0) {
        free(writer);
        return NULL;
    }
    set_blocking(writer, true);
    pthread_mutex_init(&writer->lock, NULL);
    pthread_cond_init(&writer->begun, NULL);
    return writer;
}

void mf_terminal_writer_close(struct mf_terminal_writer *writer)
{
    if (writer == NULL)
        return;
    if (writer->has_thread)
        end_thread(writer);
    pthread_cond_destroy(&writer->begun);
    pthread_mutex_destroy(&writer->lock);
    close(writer->descriptor);
    free(writer);
}

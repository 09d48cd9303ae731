// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

#include "driver/process.h"

#include "stream/stream.h"
#include "stream/wait.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STREAMS = 3, SIGNALLED = 128, POLL_MS = 10 };

/* --- starting: posix_spawn of glibc and musl copies no memory and returns the errno of exec ------ */

/* A copy of a descriptor above the standard ones, so that no dup2 in the child replaces one that is
 * still needed. -1 and errno when it cannot be had. */
static int copy_above(int descriptor)
{
    return fcntl(descriptor, F_DUPFD_CLOEXEC, STREAMS);
}

/* In a process with a closed standard stream open() returns the number of that one. */
static int open_null(void)
{
    int low = open("/dev/null", O_RDWR | O_CLOEXEC), copy;

    if (low < 0)
        return -1;
    copy = copy_above(low);
    close(low);
    return copy;
}

/* Clears O_NONBLOCK, which belongs to the open file and so to the child's copy, too. */
static int make_blocking(int descriptor)
{
    int flags = fcntl(descriptor, F_GETFL);

    if (flags < 0)
        return -1;
    return (flags & O_NONBLOCK) != 0 ? fcntl(descriptor, F_SETFL, flags & ~O_NONBLOCK) : 0;
}

static int add_streams(const struct mf_spawn *spawn, posix_spawn_file_actions_t *actions,
                       int *copies)
{
    for (int i = 0; i < STREAMS; i++) {
        int error;

        if (spawn->streams[i] == MF_SPAWN_INHERIT)
            continue;
        copies[i] =
            spawn->streams[i] == MF_SPAWN_NULL ? open_null() : copy_above(spawn->streams[i]);
        if (copies[i] < 0 || make_blocking(copies[i]) != 0)
            return errno;
        error = posix_spawn_file_actions_adddup2(actions, copies[i], i);
        if (error != 0)
            return error;
    }
    return 0;
}

/* Closes all other descriptors in the child, also those of the host program: the child may outlive this
 * process. Without /proc the child keeps them. */
static int close_others(posix_spawn_file_actions_t *actions)
{
    DIR *folder = opendir("/proc/self/fd");
    const struct dirent *entry;
    int error = 0;

    while (folder != NULL && error == 0 && (entry = readdir(folder)) != NULL) {
        int descriptor = (int)strtol(entry->d_name, NULL, 10), flags = fcntl(descriptor, F_GETFD);

        if (descriptor >= STREAMS && flags >= 0 && (flags & FD_CLOEXEC) == 0)
            error = posix_spawn_file_actions_addclose(actions, descriptor);
    }
    if (folder != NULL)
        closedir(folder);
    return error;
}

static int set_attributes(posix_spawnattr_t *attributes, bool group)
{
    short flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
    sigset_t none, all;

    sigemptyset(&none);
    sigfillset(&all);
    if (group)
        flags |= POSIX_SPAWN_SETPGROUP; /* group 0: its own */
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &all);
    return posix_spawnattr_setflags(attributes, flags);
}

/* posix_spawn takes pointers to char for historical reasons, and changes no string. */
static char *const *unqualified(const char *const *strings)
{
    char *const *same;

    memcpy(&same, &strings, sizeof same);
    return same;
}

static int start(const struct mf_spawn *spawn, const posix_spawn_file_actions_t *actions,
                 pid_t *pid)
{
    posix_spawnattr_t attributes;
    int error = posix_spawnattr_init(&attributes);

    if (error != 0)
        return error;
    error = set_attributes(&attributes, spawn->group);
    if (error == 0)
        error = posix_spawnp(pid, spawn->argv[0], actions, &attributes, unqualified(spawn->argv),
                             unqualified(spawn->environment));
    posix_spawnattr_destroy(&attributes);
    return error;
}

int mf_spawn(const struct mf_spawn *spawn, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    int copies[STREAMS] = {-1, -1, -1};
    int error = posix_spawn_file_actions_init(&actions);

    if (error != 0)
        return error;
    error = add_streams(spawn, &actions, copies);
    if (error == 0)
        error = close_others(&actions);
    if (error == 0)
        error = start(spawn, &actions, pid);
    posix_spawn_file_actions_destroy(&actions);
    for (int i = 0; i < STREAMS; i++)
        if (copies[i] >= 0)
            close(copies[i]);
    return error;
}

/* --- waiting --------------------------------------------------------------------------------- */

/* Takes the status of the child. Returns 1, 0 while it runs, or -1 and errno. */
static int collect(pid_t pid, int *status)
{
    int seen;
    pid_t result;

    do
        result = waitpid(pid, &seen, WNOHANG);
    while (result < 0 && errno == EINTR);
    if (result <= 0)
        return (int)result;
    *status = WIFSIGNALED(seen) ? SIGNALLED + WTERMSIG(seen) : WEXITSTATUS(seen);
    return 1;
}

/* A descriptor that becomes readable when the process ends, or -1 (Linux before 5.3). */
static int open_pidfd(pid_t pid)
{
#ifdef SYS_pidfd_open
    return (int)syscall(SYS_pidfd_open, pid, 0);
#else
    (void)pid;
    return -1;
#endif
}

/* With a pidfd waits for the end of the child; without, waits 10 ms. */
static int wait_sign(int pidfd, int64_t deadline_ms, int interrupt)
{
    struct pollfd one = {.fd = pidfd, .events = POLLIN};
    int64_t moment = mf_now_ms() + POLL_MS;

    if (pidfd >= 0)
        return mf_wait(&one, 1, deadline_ms, interrupt);
    return mf_wait(NULL, 0, moment < deadline_ms ? moment : deadline_ms, interrupt);
}

static int wait_for_end(pid_t pid, int pidfd, int64_t deadline_ms, int interrupt, int *status)
{
    for (;;) {
        int ended = collect(pid, status);
        int seen;

        if (ended != 0)
            return ended > 0 ? 0 : MF_STREAM_FAILED;
        if (mf_now_ms() >= deadline_ms)
            return MF_STREAM_TIMEOUT;
        seen = wait_sign(pidfd, deadline_ms, interrupt);
        if (seen < 0 && seen != MF_STREAM_TIMEOUT)
            return seen;
    }
}

int mf_wait_process(pid_t pid, int64_t deadline_ms, int interrupt, int *status)
{
    int pidfd = open_pidfd(pid);
    int result = wait_for_end(pid, pidfd, deadline_ms, interrupt, status);
    int error = errno;

    if (pidfd >= 0)
        close(pidfd);
    errno = error;
    return result;
}

// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* Child processes: exec with an argv, never a shell. */
#ifndef MF_DRIVER_PROCESS_H
#define MF_DRIVER_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { MF_SPAWN_INHERIT = -1, MF_SPAWN_NULL = -2 };

struct mf_spawn {
    const char *const *argv;        /* argv[0] is searched in PATH when it has no slash */
    const char *const *environment; /* "NAME=VALUE", ends with NULL */
    int streams[3]; /* standard input, output and error: a descriptor or MF_SPAWN_* */
    bool group;     /* with its own process group, for kill(-pid) */
};

/* Starts a program with default signal handlers and an empty signal mask. It inherits only the three
 * streams, in blocking mode, as programs expect. Returns 0 when the program runs, else an errno value,
 * also that of exec. */
int mf_spawn(const struct mf_spawn *spawn, pid_t *pid);

/* Waits for the end of a child. Its status is the exit status, or 128 + the signal that ended it.
 * Returns 0 or an mf_stream_result: TIMEOUT, INTERRUPTED, or FAILED with errno. ECHILD: the child has
 * ended and its status is lost (SIGCHLD is ignored, or the host program took the status); its
 * process id may be another process's by now. */
int mf_wait_process(pid_t pid, int64_t deadline_ms, int interrupt, int *status);

#endif

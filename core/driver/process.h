/* Child processes: exec with an argv, never a shell. */
#ifndef MF_DRIVER_PROCESS_H
#define MF_DRIVER_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { MF_SPAWN_INHERIT = -1, MF_SPAWN_NULL = -2 };

struct mf_spawn {
    char *const *argv;        /* argv[0] is looked for in PATH when it has no slash */
    char *const *environment; /* "NAME=VALUE", ends with NULL */
    int streams[3];           /* standard input, output and error: a descriptor or MF_SPAWN_* */
    bool group;               /* in a process group of its own, for kill(-pid) */
};

/* Starts a program with default signal dispositions and an empty mask; of our descriptors it gets
 * the three streams alone, in blocking mode as programs expect. Returns 0 when the program runs,
 * else the errno of what refused it, exec included. */
int mf_spawn(const struct mf_spawn *spawn, pid_t *pid);

/* Waits for the end of a child. Its status is the exit status, or 128 + the signal that ended it.
 * Returns 0 or an mf_stream_result: TIMEOUT, INTERRUPTED, or FAILED with errno. ECHILD: the child has
 * ended and its status is lost (SIGCHLD is ignored, or the host program took the status); its
 * process id may be another process's by now. */
int mf_wait_process(pid_t pid, int64_t deadline_ms, int interrupt, int *status);

#endif

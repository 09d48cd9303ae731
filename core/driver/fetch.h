/* Image bytes from the standard output of a program that fetches them: a source whose other end is
 * a child, in a process group of its own. Its end counts only when the child says that all went
 * well; what the child wrote to its standard error is the reason when it does not. */
#ifndef MF_DRIVER_FETCH_H
#define MF_DRIVER_FETCH_H

#include "driver/source.h"

enum { MF_FETCH_WORDS = 256 };

struct mf_fetch {
    struct mf_source source;
    ssize_t (*read_pipe)(struct mf_reader *self, uint8_t *out, size_t capacity, int timeout_ms);
    pid_t child;                   /* -1 once it has ended and was waited for */
    int status;                    /* of the ended child */
    int errors;                    /* its standard error; -1 once closed */
    char said[MF_FETCH_WORDS + 1]; /* the end of what came from there */
    size_t said_length;
    char reason[MF_FETCH_WORDS + 32];
};

/* Makes it closed, so that mf_fetch_close is harmless. */
void mf_fetch_init(struct mf_fetch *self);
/* Starts a program; argv and environment as for mf_spawn. Returns 0 or an errno value, ENOENT when
 * there is no such program. */
int mf_fetch_start(struct mf_fetch *self, char *const *argv, char *const *environment,
                   int interrupt);
/* Kills the child and what it started, if they still run. Closing twice is harmless. */
void mf_fetch_close(struct mf_fetch *self);

#endif

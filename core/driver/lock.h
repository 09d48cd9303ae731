/* A lock that dies with its holder: flock(2) on a file that says who that is. */
#ifndef MF_DRIVER_LOCK_H
#define MF_DRIVER_LOCK_H

#include <stddef.h>

/* Takes the lock file at `path`, making it and the folders above as needed; a link is not
 * followed. Returns 0 and the descriptor that is the lock, or an errno; EWOULDBLOCK when it is
 * held, with the holder's text ("pid 71: moonflash update ...") as a string in `holder`. A `role` that is
 * not empty is told, too ("pid 71 asks: moonflash status"). */
int mf_lock(const char *path, const char *role, int *descriptor, char *holder, size_t capacity);

/* Gives the lock back. The file stays, empty: removing it would race with the next holder. */
void mf_unlock(int descriptor);

#endif

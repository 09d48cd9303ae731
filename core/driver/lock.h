// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* A lock between processes that ends with its holder: flock(2) on a file that names the holder. */
#ifndef MF_DRIVER_LOCK_H
#define MF_DRIVER_LOCK_H

#include <stddef.h>

/* Locks the file at `path`. Creates the file, for its owner and the group, and its parent folders.
 * Does not follow a link. Returns 0 and the locked descriptor, or an errno value. With EWOULDBLOCK,
 * `holder` has the text of the holder: "pid 71: moonflash update ...", or "pid 71 ROLE: moonflash ..."
 * if `role` is not empty. */
int mf_lock(const char *path, const char *role, int *descriptor, char *holder, size_t capacity);

/* Unlocks. The empty file stays: its removal would race with the next holder. */
void mf_unlock(int descriptor);

#endif

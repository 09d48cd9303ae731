// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

#include "driver/lock.h"

#include "driver/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_TEXT = 256, MODE = 0660 };

static int make_folder_of(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');

    if (slash == NULL || slash == path)
        return 0;
    if ((size_t)(slash - path) >= sizeof folder)
        return ENAMETOOLONG;
    memcpy(folder, path, (size_t)(slash - path));
    folder[slash - path] = '\0';
    return mf_make_folder(folder);
}

/* Whether a lock may be an open file: a regular file without a second name, because a user who may
 * write to the folder could have linked a file of somebody else, whose bytes the lock would replace. */
static int is_lock_file(int descriptor, struct stat *seen)
{
    return fstat(descriptor, seen) == 0 && S_ISREG(seen->st_mode) && seen->st_nlink == 1;
}

/* A descriptor of the file at `path`, or -1 and errno. Read permission is enough to lock a file, so
 * only its owner and its group have it: the group of the folder may be one of users who share locks.
 * The owner sets the mode, because open(2) applies the umask. */
static int open_file(const char *path)
{
    int flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    int descriptor = open(path, flags, MODE);
    struct stat seen;

    if (descriptor < 0)
        return -1;
    if (is_lock_file(descriptor, &seen) &&
        (seen.st_uid != geteuid() || fchmod(descriptor, MODE) == 0))
        return descriptor;
    close(descriptor);
    errno = EINVAL;
    return -1;
}

/* Reads up to capacity - 1 bytes and makes one printable line of them. */
static void read_line(int descriptor, char *out, size_t capacity)
{
    ssize_t length = read(descriptor, out, capacity - 1);

    out[length > 0 ? length : 0] = '\0';
    for (char *at = out; *at != '\0'; at++)
        if (*at == '\n' && at[1] == '\0')
            *at = '\0';
        else if (*at < ' ' || *at > '~')
            *at = '?';
}

/* The command line of this process with blanks between the arguments, cut off at capacity - 1 bytes. */
static void own_command(char *out, size_t capacity)
{
    int descriptor = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    ssize_t length = descriptor < 0 ? 0 : read(descriptor, out, capacity - 1);

    if (descriptor >= 0)
        close(descriptor);
    if (length < 0)
        length = 0;
    while (length > 0 && out[length - 1] == '\0')
        length--;
    for (ssize_t i = 0; i < length; i++)
        if (out[i] == '\0')
            out[i] = ' ';
    out[length] = '\0';
}

/* The text is only for messages: the lock holds even when it cannot be written. */
static void write_holder(int descriptor, const char *role)
{
    char command[MOST_TEXT - 32];

    own_command(command, sizeof command);
    if (ftruncate(descriptor, 0) == 0)
        dprintf(descriptor, "pid %d%s%s: %s\n", (int)getpid(), *role == '\0' ? "" : " ", role,
                command);
}

/* Locks an open file, or reads the text of its holder. */
static int take(int file, const char *role, char *holder, size_t capacity)
{
    int error;

    if (flock(file, LOCK_EX | LOCK_NB) == 0) {
        write_holder(file, role);
        return 0;
    }
    error = errno;
    read_line(file, holder, capacity);
    return error;
}

int mf_lock(const char *path, const char *role, int *descriptor, char *holder, size_t capacity)
{
    int error = make_folder_of(path);
    int file;

    if (error != 0)
        return error;
    file = open_file(path);
    if (file < 0)
        return errno;
    error = take(file, role, holder, capacity);
    if (error == 0)
        *descriptor = file;
    else
        close(file);
    return error;
}

void mf_unlock(int descriptor)
{
    int ignored = ftruncate(descriptor, 0);

    (void)ignored; /* the text of a free lock is never shown */
    close(descriptor);
}

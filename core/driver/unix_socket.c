// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

#include "driver/unix_socket.h"

#include "stream/stream.h"
#include "stream/wait.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { RETRY_MS = 5 };

typedef int (*attach)(int, const struct sockaddr *, socklen_t);

/* Opens the folder part of a path: up to the last slash; "." without one. */
static int open_folder(const char *path, const char *slash)
{
    char folder[PATH_MAX];
    size_t length = slash == NULL ? 0 : (size_t)(slash - path) + 1;

    if (length >= sizeof folder) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(folder, path, length);
    folder[length] = '\0';
    return open(length == 0 ? "." : folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* Uses /proc/self/fd/FOLDER/NAME, which is short for every folder. */
static int attach_long(int socket, const char *path, attach call)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *slash = strrchr(path, '/');
    int folder = open_folder(path, slash);
    int length, error, result = -1;

    if (folder < 0)
        return -1;
    length = snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", folder,
                      slash == NULL ? path : slash + 1);
    if (length < (int)sizeof address.sun_path)
        result = call(socket, (const struct sockaddr *)&address, sizeof address);
    else
        errno = ENAMETOOLONG;
    error = errno;
    close(folder);
    errno = error;
    return result;
}

static int attach_path(int socket, const char *path, attach call)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);

    if (length == 0) { /* the kernel would choose an address */
        errno = ENOENT;
        return -1;
    }
    if (length >= sizeof address.sun_path)
        return attach_long(socket, path, call);
    memcpy(address.sun_path, path, length);
    return call(socket, (const struct sockaddr *)&address, sizeof address);
}

/* With the family alone Linux chooses an abstract address, so that a peer can answer. */
static int bind_anywhere(int descriptor)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    return bind(descriptor, (const struct sockaddr *)&address, sizeof address.sun_family);
}

static int close_keeping_errno(int descriptor)
{
    int error = errno;

    close(descriptor);
    errno = error;
    return -1;
}

static int new_socket(int type)
{
    return socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

int mf_datagram_bind(const char *path)
{
    int descriptor = new_socket(SOCK_DGRAM);

    if (descriptor >= 0 && attach_path(descriptor, path, bind) != 0)
        return close_keeping_errno(descriptor);
    return descriptor;
}

int mf_datagram_connect(const char *path)
{
    int descriptor = new_socket(SOCK_DGRAM);

    if (descriptor >= 0 &&
        (bind_anywhere(descriptor) != 0 || attach_path(descriptor, path, connect) != 0))
        return close_keeping_errno(descriptor);
    return descriptor;
}

/* With a full backlog connect(2) answers EAGAIN, and poll(2) does not tell when there is room. */
static int connect_stream(int descriptor, const char *path, int64_t deadline_ms, int interrupt)
{
    while (attach_path(descriptor, path, connect) != 0) {
        if (errno != EAGAIN)
            return -1;
        if (mf_now_ms() >= deadline_ms) {
            errno = ETIMEDOUT;
            return -1;
        }
        if (mf_wait(NULL, 0, mf_now_ms() + RETRY_MS, interrupt) == MF_STREAM_INTERRUPTED) {
            errno = EINTR;
            return -1;
        }
    }
    return 0;
}

int mf_stream_connect(const char *path, int timeout_ms, int interrupt)
{
    int descriptor = new_socket(SOCK_STREAM);

    if (descriptor >= 0 &&
        connect_stream(descriptor, path, mf_now_ms() + timeout_ms, interrupt) != 0)
        return close_keeping_errno(descriptor);
    return descriptor;
}

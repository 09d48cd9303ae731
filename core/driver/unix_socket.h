// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* Unix sockets by a path of any length: sun_path ends at 108 bytes, and a simulator's root may be
 * longer. Not a driver: sys, uevent and port share it. Descriptors are non-blocking and close-on-exec;
 * every function returns one, or -1 and errno. */
#ifndef MF_DRIVER_UNIX_SOCKET_H
#define MF_DRIVER_UNIX_SOCKET_H

/* A datagram socket bound to `path`, which must not exist. */
int mf_datagram_bind(const char *path);

/* A datagram socket connected to `path`, with an address of its own: the other end can answer. */
int mf_datagram_connect(const char *path);

/* A stream socket connected to `path`. Waits up to `timeout_ms` for room in the listener's backlog;
 * ETIMEDOUT after that, EINTR when the descriptor `interrupt` (-1: none) becomes readable. */
int mf_stream_connect(const char *path, int timeout_ms, int interrupt);

#endif

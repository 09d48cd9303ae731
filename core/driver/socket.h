// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* Stream sockets of the simulator's USB/IP. Descriptors are non-blocking and close-on-exec; every
 * function returns 0, or -1 and errno. */
#ifndef MF_DRIVER_SOCKET_H
#define MF_DRIVER_SOCKET_H

/* Two connected sockets. */
int mf_socket_pair(int ends[2]);

/* Listens on a TCP port of all addresses; `*port` 0: any free one, which it is set to. */
int mf_socket_listen(int *port, int *descriptor);

/* Takes a connection, which sends small packets at once. EAGAIN: there is none. */
int mf_socket_accept(int listener, int *descriptor);

#endif

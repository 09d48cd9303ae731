// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

#include "driver/socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 8 };

int mf_socket_pair(int ends[2])
{
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends);
}

/* The port comes right behind the family in both kinds of address. */
static int bind_and_listen(int descriptor, struct sockaddr *address, socklen_t length, int *port)
{
    struct sockaddr_in6 bound = {.sin6_port = 0};
    socklen_t bound_length = sizeof bound;
    int on = 1;

    if (setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(descriptor, address, length) != 0 || listen(descriptor, BACKLOG) != 0 ||
        getsockname(descriptor, (struct sockaddr *)&bound, &bound_length) != 0)
        return -1;
    *port = ntohs(bound.sin6_port);
    return 0;
}

static int listen_on(struct sockaddr *address, socklen_t length, int *port, int *descriptor)
{
    int error;

    *descriptor = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (*descriptor < 0)
        return -1;
    if (bind_and_listen(*descriptor, address, length, port) == 0)
        return 0;
    error = errno;
    close(*descriptor);
    errno = error;
    return -1;
}

/* An IPv6 socket takes IPv4, too. A kernel without IPv6 has EAFNOSUPPORT, one with it switched off
 * EADDRNOTAVAIL. */
int mf_socket_listen(int *port, int *descriptor)
{
    struct sockaddr_in6 any6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)*port)};
    struct sockaddr_in any4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)*port)};

    if (listen_on((struct sockaddr *)&any6, sizeof any6, port, descriptor) == 0)
        return 0;
    if (errno != EAFNOSUPPORT && errno != EADDRNOTAVAIL)
        return -1;
    return listen_on((struct sockaddr *)&any4, sizeof any4, port, descriptor);
}

int mf_socket_accept(int listener, int *descriptor)
{
    int on = 1;

    *descriptor = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (*descriptor < 0)
        return -1;
    setsockopt(*descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return 0;
}

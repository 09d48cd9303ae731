// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* Stream sockets of the simulator: a pair, and a TCP port that takes IPv4. */
#include "check.h"
#include "driver/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PATIENCE_MS = 10000 };

static void check_flags(int descriptor)
{
    CHECK((fcntl(descriptor, F_GETFL) & O_NONBLOCK) != 0);
    CHECK((fcntl(descriptor, F_GETFD) & FD_CLOEXEC) != 0);
}

static int has_bytes(int descriptor)
{
    struct pollfd one = {.fd = descriptor, .events = POLLIN};

    return poll(&one, 1, PATIENCE_MS) == 1;
}

/* One byte from one end to the other. */
static void check_connected(int from, int to)
{
    char byte = 0;

    CHECK_EQUAL(write(from, "x", 1), 1);
    CHECK(has_bytes(to));
    CHECK_EQUAL(read(to, &byte, 1), 1);
    CHECK_EQUAL(byte, 'x');
}

static void test_a_pair_is_connected_both_ways(void)
{
    int ends[2];

    CHECK_EQUAL(mf_socket_pair(ends), 0);
    check_connected(ends[0], ends[1]);
    check_connected(ends[1], ends[0]);
    check_flags(ends[0]);
    check_flags(ends[1]);
    close(ends[0]);
    close(ends[1]);
}

static int connect_to(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK_EQUAL(connect(descriptor, (struct sockaddr *)&address, sizeof address), 0);
    return descriptor;
}

static void test_a_free_port_takes_connections(void)
{
    int port = 0, listener = -1, own = -1, other;

    CHECK_EQUAL(mf_socket_listen(&port, &listener), 0);
    CHECK(port > 0);
    check_flags(listener);
    CHECK_EQUAL(mf_socket_accept(listener, &own), -1);
    CHECK_EQUAL(errno, EAGAIN);
    other = connect_to(port);
    CHECK(has_bytes(listener));
    CHECK_EQUAL(mf_socket_accept(listener, &own), 0);
    check_connected(own, other);
    check_connected(other, own);
    check_flags(own);
    close(own);
    close(other);
    close(listener);
}

static void test_a_port_is_taken_once(void)
{
    int port = 0, listener = -1, second = -1;

    CHECK_EQUAL(mf_socket_listen(&port, &listener), 0);
    CHECK_EQUAL(mf_socket_listen(&port, &second), -1);
    CHECK_EQUAL(errno, EADDRINUSE);
    close(listener);
}

int main(void)
{
    test_a_pair_is_connected_both_ways();
    test_a_free_port_takes_connections();
    test_a_port_is_taken_once();
    return check_result();
}

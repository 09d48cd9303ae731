// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* A web server for tests: gives the files of a folder on a port of its own choosing, which it prints.
 * What goes wrong is asked for in the URL:
 *
 *   /a.cwe?stall=N    nothing comes after N bytes, for ever
 *   /a.cwe?cut=N      the connection ends after N bytes
 *   /a.cwe?flip=N     the byte at N is another one
 *   /a.cwe?pause=MS   a pause before every MiB
 *   &from=K&until=L   only from the K-th request to the L-th
 *
 * Ends with its standard input. */
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 1 << 20, NOWHERE = -1 };

static long parameter(const char *query, const char *name)
{
    char wanted[16];
    const char *at;

    snprintf(wanted, sizeof wanted, "%s=", name);
    at = query != NULL ? strstr(query, wanted) : NULL;
    return at != NULL ? atol(at + strlen(wanted)) : NOWHERE;
}

static void send_all(int to, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t count = write(to, bytes, length);

        if (count <= 0)
            exit(1);
        bytes += count;
        length -= (size_t)count;
    }
}

static void fail(int to)
{
    static const char answer[] = "HTTP/1.0 404 Not Found\r\nContent-Length: 0\r\n\r\n";

    send_all(to, answer, sizeof answer - 1);
    exit(0);
}

/* Gives the bytes up to where they are to end or to stop. */
static void send_file(int to, FILE *file, const char *query)
{
    static char piece[PIECE];
    long stall = parameter(query, "stall"), cut = parameter(query, "cut");
    long flip = parameter(query, "flip"), pause_ms = parameter(query, "pause"), at = 0;
    long end = stall != NOWHERE ? stall : cut;
    size_t count;

    while ((count = fread(piece, 1, PIECE, file)) > 0) {
        if (end != NOWHERE && at + (long)count > end)
            count = (size_t)(end - at);
        if (flip >= at && flip < at + (long)count)
            piece[flip - at] ^= 1;
        if (pause_ms > 0)
            poll(NULL, 0, (int)pause_ms);
        send_all(to, piece, count);
        at += (long)count;
        if (at == end)
            break;
    }
    if (stall != NOWHERE)
        for (;;)
            pause();
}

static int goes_wrong(const char *query, int number)
{
    long last = parameter(query, "until");

    return number >= parameter(query, "from") && (last == NOWHERE || number <= last);
}

static void answer(int to, const char *folder, int number)
{
    char request[2048] = "", path[2048], head[128], *query;
    ssize_t count = read(to, request, sizeof request - 1);
    struct stat status;
    FILE *file;

    if (count <= 0 || sscanf(request, "GET %1023s", path) != 1)
        exit(1);
    query = strchr(path, '?');
    if (query != NULL)
        *query++ = '\0';
    snprintf(request, sizeof request, "%s/%s", folder, strrchr(path, '/') + 1);
    file = fopen(request, "rb");
    if (file == NULL || fstat(fileno(file), &status) != 0 || !S_ISREG(status.st_mode))
        fail(to);
    snprintf(head, sizeof head, "HTTP/1.0 200 OK\r\nContent-Length: %ld\r\n\r\n",
             (long)status.st_size);
    send_all(to, head, strlen(head));
    send_file(to, file, goes_wrong(query, number) ? query : NULL);
    exit(0);
}

static int open_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    if (bind(listener, (struct sockaddr *)&address, length) != 0 || listen(listener, 8) != 0)
        exit(1);
    getsockname(listener, (struct sockaddr *)&address, &length);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

int main(int argc, char **argv)
{
    struct pollfd at[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.events = POLLIN}};

    if (argc != 2)
        return 1;
    setpgid(0, 0);
    signal(SIGCHLD, SIG_IGN);
    at[1].fd = open_port();
    for (int number = 1; poll(at, 2, -1) > 0 && at[0].revents == 0; number++) {
        int to = accept(at[1].fd, NULL, NULL);

        if (fork() == 0)
            answer(to, argv[1], number);
        close(to);
    }
    kill(0, SIGTERM); /* the answers that stall */
    return 0;
}

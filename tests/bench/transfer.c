// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* What the transfer costs beside plain loops that write the same bytes to the same reader behind a
 * pseudo terminal.
 *
 *     bench_transfer file|pipe|zip IMAGE [ROUNDS]
 *
 * The bytes come from a file, from a pipe that `cat` fills, or from the first member of an archive;
 * a plain loop takes them from the same source: read(2) and write(2), or what libarchive gives and
 * write(2). A round runs every contender once, in turns, so that what disturbs the machine disturbs
 * all of them; ratios are taken within a round, and told as their median between their quarter
 * points. CPU is user and system time of the sending process alone. `watching` is a plain loop that
 * polls instead of blocking, `verified` the transfer as updates do it. */
#include "carry.h"
#include "figures.h"
#include "loader.h"
#include "origin.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_ROUNDS = 99, MOST_CONTENDERS = 16, PATIENCE_MS = 10000 };

static const uint32_t write_sizes[] = {512, 2048, 4096, 16384, 65536, 1 << 20};

typedef void way(struct mf_port *port, struct origin *origin, uint32_t write_size);

static struct contender {
    const char *name;
    way *run;
    uint32_t write_size;
    struct cost costs[MOST_ROUNDS];
} contenders[MOST_CONTENDERS];
static int contender_count;

/* --- the ways -------------------------------------------------------------------------------- */

static void carry_unverified(struct mf_port *port, struct origin *origin, uint32_t write_size)
{
    carry(port, origin->reader, origin->size, write_size, false);
}

static void carry_verified(struct mf_port *port, struct origin *origin, uint32_t write_size)
{
    carry(port, origin->reader, origin->size, write_size, true);
}

static void write_all(int descriptor, const uint8_t *bytes, size_t length, uint32_t write_size)
{
    while (length > 0) {
        ssize_t count = write(descriptor, bytes, length < write_size ? length : write_size);

        if (count < 0)
            die("write");
        bytes += count;
        length -= (size_t)count;
    }
}

static void write_plainly(struct mf_port *port, struct origin *origin, uint32_t write_size)
{
    static uint8_t bytes[1 << 20];
    size_t read_size = write_size > 65536 ? write_size : 65536;
    int descriptor = port->channel.descriptor;
    ssize_t count;

    fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK);
    while ((count = origin_read_plainly(origin, bytes, read_size)) > 0)
        write_all(descriptor, bytes, (size_t)count, write_size);
    if (read(descriptor, bytes, 1) != 1)
        die("answer");
}

/* The least that could be told of an answer, a deadline or a signal meanwhile: it never blocks in
 * a write. */
static void write_watching(struct mf_port *port, struct origin *origin, uint32_t write_size)
{
    static uint8_t bytes[65536];
    struct pollfd at = {.fd = port->channel.descriptor, .events = POLLIN | POLLOUT};
    ssize_t count;

    while ((count = origin_read_plainly(origin, bytes, sizeof bytes)) > 0)
        for (ssize_t done = 0; done < count;) {
            size_t left = (size_t)(count - done), wanted = left < write_size ? left : write_size;
            ssize_t step = write(at.fd, bytes + done, wanted);

            done += step > 0 ? step : 0;
            if (step < (ssize_t)wanted)
                poll(&at, 1, PATIENCE_MS);
        }
    at.events = POLLIN;
    poll(&at, 1, PATIENCE_MS);
}

/* --- measuring ------------------------------------------------------------------------------- */

static bool is_loop(const struct contender *contender)
{
    return contender->run == write_plainly || contender->run == write_watching;
}

static struct cost measure(const struct contender *contender, const char *kind, const char *image)
{
    struct loader loader;
    struct origin origin;
    struct mf_port port;
    struct cost cost;

    origin_open(&origin, kind, image);
    loader_start(&loader, is_loop(contender) ? origin.size : 0);
    mf_port_init(&port);
    if (mf_port_open(&port, loader.path) != MF_PORT_OK)
        die(loader.path);
    cost = cost_now();
    contender->run(&port, &origin, contender->write_size);
    cost = cost_since(cost);
    mf_port_close(&port);
    loader_finish(&loader);
    origin_close(&origin);
    return cost;
}

static void add(const char *name, way *run, uint32_t write_size)
{
    contenders[contender_count++] =
        (struct contender){.name = name, .run = run, .write_size = write_size};
}

static double median(const struct contender *contender, int rounds, bool of_cpu)
{
    double values[MOST_ROUNDS];

    for (int i = 0; i < rounds; i++)
        values[i] = of_cpu ? contender->costs[i].cpu : contender->costs[i].wall;
    return spread_of(values, (size_t)rounds).median;
}

static const struct contender *fastest_plain(int rounds)
{
    const struct contender *fastest = NULL;

    for (int i = 0; i < contender_count; i++)
        if (contenders[i].run == write_plainly &&
            (fastest == NULL ||
             median(&contenders[i], rounds, false) < median(fastest, rounds, false)))
            fastest = &contenders[i];
    return fastest;
}

static struct spread ratio(const struct contender *ours, const struct contender *theirs, int rounds,
                           bool of_cpu)
{
    double values[MOST_ROUNDS];

    for (int i = 0; i < rounds; i++)
        values[i] = of_cpu ? ours->costs[i].cpu / theirs->costs[i].cpu
                           : theirs->costs[i].wall / ours->costs[i].wall;
    return spread_of(values, (size_t)rounds);
}

static void print(const struct contender *contender, const struct contender *fastest, int rounds)
{
    struct spread speed = ratio(contender, fastest, rounds, false);
    struct spread cpu = ratio(contender, fastest, rounds, true);

    printf("%-9s %8u %8.0f ms %6.0f ms   %4.2f (%4.2f-%4.2f)   %4.2f (%4.2f-%4.2f)%s\n",
           contender->name, contender->write_size, median(contender, rounds, false) * 1e3,
           median(contender, rounds, true) * 1e3, speed.median, speed.low, speed.high, cpu.median,
           cpu.low, cpu.high, contender == fastest ? "  fastest plain loop" : "");
}

static const struct contender *find(way *run, uint32_t write_size)
{
    int i = 0;

    while (contenders[i].run != run || contenders[i].write_size != write_size)
        i++;
    return &contenders[i];
}

static void print_all(const char *kind, int rounds)
{
    const struct contender *fastest = fastest_plain(rounds);
    const struct contender *ours = find(carry_unverified, CARRY_WRITE_SIZE);
    const struct contender *watching = find(write_watching, CARRY_WRITE_SIZE);

    printf("%-9s %8s %11s %9s   %-18s %s\n", kind, "write", "wall", "CPU", "speed of fastest",
           "CPU of fastest");
    for (int i = 0; i < contender_count; i++)
        print(&contenders[i], fastest, rounds);
    printf("%s: the transfer has %.2f of the watching loop's speed and %.2f of its CPU time\n",
           kind, ratio(ours, watching, rounds, false).median,
           ratio(ours, watching, rounds, true).median);
}

int main(int argc, char **argv)
{
    int rounds = argc > 3 ? atoi(argv[3]) : 9;
    bool from_file =
        argc > 1 && strcmp(argv[1], "file") == 0; /* then all sizes of write are tried */

    if (argc < 3 || rounds < 1 || rounds > MOST_ROUNDS) {
        fprintf(stderr, "usage: %s file|pipe|zip IMAGE [ROUNDS, at most %d]\n", argv[0],
                MOST_ROUNDS);
        return 1;
    }
    for (size_t i = 0; i < sizeof write_sizes / sizeof *write_sizes; i++)
        add("plain", write_plainly, write_sizes[i]);
    for (size_t i = 0; i < sizeof write_sizes / sizeof *write_sizes; i++)
        if (from_file || write_sizes[i] == CARRY_WRITE_SIZE)
            add("transfer", carry_unverified, write_sizes[i]);
    add("watching", write_watching, CARRY_WRITE_SIZE);
    add("verified", carry_verified, CARRY_WRITE_SIZE);
    for (int round = 0; round < rounds; round++)
        for (int i = 0; i < contender_count; i++)
            contenders[i].costs[round] = measure(&contenders[i], argv[1], argv[2]);
    print_all(argv[1], rounds);
    return 0;
}

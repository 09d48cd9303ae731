// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* Runs a program some times: median wall and CPU time, and the most memory it had.
 *
 *     bench_run TIMES PROGRAM ARGUMENT... */
#include "figures.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_TIMES = 999 };

static void become(char **argv)
{
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

    dup2(nowhere, STDOUT_FILENO);
    execvp(argv[0], argv);
    _exit(127);
}

static struct rusage run(char **argv)
{
    struct rusage usage;
    int status;
    pid_t pid = fork();

    if (pid == 0)
        become(argv);
    if (pid < 0 || wait4(pid, &status, 0, &usage) != pid || status != 0)
        die(argv[0]);
    return usage;
}

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

int main(int argc, char **argv)
{
    int times = argc > 2 ? atoi(argv[1]) : 0;
    double wall[MOST_TIMES], cpu[MOST_TIMES];
    long peak = 0;

    if (times < 1 || times > MOST_TIMES)
        return 1;
    for (int i = 0; i < times; i++) {
        struct cost start = cost_now();
        struct rusage usage = run(argv + 2);

        wall[i] = cost_since(start).wall;
        cpu[i] = seconds(usage.ru_utime) + seconds(usage.ru_stime);
        peak = usage.ru_maxrss;
    }
    printf("%6.1f ms wall %6.1f ms CPU %6ld KiB\n", spread_of(wall, (size_t)times).median * 1e3,
           spread_of(cpu, (size_t)times).median * 1e3, peak);
    return 0;
}

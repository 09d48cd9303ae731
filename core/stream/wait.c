// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

#include "stream/wait.h"

#include "stream/stream.h"

#include <errno.h>
#include <limits.h>
#include <time.h>

int64_t mf_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int remaining_ms(int64_t deadline_ms)
{
    int64_t left = deadline_ms > 0 ? deadline_ms - mf_now_ms() : 0;

    if (left < 0)
        return 0;
    return left > INT_MAX ? INT_MAX : (int)left;
}

int mf_wait(struct pollfd *descriptors, int count, int64_t deadline_ms, int interrupt)
{
    struct pollfd all[MF_WAIT_MOST + 1];
    int ready;

    if (count < 0 || count > MF_WAIT_MOST) {
        errno = EINVAL;
        return MF_STREAM_FAILED;
    }
    for (int i = 0; i < count; i++)
        all[i] = descriptors[i];
    all[count] = (struct pollfd){.fd = interrupt, .events = POLLIN};
    do
        ready = poll(all, (nfds_t)count + 1, remaining_ms(deadline_ms));
    while (ready < 0 && errno == EINTR);
    for (int i = 0; i < count; i++)
        descriptors[i].revents = all[i].revents;
    if (ready < 0)
        return MF_STREAM_FAILED;
    if (all[count].revents != 0)
        return MF_STREAM_INTERRUPTED;
    return ready > 0 ? ready : MF_STREAM_TIMEOUT;
}

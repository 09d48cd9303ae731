#include "driver/wait.h"

#include "driver/stream.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <time.h>

enum { MOST_DESCRIPTORS = 8 };

int64_t mf_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int remaining_ms(int64_t deadline_ms)
{
    int64_t left = deadline_ms - mf_now_ms();

    if (left < 0)
        return 0;
    return left > INT_MAX ? INT_MAX : (int)left;
}

int mf_wait(struct pollfd *descriptors, int count, int64_t deadline_ms, int interrupt)
{
    struct pollfd all[MOST_DESCRIPTORS + 1];
    int ready;

    if (count < 0 || count > MOST_DESCRIPTORS) {
        errno = EINVAL;
        return MF_STREAM_FAILED;
    }
    memcpy(all, descriptors, (size_t)count * sizeof *all);
    all[count] = (struct pollfd){.fd = interrupt, .events = POLLIN};
    do
        ready = poll(all, (nfds_t)count + 1, remaining_ms(deadline_ms));
    while (ready < 0 && errno == EINTR);
    memcpy(descriptors, all, (size_t)count * sizeof *all);
    if (ready < 0)
        return MF_STREAM_FAILED;
    if (all[count].revents != 0)
        return MF_STREAM_INTERRUPTED;
    return ready > 0 ? ready : MF_STREAM_TIMEOUT;
}

#include "driver/signals.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* All a handler touches is static, and the module is never unloaded (-z nodelete): a signal after
 * the end of the Lua state finds everything in place. */
static atomic_int descriptor = -1, count, last_signal, shielded;

static const struct {
    int number;
    const char *name;
} signals[] = {
    {SIGINT, "SIGINT"},   {SIGTERM, "SIGTERM"}, {SIGKILL, "SIGKILL"}, {SIGHUP, "SIGHUP"},
    {SIGQUIT, "SIGQUIT"}, {SIGPIPE, "SIGPIPE"}, {SIGSTOP, "SIGSTOP"}, {SIGCONT, "SIGCONT"},
    {SIGUSR1, "SIGUSR1"}, {SIGUSR2, "SIGUSR2"}, {SIGTSTP, "SIGTSTP"}, {SIGABRT, "SIGABRT"},
};

enum { SIGNALS = sizeof signals / sizeof *signals, PREFIX = 3 };

static void on_signal(int number)
{
    static const uint64_t one = 1;
    int error = errno;
    ssize_t ignored;

    last_signal = number;
    count++;
    if (shielded)
        return;
    ignored = write(descriptor, &one, sizeof one);
    (void)ignored; /* could only fail after 2^64 signals: then it is readable anyhow */
    errno = error;
}

static int handle(int number, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};

    sigemptyset(&action.sa_mask);
    return sigaction(number, &action, NULL);
}

int mf_catch_signals(void)
{
    if (descriptor < 0)
        descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (descriptor < 0 || handle(SIGINT, on_signal) != 0 || handle(SIGTERM, on_signal) != 0 ||
        handle(SIGHUP, SIG_IGN) != 0 || handle(SIGPIPE, SIG_IGN) != 0)
        return -1;
    return descriptor;
}

int mf_interrupts(int *last)
{
    *last = last_signal;
    return count;
}

void mf_clear_interrupt(void)
{
    uint64_t value;
    ssize_t ignored = read(descriptor, &value, sizeof value);

    (void)ignored; /* EAGAIN: it was quiet */
}

void mf_shield(int on)
{
    shielded = on;
    if (on)
        mf_clear_interrupt();
}

int mf_signal_number(const char *name)
{
    for (int i = 0; i < SIGNALS; i++)
        if (strcmp(name, signals[i].name) == 0 || strcmp(name, signals[i].name + PREFIX) == 0)
            return signals[i].number;
    return 0;
}

const char *mf_signal_name(int number)
{
    for (int i = 0; i < SIGNALS; i++)
        if (signals[i].number == number)
            return signals[i].name;
    return NULL;
}

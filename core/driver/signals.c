// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

#include "driver/signals.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* All that the handler touches is static, and the module is never unloaded (-z nodelete): a signal
 * after the end of the Lua state finds everything in place. */
static atomic_int descriptor = -1, count, last_signal, acknowledged, deferred;

static int catches; /* mf_catch_signals without their mf_release_signals */

static const struct {
    int number;
    const char *name;
} signals[] = {
    {SIGINT, "SIGINT"},   {SIGTERM, "SIGTERM"}, {SIGKILL, "SIGKILL"}, {SIGHUP, "SIGHUP"},
    {SIGQUIT, "SIGQUIT"}, {SIGPIPE, "SIGPIPE"}, {SIGSTOP, "SIGSTOP"}, {SIGCONT, "SIGCONT"},
    {SIGUSR1, "SIGUSR1"}, {SIGUSR2, "SIGUSR2"}, {SIGTSTP, "SIGTSTP"}, {SIGABRT, "SIGABRT"},
};

enum { SIGNALS = sizeof signals / sizeof *signals, PREFIX = 3 };

static bool is_pending(void)
{
    return deferred == 0 && count != acknowledged;
}

/* Makes the descriptor readable. Safe in a signal handler. */
static void set_descriptor(void)
{
    static const uint64_t one = 1;
    ssize_t ignored = write(descriptor, &one, sizeof one);

    (void)ignored; /* fails only when it is readable already */
}

/* Makes the descriptor quiet, unless an interrupt is pending: one may have come just now. */
static void clear_descriptor(void)
{
    uint64_t value;
    ssize_t ignored = read(descriptor, &value, sizeof value);

    (void)ignored; /* EAGAIN: it was quiet */
    if (is_pending())
        set_descriptor();
}

static void on_signal(int number)
{
    int error = errno;

    last_signal = number;
    count++;
    if (is_pending())
        set_descriptor();
    errno = error;
}

/* --- our handlers, and those of the host program ----------------------------------------------- */

static struct {
    const int number;
    bool is_ours;
    void (*const handler)(int);
    struct sigaction before;
} handled[] = {
    {.number = SIGINT, .handler = on_signal}, {.number = SIGTERM, .handler = on_signal},
    {.number = SIGHUP, .handler = SIG_IGN},   {.number = SIGPIPE, .handler = SIG_IGN},
    {.number = SIGCHLD, .handler = SIG_DFL},
};

enum { HANDLED = sizeof handled / sizeof *handled };

static bool loses_children(const struct sigaction *action)
{
    return action->sa_handler == SIG_IGN || (action->sa_flags & SA_NOCLDWAIT) != 0;
}

/* A handler of SIGCHLD stays in place: the host program waits for children of its own. */
static void take_over(int row)
{
    struct sigaction action = {.sa_handler = handled[row].handler, .sa_flags = SA_RESTART};

    sigemptyset(&action.sa_mask);
    sigaction(handled[row].number, NULL, &handled[row].before);
    handled[row].is_ours = handled[row].number != SIGCHLD || loses_children(&handled[row].before);
    if (handled[row].is_ours)
        sigaction(handled[row].number, &action, NULL);
}

static void give_back(int row)
{
    struct sigaction now;

    sigaction(handled[row].number, NULL, &now);
    if (handled[row].is_ours && now.sa_handler == handled[row].handler)
        sigaction(handled[row].number, &handled[row].before, NULL);
}

int mf_catch_signals(void)
{
    if (descriptor < 0)
        descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (descriptor < 0)
        return -1;
    if (catches++ == 0)
        for (int row = 0; row < HANDLED; row++)
            take_over(row);
    return descriptor;
}

bool mf_release_signals(void)
{
    if (catches == 0)
        return false;
    if (--catches > 0)
        return true;
    for (int row = 0; row < HANDLED; row++)
        give_back(row);
    mf_acknowledge_interrupts();
    return true;
}

/* --- what has come ------------------------------------------------------------------------------- */

int mf_interrupts(int *last)
{
    *last = last_signal;
    return count;
}

int mf_pending_interrupts(void)
{
    return deferred == 0 ? count - acknowledged : 0;
}

void mf_acknowledge_interrupts(void)
{
    acknowledged = count;
    clear_descriptor();
}

void mf_defer_interrupts(void)
{
    deferred++;
    clear_descriptor();
}

bool mf_resume_interrupts(void)
{
    if (deferred == 0)
        return false;
    deferred--;
    if (is_pending())
        set_descriptor();
    return true;
}

/* --- names --------------------------------------------------------------------------------------- */

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

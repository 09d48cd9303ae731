// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* Requests to stop: SIGINT and SIGTERM as a descriptor that waits can watch, and as counts. There is
 * one state for the whole process, whatever Lua states it has. */
#ifndef MF_DRIVER_SIGNALS_H
#define MF_DRIVER_SIGNALS_H

#include <stdbool.h>

/* Catches SIGINT and SIGTERM, ignores SIGHUP (losing the terminal does not stop a transfer) and
 * SIGPIPE, and stops ignoring SIGCHLD, because otherwise the exit status of a child is lost. Calls
 * nest: each needs its mf_release_signals. Returns the interrupt descriptor, the same each time, or
 * -1 and errno. The descriptor is readable while an interrupt is pending and not deferred. */
int mf_catch_signals(void);

/* Ends one mf_catch_signals. The last one acknowledges what is pending and restores the handlers of
 * the host program, except for a signal whose handler the host has changed meanwhile. Returns false
 * when the signals are not caught. */
bool mf_release_signals(void);

/* How many signals were caught since the start of the process, and the number of the last, 0 for
 * none. */
int mf_interrupts(int *last);

/* How many of them were not acknowledged; 0 while they are deferred. */
int mf_pending_interrupts(void);

/* Acknowledges all that were caught so far: nothing is pending until the next signal. */
void mf_acknowledge_interrupts(void);

/* While interrupts are deferred they end no wait; they are counted and stay pending. For work that
 * ends by itself and must not be left half done. Calls nest; mf_resume_interrupts returns false when
 * nothing is deferred. */
void mf_defer_interrupts(void);
bool mf_resume_interrupts(void);

/* "TERM" or "SIGTERM" to its number, 0 when unknown; and the number to "SIGTERM", or NULL. */
int mf_signal_number(const char *name);
const char *mf_signal_name(int number);

#endif

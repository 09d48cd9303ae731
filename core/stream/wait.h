// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* Waits for descriptors, a deadline and the interrupt descriptor. Every wait of the core that is not
 * GLib's goes through mf_wait. */
#ifndef MF_STREAM_WAIT_H
#define MF_STREAM_WAIT_H

#include <poll.h>
#include <stdint.h>

enum { MF_WAIT_MOST = 32 }; /* most descriptors of one wait */

/* Milliseconds of the monotonic clock. */
int64_t mf_now_ms(void);

/* Waits until one of `count` descriptors has an event, `interrupt` (-1: none) becomes readable, or
 * the deadline (a value of mf_now_ms) passes. An interrupt has priority over events. The interrupt
 * descriptor is not read: it stays readable until its owner clears it. A wait cut short by EINTR is
 * resumed. Without descriptors (NULL, 0) it is a sleep. Returns the number of descriptors with
 * events, or MF_STREAM_TIMEOUT, MF_STREAM_INTERRUPTED, MF_STREAM_FAILED (see errno). */
int mf_wait(struct pollfd *descriptors, int count, int64_t deadline_ms, int interrupt);

#endif

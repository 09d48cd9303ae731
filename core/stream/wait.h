/* The one way this program waits: for descriptors, a deadline and the interrupt descriptor.
 * Not a driver: it holds nothing and knows no outside world but poll(2) and the clock.
 */
#ifndef MF_STREAM_WAIT_H
#define MF_STREAM_WAIT_H

#include <poll.h>
#include <stdint.h>

enum { MF_WAIT_MOST = 32 }; /* descriptors of one wait */

/* Milliseconds of the monotonic clock. */
int64_t mf_now_ms(void);

/* Waits until one of `count` descriptors has an event, the deadline (a value of mf_now_ms) passes,
 * or `interrupt` (-1: none) becomes readable, which comes first when several are true. The
 * interrupt descriptor is not read: it stays readable until its owner clears it. EINTR is waited
 * through. `descriptors` may be NULL when there are none: a sleep. Returns the number of
 * descriptors with events, or MF_STREAM_TIMEOUT, MF_STREAM_INTERRUPTED, MF_STREAM_FAILED (errno
 * tells). */
int mf_wait(struct pollfd *descriptors, int count, int64_t deadline_ms, int interrupt);

#endif

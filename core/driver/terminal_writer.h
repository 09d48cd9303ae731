// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* Blocking writes to a terminal that end when there is something else to do.
 *
 * poll(2) reports a serial device as writable only when nearly all of its bytes have left (fewer than 256,
 * Linux n_tty), so the line is idle whenever a writer waits for that. In a blocking write(2) the driver
 * gets more bytes as soon as it has room. A thread watches the terminal meanwhile, and ends the write when
 * the modem has sent something. No signal is used, because signals belong to the host program. */
#ifndef MF_DRIVER_TERMINAL_WRITER_H
#define MF_DRIVER_TERMINAL_WRITER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { MF_TERMINAL_WRITER_MS = 100 }; /* a write that blocks longer is ended */

struct mf_terminal_writer;

/* Opens the terminal of a non-blocking descriptor once more. Returns NULL when that fails. */
struct mf_terminal_writer *mf_terminal_writer_open(int watched);
/* Writes `length` bytes. Ends early when bytes have arrived, when the descriptor `interrupt` (-1: none) is
 * readable, or after MF_TERMINAL_WRITER_MS at most. Returns as write(2) does; EAGAIN: it ended early, and
 * no byte was written. The first call starts the thread. */
ssize_t mf_terminal_writer_write(struct mf_terminal_writer *writer, const uint8_t *bytes,
                                 size_t length, int interrupt);
/* Ends the thread. `writer` may be NULL. */
void mf_terminal_writer_close(struct mf_terminal_writer *writer);

#endif

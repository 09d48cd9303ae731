// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* One image through the transfer, as a download session does it. */
#ifndef BENCH_CARRY_H
#define BENCH_CARRY_H

#include "driver/port.h"
#include "stream/stream.h"

#include <stdbool.h>

enum { CARRY_WRITE_SIZE = 16384 }; /* the default of moonflash.core.transfer */

/* `verified`: checking it on the way, as updates do. Ends the program when it fails. */
void carry(struct mf_port *port, struct mf_reader *reader, uint32_t size, uint32_t write_size,
           bool verified);

#endif

// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* The width of a terminal, and pseudo terminals for a simulated modem. */
#ifndef MF_DRIVER_TERMINAL_H
#define MF_DRIVER_TERMINAL_H

#include <stddef.h>

/* Columns; 0 if the descriptor is no terminal or the width is unknown. */
int mf_terminal_width(int descriptor);

struct mf_pty {
    int master; /* non-blocking */
    int slave;  /* kept open: the master sees no hang-up between two users of the path */
    char path[64];
};

/* Opens a new pseudo terminal in raw mode, both ends close-on-exec. Returns 0 or an errno value. When
 * master and slave are closed, every user of the path sees a hang-up, as when a modem is unplugged. */
int mf_open_pty(struct mf_pty *pty);

#endif

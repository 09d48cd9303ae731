/* Terminals: the width of ours, and pseudo terminals for a simulated modem. */
#ifndef MF_DRIVER_TERMINAL_H
#define MF_DRIVER_TERMINAL_H

#include <stddef.h>

/* Columns, or 0 if this is no terminal or one that does not know. */
int mf_terminal_width(int descriptor);

struct mf_pty {
    int master; /* does not block */
    int slave;  /* kept open so that the master sees no hang-up between two users of the path */
    char path[64];
};

/* A new pseudo terminal in raw mode, both ends close-on-exec. Returns 0 or an errno. Closing
 * master and slave is the unplugging: whoever has the path open sees a hang-up. */
int mf_open_pty(struct mf_pty *pty);

#endif

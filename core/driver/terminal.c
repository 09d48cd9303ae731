// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

#include "driver/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

int mf_terminal_width(int descriptor)
{
    struct winsize size;

    return ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

static int make_raw(int terminal)
{
    struct termios settings;

    if (tcgetattr(terminal, &settings) != 0)
        return errno;
    cfmakeraw(&settings);
    return tcsetattr(terminal, TCSANOW, &settings) == 0 ? 0 : errno;
}

static int open_slave(struct mf_pty *pty)
{
    int error;

    if (grantpt(pty->master) != 0 || unlockpt(pty->master) != 0)
        return errno;
    error = ptsname_r(pty->master, pty->path, sizeof pty->path);
    if (error != 0)
        return error;
    pty->slave = open(pty->path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (pty->slave < 0)
        return errno;
    error = make_raw(pty->slave);
    if (error != 0)
        close(pty->slave);
    return error;
}

int mf_open_pty(struct mf_pty *pty)
{
    int error;

    pty->master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (pty->master < 0)
        return errno;
    error = open_slave(pty);
    if (error != 0)
        close(pty->master);
    return error;
}

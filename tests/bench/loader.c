// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

#include "loader.h"

#include "figures.h"
#include "protocol/endian.h"
#include "protocol/hdlc.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ONE_READ = 65536, WRITE_HEADER = 13 };

static void answer(int master, const uint8_t *payload, size_t length)
{
    uint8_t frame[128];
    size_t frame_length = mf_hdlc_frame(frame, sizeof frame, payload, length);

    if (write(master, frame, frame_length) != (ssize_t)frame_length)
        die("answer");
}

static void answer_command(int master, uint8_t command)
{
    static const uint8_t opened[] = {0x26, 0, 0, 1, 0, 0, 0, 0}, done[] = {0x2a, 0, 0, 0, 0};
    uint8_t hello[49] = {0x02};

    if (command == 0x01)
        answer(master, hello, sizeof hello);
    else if (command == 0x25)
        answer(master, opened, sizeof opened);
    else if (command == 0x29)
        answer(master, done, sizeof done);
}

static void answer_write(int master, uint16_t sequence)
{
    uint8_t payload[9] = {0x28};

    mf_put_u16le(payload + 1, sequence);
    answer(master, payload, sizeof payload);
}

/* Takes the command at `bytes`; returns its length, 0 when it is not complete. */
static size_t take_command(int master, const uint8_t *bytes, size_t length, uint32_t *data_left)
{
    const uint8_t *end;

    if (bytes[0] == 0x27 && length >= WRITE_HEADER) {
        *data_left = mf_get_u32le(bytes + 7);
        return WRITE_HEADER;
    }
    end = length > 1 ? memchr(bytes + 1, MF_HDLC_FLAG, length - 1) : NULL;
    if (bytes[0] == 0x27 || end == NULL)
        return 0;
    answer_command(master, bytes[1]);
    return (size_t)(end - bytes) + 1;
}

static void serve(int master, uint32_t data_left)
{
    static uint8_t bytes[2 * ONE_READ];
    size_t have = 0, at;
    uint16_t sequence = 0;
    ssize_t count;

    while ((count = read(master, bytes + have, ONE_READ)) > 0) {
        size_t step = 1;

        have += (size_t)count;
        for (at = 0; at < have && step > 0; at += step) {
            if (data_left == 0) {
                step = take_command(master, bytes + at, have - at, &data_left);
                continue;
            }
            step = have - at < data_left ? have - at : data_left;
            data_left -= (uint32_t)step;
            if (data_left == 0)
                answer_write(master, sequence++);
        }
        memmove(bytes, bytes + at, have - at);
        have -= at;
    }
}

void loader_start(struct loader *loader, uint32_t plain)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0 ||
        ptsname_r(master, loader->path, sizeof loader->path) != 0)
        die("pseudo terminal");
    /* until then a terminal without a user looks hung up to the child */
    loader->held_open = open(loader->path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    loader->child = fork();
    if (loader->child < 0 || loader->held_open < 0)
        die("loader");
    if (loader->child == 0) {
        close(loader->held_open);
        serve(master, plain);
        _exit(0);
    }
    close(master);
}

void loader_finish(struct loader *loader)
{
    close(loader->held_open);
    waitpid(loader->child, NULL, 0);
}

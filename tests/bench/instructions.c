// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* What to count the instructions of, under callgrind: see instructions.sh.
 *
 *     bench_instructions transfer|verified|loop|floor IMAGE
 *
 * `floor` is the least that does the work of a verified transfer: read(2), the CRC of the bytes,
 * write(2) of the same size; `loop` is that without the CRC. */
#include "carry.h"
#include "figures.h"
#include "loader.h"
#include "origin.h"
#include "protocol/crc.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

enum { ONE_READ = 65536 };

uint32_t plain_loop(int from, int to, bool with_crc);

/* Not static: callgrind knows it by its name. */
uint32_t plain_loop(int from, int to, bool with_crc)
{
    static uint8_t bytes[ONE_READ];
    uint32_t crc = MF_CRC32_EMPTY;
    ssize_t count;

    while ((count = read(from, bytes, sizeof bytes)) > 0) {
        if (with_crc)
            crc = mf_crc32(crc, bytes, (size_t)count);
        for (ssize_t at = 0, step; at < count; at += step) {
            size_t left = (size_t)(count - at);

            step = write(to, bytes + at, left < CARRY_WRITE_SIZE ? left : CARRY_WRITE_SIZE);
            if (step < 0)
                die("write");
        }
    }
    return crc;
}

static void loop(struct mf_port *port, int image, bool with_crc)
{
    int descriptor = port->channel.descriptor;
    uint8_t byte;

    fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK);
    plain_loop(image, descriptor, with_crc);
    if (read(descriptor, &byte, 1) != 1)
        die("answer");
}

int main(int argc, char **argv)
{
    const char *mode = argc == 3 ? argv[1] : "";
    bool with_crc = strcmp(mode, "verified") == 0 || strcmp(mode, "floor") == 0;
    bool is_loop = strcmp(mode, "loop") == 0 || strcmp(mode, "floor") == 0;
    struct loader loader;
    struct origin origin;
    struct mf_port port;

    if (argc != 3)
        return 1;
    mf_crc32(MF_CRC32_EMPTY, NULL, 0); /* makes its tables, which is not counted */
    origin_open(&origin, "file", argv[2]);
    loader_start(&loader, is_loop ? origin.size : 0);
    mf_port_init(&port);
    if (mf_port_open(&port, loader.path) != MF_PORT_OK)
        die(loader.path);
    if (is_loop)
        loop(&port, origin.descriptor, with_crc);
    else
        carry(&port, origin.reader, origin.size, CARRY_WRITE_SIZE, with_crc);
    mf_port_close(&port);
    loader_finish(&loader);
    origin_close(&origin);
    return 0;
}

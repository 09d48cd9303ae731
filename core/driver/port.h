// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* A port: a channel over a serial device, a pseudo terminal or a Unix socket. libserialport opens
 * serial devices; pseudo terminals and sockets, which it refuses, are opened directly. Bytes move by
 * non-blocking calls of this file. Every port is raw: no byte is changed, held back or taken for flow
 * control. */
#ifndef MF_DRIVER_PORT_H
#define MF_DRIVER_PORT_H

#include "stream/stream.h"

#include <stdbool.h>

enum mf_port_result {
    MF_PORT_OK,
    MF_PORT_NOT_FOUND,    /* nothing at this path, or a socket without a listener */
    MF_PORT_DENIED,       /* no permission */
    MF_PORT_BUSY,         /* another program uses it */
    MF_PORT_NOT_A_DEVICE, /* a plain file, a folder, a disk */
    MF_PORT_INTERRUPTED,  /* the interrupt descriptor became readable */
    MF_PORT_FAILED        /* any other error */
};

struct sp_port;
struct mf_terminal_writer;

struct mf_port {
    struct mf_channel channel; /* first: a port is a channel */
    struct sp_port *serial;    /* of libserialport; NULL when opened directly */
    bool is_hardware, is_exclusive, is_socket;
    struct mf_terminal_writer *writer; /* for channel.send; NULL for a socket */
};

/* Initializes a closed port. Must be called first. */
void mf_port_init(struct mf_port *port);
/* Opens a device or connects to a socket; follows links. Bytes that arrived before can be read. On any
 * result but MF_PORT_OK the port stays closed and channel.error has the errno. */
enum mf_port_result mf_port_open(struct mf_port *port, const char *path);
/* Makes a port of an open descriptor. The port owns the descriptor, and closes it on failure. */
enum mf_port_result mf_port_adopt(struct mf_port *port, int descriptor);
/* Drops the bytes that have arrived. Returns 0 or MF_STREAM_CLOSED. */
int mf_port_discard(struct mf_port *port);
/* Closes the port; waits up to 500 ms until the written bytes have left. May be called again. */
void mf_port_close(struct mf_port *port);

#endif

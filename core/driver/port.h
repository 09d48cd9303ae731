/* A port: a channel over a serial device, a pseudo terminal or a Unix socket. Serial devices are
 * opened by libserialport, what it does not know (pseudo terminals, sockets) directly; bytes move
 * by our own non-blocking calls. Whatever it is, it is raw: no byte is changed, held back or taken
 * for flow control. */
#ifndef MF_DRIVER_PORT_H
#define MF_DRIVER_PORT_H

#include "stream/stream.h"

#include <stdbool.h>

enum mf_port_result {
    MF_PORT_OK,
    MF_PORT_NOT_FOUND,    /* nothing at this path, or nobody behind it */
    MF_PORT_DENIED,       /* permissions */
    MF_PORT_BUSY,         /* another program holds it */
    MF_PORT_NOT_A_DEVICE, /* a plain file, a folder, a disk */
    MF_PORT_INTERRUPTED,  /* the interrupt descriptor became readable */
    MF_PORT_FAILED        /* anything else; errno tells */
};

struct sp_port;

struct mf_port {
    struct mf_channel channel; /* first: a port is a channel */
    struct sp_port *serial;    /* libserialport's half; NULL when opened directly */
    bool is_hardware, is_exclusive, is_socket;
};

/* A port that is closed. Must be called first. */
void mf_port_init(struct mf_port *port);
/* Opens a device, following links; what arrived before stays to be read. On anything but
 * MF_PORT_OK the port stays closed and channel.error holds errno. */
enum mf_port_result mf_port_open(struct mf_port *port, const char *path);
/* Makes a port of an open descriptor, which it owns from then on, and closes if that fails. */
enum mf_port_result mf_port_adopt(struct mf_port *port, int descriptor);
/* Drops the bytes that have arrived. Returns 0 or MF_STREAM_CLOSED. */
int mf_port_discard(struct mf_port *port);
/* What was written gets a moment to leave; a device that takes it no more is not waited for.
 * Closing twice is harmless. */
void mf_port_close(struct mf_port *port);

#endif

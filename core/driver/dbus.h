// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* A connection to a D-Bus message bus, through GLib's GDBus. A method call has strings and booleans
 * as arguments; its result is only whether the service accepted it.
 *
 * Every function has a deadline and uses a private main context. Results are 0 or an
 * mf_stream_result:
 *   MF_STREAM_TIMEOUT      no answer before the deadline
 *   MF_STREAM_CLOSED       the bus has closed the connection
 *   MF_STREAM_INTERRUPTED  the interrupt descriptor became readable
 *   MF_STREAM_REJECTED     the answer is an error; `error` is its name
 *   MF_STREAM_FAILED       any other failure
 * and `text` then holds the message of GLib or of the service, "" when there is none.
 */
#ifndef MF_DRIVER_DBUS_H
#define MF_DRIVER_DBUS_H

#include "stream/stream.h"

#include <stdbool.h>

/* Zeroed: closed. */
struct mf_dbus {
    struct _GMainContext *context; /* NULL: closed */
    struct _GDBusConnection *connection;
    char text[200];
    char error[100]; /* "org.freedesktop.DBus.Error.ServiceUnknown" */
};

/* A string (UTF-8), or with NULL a boolean. */
struct mf_dbus_argument {
    const char *text;
    bool truth;
};

/* A call does not start a service that is not running. */
struct mf_dbus_call {
    const char *name, *object, *interface, *method;
    const struct mf_dbus_argument *arguments;
    size_t count;
};

/* Opens a closed connection; the address is D-Bus's: "unix:path=/run/dbus/system_bus_socket". On
 * failure it is closed again. */
int mf_dbus_open(struct mf_dbus *self, const char *address, int timeout_ms, int interrupt);

int mf_dbus_call(struct mf_dbus *self, const struct mf_dbus_call *call, int timeout_ms,
                 int interrupt);

/* Closes the connection, so the bus and its services see that we have left. Takes a second and a half
 * at most. May be called on a closed connection. */
void mf_dbus_close(struct mf_dbus *self);

#endif

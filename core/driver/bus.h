/* A connection to a message bus (D-Bus, through GLib's GDBus): method calls with text and truth
 * values as arguments, whose answer is only whether they were accepted.
 *
 * As with every driver, calls block at most as long as they are told, in a main context of their
 * own. Results are 0 or an mf_stream_result:
 *   MF_STREAM_TIMEOUT      no answer in time
 *   MF_STREAM_CLOSED       the bus is gone
 *   MF_STREAM_INTERRUPTED  the interrupt descriptor became readable
 *   MF_STREAM_REJECTED     the answer is an error; `error` is its name
 *   MF_STREAM_FAILED       anything else
 * and `text` then holds what was seen, for people ("" when there is nothing to say).
 */
#ifndef MF_DRIVER_BUS_H
#define MF_DRIVER_BUS_H

#include "stream/stream.h"

#include <stdbool.h>

/* Zeroed: closed. */
struct mf_bus {
    struct _GMainContext *context; /* NULL: closed */
    struct _GDBusConnection *connection;
    char text[200];
    char error[100]; /* "org.freedesktop.DBus.Error.ServiceUnknown" */
};

/* A text (UTF-8), or with NULL a truth value. */
struct mf_bus_argument {
    const char *text;
    bool truth;
};

/* A service that does not run is not started by a call. */
struct mf_bus_call {
    const char *name, *object, *interface, *method;
    const struct mf_bus_argument *arguments;
    size_t count;
};

/* Opens a closed one; the address is D-Bus's: "unix:path=/run/dbus/system_bus_socket". On failure
 * it is closed again. */
int mf_bus_open(struct mf_bus *self, const char *address, int timeout_ms, int interrupt);

int mf_bus_call(struct mf_bus *self, const struct mf_bus_call *call, int timeout_ms, int interrupt);

/* Harmless when closed. The bus and its services see that we are gone. */
void mf_bus_close(struct mf_bus *self);

#endif

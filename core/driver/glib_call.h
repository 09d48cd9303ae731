// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* Runs one asynchronous GLib operation to completion, with a deadline, in a private main context, so
 * that no source of the host program is dispatched. Not a driver: qmi and dbus share it. */
#ifndef MF_DRIVER_GLIB_CALL_H
#define MF_DRIVER_GLIB_CALL_H

#include <gio/gio.h>
#include <stdbool.h>

/* How long a cancelled operation may take to end. */
enum { MF_GLIB_GRACE_MS = 1000 };

/* On the heap: an operation that ignores its cancellation may end after its caller has left. */
struct mf_glib_call {
    GAsyncResult *result; /* NULL: it has not ended */
    GCancellable *cancellable;
    int outcome; /* 0, or the mf_stream_result for which the wait ended without a result */
    bool abandoned;
};

struct mf_glib_wait {
    GMainContext *context;
    int timeout_ms;
    int interrupt; /* descriptor, or -1 */
    int hangup_fd; /* a descriptor whose hang-up ends the wait and sets *gone, or -1 */
    bool *gone;    /* NULL without hangup_fd; when already set, the wait ends at once */
};

struct mf_glib_call *mf_glib_call_new(void);

/* The GAsyncReadyCallback to give to the operation, with the call as its data. */
void mf_glib_call_ready(GObject *source, GAsyncResult *result, gpointer data);

/* Waits for an operation that was given the call, and cancels it at the deadline. Returns true if
 * the operation has a result: it may come even after the cancellation. */
bool mf_glib_call_run(struct mf_glib_call *call, const struct mf_glib_wait *wait);

/* Dispatches what is ready in a context; at most 100 times. */
void mf_glib_run_ready(GMainContext *context);

/* Frees the call, now or when the operation ends. */
void mf_glib_call_end(struct mf_glib_call *call);

#endif

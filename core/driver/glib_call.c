// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

#include "driver/glib_call.h"

#include "stream/stream.h"

#include <glib-unix.h>

enum { MOST_READY = 100 };

struct mf_glib_call *mf_glib_call_new(void)
{
    struct mf_glib_call *call = g_new0(struct mf_glib_call, 1);

    call->cancellable = g_cancellable_new();
    return call;
}

static void free_call(struct mf_glib_call *call)
{
    g_clear_object(&call->result);
    g_object_unref(call->cancellable);
    g_free(call);
}

void mf_glib_call_ready(GObject *source, GAsyncResult *result, gpointer data)
{
    struct mf_glib_call *call = data;

    (void)source;
    if (call->abandoned)
        free_call(call);
    else
        call->result = g_object_ref(result);
}

static gboolean on_deadline(gpointer outcome)
{
    *(int *)outcome = MF_STREAM_TIMEOUT;
    return G_SOURCE_REMOVE;
}

static gboolean on_interrupt(gint descriptor, GIOCondition condition, gpointer outcome)
{
    (void)descriptor, (void)condition;
    *(int *)outcome = MF_STREAM_INTERRUPTED;
    return G_SOURCE_REMOVE;
}

static gboolean on_hang_up(gint descriptor, GIOCondition condition, gpointer gone)
{
    (void)descriptor, (void)condition;
    *(bool *)gone = true;
    return G_SOURCE_REMOVE;
}

static GSource *watch(GMainContext *context, GSource *source, GSourceFunc function, void *data)
{
    g_source_set_callback(source, function, data, NULL);
    g_source_attach(source, context);
    return source;
}

static GSource *watch_descriptor(GMainContext *context, int descriptor, GIOCondition condition,
                                 GUnixFDSourceFunc function, void *data)
{
    if (descriptor < 0)
        return NULL;
    return watch(context, g_unix_fd_source_new(descriptor, condition), G_SOURCE_FUNC(function),
                 data);
}

static void unwatch(GSource *source)
{
    if (source == NULL)
        return;
    g_source_destroy(source);
    g_source_unref(source);
}

static void wait_for(struct mf_glib_call *call, const struct mf_glib_wait *wait)
{
    GSource *deadline = watch(wait->context, g_timeout_source_new((guint)MAX(wait->timeout_ms, 0)),
                              on_deadline, &call->outcome);
    GSource *stop =
        watch_descriptor(wait->context, wait->interrupt, G_IO_IN, on_interrupt, &call->outcome);
    GSource *hang_up = watch_descriptor(wait->context, wait->hangup_fd, G_IO_HUP | G_IO_ERR,
                                        on_hang_up, wait->gone);

    while (call->result == NULL && call->outcome == 0 && !(wait->gone && *wait->gone))
        g_main_context_iteration(wait->context, TRUE);
    unwatch(deadline);
    unwatch(stop);
    unwatch(hang_up);
}

void mf_glib_run_ready(GMainContext *context)
{
    for (int i = 0; i < MOST_READY && g_main_context_iteration(context, FALSE); i++)
        ;
}

/* An operation that ignores its cancellation ends by a timer of its own: libmbim waits 10 s for the answer to its
 * close, and keeps the port open until then. Makes all timers of the context due now. (GLib leaves
 * g_source_set_ready_time to the owner of a source; the ready time is all that a timeout consists of. The ids of
 * the sources of a context count from 1.) */
static void expire_timers(GMainContext *context)
{
    GSource *mark = g_idle_source_new();
    guint end = g_source_attach(mark, context);

    unwatch(mark);
    for (guint id = 1; id < end; id++) {
        GSource *source = g_main_context_find_source_by_id(context, id);

        if (source != NULL && g_source_get_ready_time(source) >= 0)
            g_source_set_ready_time(source, 0);
    }
}

bool mf_glib_call_run(struct mf_glib_call *call, const struct mf_glib_wait *wait)
{
    struct mf_glib_wait grace = *wait;
    int outcome;

    call->outcome = 0;
    wait_for(call, wait);
    if (call->result != NULL)
        return true;
    outcome = call->outcome;
    g_cancellable_cancel(call->cancellable);
    mf_glib_run_ready(wait->context);
    if (call->result == NULL)
        expire_timers(wait->context);
    grace.timeout_ms = MF_GLIB_GRACE_MS;
    grace.interrupt = -1;
    call->outcome = 0;
    wait_for(call, &grace);
    mf_glib_run_ready(wait->context); /* the cancelled result, when a hang-up cut the wait short */
    call->outcome = outcome;
    return call->result != NULL;
}

void mf_glib_call_end(struct mf_glib_call *call)
{
    if (call->result != NULL)
        free_call(call);
    else
        call->abandoned = true;
}

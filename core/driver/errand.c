#include "driver/errand.h"

#include "stream/stream.h"

#include <glib-unix.h>

enum { MOST_READY = 100 };

struct mf_errand *mf_errand_new(void)
{
    struct mf_errand *errand = g_new0(struct mf_errand, 1);

    errand->cancellable = g_cancellable_new();
    return errand;
}

static void free_errand(struct mf_errand *errand)
{
    g_clear_object(&errand->result);
    g_object_unref(errand->cancellable);
    g_free(errand);
}

void mf_errand_ready(GObject *source, GAsyncResult *result, gpointer data)
{
    struct mf_errand *errand = data;

    (void)source;
    if (errand->abandoned)
        free_errand(errand);
    else
        errand->result = g_object_ref(result);
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

static void wait_for(struct mf_errand *errand, const struct mf_errand_wait *wait)
{
    GSource *deadline = watch(wait->context, g_timeout_source_new((guint)MAX(wait->timeout_ms, 0)),
                              on_deadline, &errand->outcome);
    GSource *stop =
        watch_descriptor(wait->context, wait->interrupt, G_IO_IN, on_interrupt, &errand->outcome);
    GSource *hang_up =
        watch_descriptor(wait->context, wait->witness, G_IO_HUP | G_IO_ERR, on_hang_up, wait->gone);

    while (errand->result == NULL && errand->outcome == 0 && !(wait->gone && *wait->gone))
        g_main_context_iteration(wait->context, TRUE);
    unwatch(deadline);
    unwatch(stop);
    unwatch(hang_up);
}

void mf_errand_run_ready(GMainContext *context)
{
    for (int i = 0; i < MOST_READY && g_main_context_iteration(context, FALSE); i++)
        ;
}

bool mf_errand_run(struct mf_errand *errand, const struct mf_errand_wait *wait)
{
    struct mf_errand_wait grace = *wait;
    int outcome;

    errand->outcome = 0;
    wait_for(errand, wait);
    if (errand->result != NULL)
        return true;
    outcome = errand->outcome;
    g_cancellable_cancel(errand->cancellable);
    grace.timeout_ms = MF_ERRAND_GRACE_MS;
    grace.interrupt = -1;
    errand->outcome = 0;
    wait_for(errand, &grace);
    mf_errand_run_ready(
        wait->context); /* the cancelled result, when a hang-up cut the wait short */
    errand->outcome = outcome;
    return errand->result != NULL;
}

void mf_errand_end(struct mf_errand *errand)
{
    if (errand->result != NULL)
        free_errand(errand);
    else
        errand->abandoned = true;
}

#include "driver/bus.h"

#include <gio/gio.h>
#include <glib-unix.h>
#include <string.h>

/* How long a cancelled operation may take to say that it ended. */
enum { CANCEL_GRACE_MS = 1000, CLOSE_GRACE_MS = 200 };

/* --- an errand: one asynchronous operation, waited for -------------------------------------- */

/* On the heap, because an operation that ignores its cancellation may end when nobody waits for
 * it any more. */
struct errand {
    GAsyncResult *result;
    GCancellable *cancellable;
    int outcome; /* 0, or why the wait ended without a result */
    bool abandoned;
};

static struct errand *errand_new(void)
{
    struct errand *errand = g_new0(struct errand, 1);

    errand->cancellable = g_cancellable_new();
    return errand;
}

static void errand_free(struct errand *errand)
{
    g_clear_object(&errand->result);
    g_object_unref(errand->cancellable);
    g_free(errand);
}

static void on_ready(GObject *source, GAsyncResult *result, gpointer data)
{
    struct errand *errand = data;

    (void)source;
    if (errand->abandoned)
        errand_free(errand);
    else
        errand->result = g_object_ref(result);
}

static gboolean on_deadline(gpointer data)
{
    ((struct errand *)data)->outcome = MF_STREAM_TIMEOUT;
    return G_SOURCE_REMOVE;
}

static gboolean on_interrupt(gint descriptor, GIOCondition condition, gpointer data)
{
    (void)descriptor;
    (void)condition;
    ((struct errand *)data)->outcome = MF_STREAM_INTERRUPTED;
    return G_SOURCE_REMOVE;
}

static GSource *watch(GMainContext *context, GSource *source, GSourceFunc function, void *data)
{
    g_source_set_callback(source, function, data, NULL);
    g_source_attach(source, context);
    return source;
}

static void unwatch(GSource *source)
{
    if (source != NULL) {
        g_source_destroy(source);
        g_source_unref(source);
    }
}

static void wait_for(struct mf_bus *self, struct errand *errand, int timeout_ms, int interrupt)
{
    GSource *deadline =
        watch(self->context, g_timeout_source_new((guint)MAX(timeout_ms, 0)), on_deadline, errand);
    GSource *stop = NULL;

    if (interrupt >= 0)
        stop = watch(self->context, g_unix_fd_source_new(interrupt, G_IO_IN),
                     G_SOURCE_FUNC(on_interrupt), errand);
    errand->outcome = 0;
    while (errand->result == NULL && errand->outcome == 0)
        g_main_context_iteration(self->context, TRUE);
    unwatch(deadline);
    unwatch(stop);
}

/* Waits for an operation that was given the errand; cancels it when its time is over. Returns true
 * if its result can be taken: it may have come after all. */
static bool errand_run(struct mf_bus *self, struct errand *errand, int timeout_ms, int interrupt)
{
    int outcome;

    wait_for(self, errand, timeout_ms, interrupt);
    if (errand->result != NULL)
        return true;
    outcome = errand->outcome;
    g_cancellable_cancel(errand->cancellable);
    wait_for(self, errand, CANCEL_GRACE_MS, -1);
    errand->outcome = outcome;
    return errand->result != NULL;
}

static int classify(struct mf_bus *self, const struct errand *errand, GError *error)
{
    gchar *name;

    if (errand->outcome != 0)
        return errand->outcome;
    if (error == NULL)
        return MF_STREAM_FAILED;
    name = g_dbus_error_get_remote_error(error);
    if (name != NULL) {
        g_strlcpy(self->error, name, sizeof self->error);
        g_free(name);
        g_dbus_error_strip_remote_error(error);
    }
    g_strlcpy(self->text, error->message, sizeof self->text);
    if (self->error[0] != '\0')
        return MF_STREAM_REJECTED;
    return g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CLOSED) ? MF_STREAM_CLOSED
                                                                 : MF_STREAM_FAILED;
}

/* Ends an errand; the error, if any, is consumed. */
static int errand_end(struct mf_bus *self, struct errand *errand, bool done, GError *error)
{
    int result = done ? 0 : classify(self, errand, error);

    g_clear_error(&error);
    if (errand->result != NULL)
        errand_free(errand);
    else
        errand->abandoned = true;
    return result;
}

/* --- the connection ------------------------------------------------------------------------- */

static void forget_text(struct mf_bus *self)
{
    self->text[0] = self->error[0] = '\0';
}

static int connect_to(struct mf_bus *self, const char *address, int timeout_ms, int interrupt)
{
    struct errand *errand = errand_new();
    GError *error = NULL;
    bool done;

    g_dbus_connection_new_for_address(address,
                                      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                          G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                      NULL, errand->cancellable, on_ready, errand);
    done = errand_run(self, errand, timeout_ms, interrupt) &&
           (self->connection = g_dbus_connection_new_for_address_finish(errand->result, &error)) !=
               NULL;
    return errand_end(self, errand, done, error);
}

int mf_bus_open(struct mf_bus *self, const char *address, int timeout_ms, int interrupt)
{
    int result;

    forget_text(self);
    self->context = g_main_context_new();
    g_main_context_push_thread_default(self->context);
    result = connect_to(self, address, timeout_ms, interrupt);
    g_main_context_pop_thread_default(self->context);
    if (result != 0)
        mf_bus_close(self);
    return result;
}

static bool is_sound(const struct mf_bus_call *call)
{
    for (size_t i = 0; i < call->count; i++)
        if (call->arguments[i].text != NULL && !g_utf8_validate(call->arguments[i].text, -1, NULL))
            return false;
    return g_dbus_is_name(call->name) && g_variant_is_object_path(call->object) &&
           g_dbus_is_interface_name(call->interface) && g_dbus_is_member_name(call->method);
}

static GVariant *arguments_of(const struct mf_bus_call *call)
{
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE_TUPLE);
    for (size_t i = 0; i < call->count; i++)
        if (call->arguments[i].text != NULL)
            g_variant_builder_add(&builder, "s", call->arguments[i].text);
        else
            g_variant_builder_add(&builder, "b", (gboolean)call->arguments[i].truth);
    return g_variant_builder_end(&builder);
}

static int send_call(struct mf_bus *self, const struct mf_bus_call *call, int timeout_ms,
                     int interrupt)
{
    struct errand *errand = errand_new();
    GVariant *answer = NULL;
    GError *error = NULL;
    bool done;

    g_dbus_connection_call(self->connection, call->name, call->object, call->interface,
                           call->method, arguments_of(call), NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START,
                           G_MAXINT, errand->cancellable, on_ready, errand);
    done =
        errand_run(self, errand, timeout_ms, interrupt) &&
        (answer = g_dbus_connection_call_finish(self->connection, errand->result, &error)) != NULL;
    if (answer != NULL)
        g_variant_unref(answer);
    return errand_end(self, errand, done, error);
}

int mf_bus_call(struct mf_bus *self, const struct mf_bus_call *call, int timeout_ms, int interrupt)
{
    int result;

    forget_text(self);
    if (!is_sound(call)) {
        g_strlcpy(self->text, "this cannot be said on a bus", sizeof self->text);
        return MF_STREAM_FAILED;
    }
    g_main_context_push_thread_default(self->context);
    result = send_call(self, call, timeout_ms, interrupt);
    g_main_context_pop_thread_default(self->context);
    return result;
}

/* GLib's own thread lets go of the connection a moment later, and tells so in our context. */
static void let_go(struct mf_bus *self)
{
    GDBusConnection *last = self->connection;
    gint64 ends = g_get_monotonic_time() + CLOSE_GRACE_MS * 1000;

    g_dbus_connection_close_sync(self->connection, NULL, NULL);
    g_object_add_weak_pointer(G_OBJECT(last), (gpointer *)&last);
    g_clear_object(&self->connection);
    while (last != NULL && g_get_monotonic_time() < ends)
        if (!g_main_context_iteration(self->context, FALSE))
            g_usleep(1000);
    if (last != NULL)
        g_object_remove_weak_pointer(G_OBJECT(last), (gpointer *)&last);
}

void mf_bus_close(struct mf_bus *self)
{
    if (self->context == NULL)
        return;
    if (self->connection != NULL)
        let_go(self);
    g_main_context_unref(self->context);
    self->context = NULL;
}

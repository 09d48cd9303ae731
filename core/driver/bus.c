#include "driver/bus.h"

#include "driver/errand.h"

#include <gio/gio.h>
#include <string.h>

enum { CLOSE_GRACE_MS = 200 };

/* --- what an errand came to ------------------------------------------------------------------ */

static bool run(struct mf_bus *self, struct mf_errand *errand, int timeout_ms, int interrupt)
{
    return mf_errand_run(errand, &(struct mf_errand_wait){.context = self->context,
                                                          .timeout_ms = timeout_ms,
                                                          .interrupt = interrupt,
                                                          .witness = -1});
}

static int classify(struct mf_bus *self, const struct mf_errand *errand, GError *error)
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
static int end(struct mf_bus *self, struct mf_errand *errand, bool done, GError *error)
{
    int result = done ? 0 : classify(self, errand, error);

    g_clear_error(&error);
    mf_errand_end(errand);
    return result;
}

/* --- the connection ------------------------------------------------------------------------- */

static void forget_text(struct mf_bus *self)
{
    self->text[0] = self->error[0] = '\0';
}

static int connect_to(struct mf_bus *self, const char *address, int timeout_ms, int interrupt)
{
    struct mf_errand *errand = mf_errand_new();
    GError *error = NULL;
    bool done;

    g_dbus_connection_new_for_address(address,
                                      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                          G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                      NULL, errand->cancellable, mf_errand_ready, errand);
    done = run(self, errand, timeout_ms, interrupt) &&
           (self->connection = g_dbus_connection_new_for_address_finish(errand->result, &error)) !=
               NULL;
    return end(self, errand, done, error);
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
    struct mf_errand *errand = mf_errand_new();
    GVariant *answer = NULL;
    GError *error = NULL;
    bool done;

    g_dbus_connection_call(self->connection, call->name, call->object, call->interface,
                           call->method, arguments_of(call), NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START,
                           G_MAXINT, errand->cancellable, mf_errand_ready, errand);
    done =
        run(self, errand, timeout_ms, interrupt) &&
        (answer = g_dbus_connection_call_finish(self->connection, errand->result, &error)) != NULL;
    if (answer != NULL)
        g_variant_unref(answer);
    return end(self, errand, done, error);
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
    gint64 ends = g_get_monotonic_time() + (gint64)CLOSE_GRACE_MS * 1000;

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

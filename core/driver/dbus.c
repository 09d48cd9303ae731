// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

#include "driver/dbus.h"

#include "driver/glib_call.h"

#include <errno.h>
#include <gio/gio.h>
#include <string.h>

enum { CLOSE_MS = 200 };

/* --- results -------------------------------------------------------------------------------- */

static bool run(const struct mf_dbus *self, struct mf_glib_call *operation, int timeout_ms,
                int interrupt)
{
    return mf_glib_call_run(operation, &(struct mf_glib_wait){.context = self->context,
                                                              .timeout_ms = timeout_ms,
                                                              .interrupt = interrupt,
                                                              .hangup_fd = -1});
}

static int classify(struct mf_dbus *self, const struct mf_glib_call *operation, GError *error)
{
    gchar *name;

    if (operation->outcome != 0)
        return operation->outcome;
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

/* Ends an operation. Frees the error. */
static int end(struct mf_dbus *self, struct mf_glib_call *operation, bool done, GError *error)
{
    int result = done ? 0 : classify(self, operation, error);

    g_clear_error(&error);
    mf_glib_call_end(operation);
    return result;
}

/* --- the connection ------------------------------------------------------------------------- */

static void forget_text(struct mf_dbus *self)
{
    self->text[0] = self->error[0] = '\0';
}

static int connect_to(struct mf_dbus *self, const char *address, int timeout_ms, int interrupt)
{
    struct mf_glib_call *operation = mf_glib_call_new();
    GError *error = NULL;
    bool done;

    g_dbus_connection_new_for_address(address,
                                      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                          G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                      NULL, operation->cancellable, mf_glib_call_ready, operation);
    done = run(self, operation, timeout_ms, interrupt) &&
           (self->connection =
                g_dbus_connection_new_for_address_finish(operation->result, &error)) != NULL;
    return end(self, operation, done, error);
}

int mf_dbus_open(struct mf_dbus *self, const char *address, int timeout_ms, int interrupt)
{
    int result;

    forget_text(self);
    self->context = g_main_context_new();
    g_main_context_push_thread_default(self->context);
    result = connect_to(self, address, timeout_ms, interrupt);
    g_main_context_pop_thread_default(self->context);
    if (result != 0)
        mf_dbus_close(self);
    return result;
}

/* --- calls ---------------------------------------------------------------------------------- */

static bool is_valid(const struct mf_dbus_call *call)
{
    for (size_t i = 0; i < call->count; i++)
        if (call->arguments[i].text != NULL && !g_utf8_validate(call->arguments[i].text, -1, NULL))
            return false;
    return g_dbus_is_name(call->name) && g_variant_is_object_path(call->object) &&
           g_dbus_is_interface_name(call->interface) && g_dbus_is_member_name(call->method);
}

static GVariant *arguments_of(const struct mf_dbus_call *call)
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

static int send_call(struct mf_dbus *self, const struct mf_dbus_call *call, int timeout_ms,
                     int interrupt)
{
    struct mf_glib_call *operation = mf_glib_call_new();
    GVariant *answer = NULL;
    GError *error = NULL;
    bool done;

    g_dbus_connection_call(self->connection, call->name, call->object, call->interface,
                           call->method, arguments_of(call), NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START,
                           G_MAXINT, operation->cancellable, mf_glib_call_ready, operation);
    done = run(self, operation, timeout_ms, interrupt) &&
           (answer = g_dbus_connection_call_finish(self->connection, operation->result, &error)) !=
               NULL;
    if (answer != NULL)
        g_variant_unref(answer);
    return end(self, operation, done, error);
}

int mf_dbus_call(struct mf_dbus *self, const struct mf_dbus_call *call, int timeout_ms,
                 int interrupt)
{
    int result;

    forget_text(self);
    if (!is_valid(call)) {
        g_strlcpy(self->text, g_strerror(EINVAL), sizeof self->text);
        return MF_STREAM_FAILED;
    }
    g_main_context_push_thread_default(self->context);
    result = send_call(self, call, timeout_ms, interrupt);
    g_main_context_pop_thread_default(self->context);
    return result;
}

/* --- closing -------------------------------------------------------------------------------- */

/* The bus sees the end of the connection at once, whatever keeps GLib's thread from closing it: all
 * connections of the process share that thread. */
static void shut_down_socket(GDBusConnection *connection)
{
    GIOStream *stream = g_dbus_connection_get_stream(connection);

    if (G_IS_SOCKET_CONNECTION(stream))
        g_socket_shutdown(g_socket_connection_get_socket(G_SOCKET_CONNECTION(stream)), TRUE, TRUE,
                          NULL);
}

static void end_connection(struct mf_dbus *self)
{
    struct mf_glib_call *operation = mf_glib_call_new();

    shut_down_socket(self->connection);
    g_dbus_connection_close(self->connection, operation->cancellable, mf_glib_call_ready,
                            operation);
    if (run(self, operation, CLOSE_MS, -1))
        g_dbus_connection_close_finish(self->connection, operation->result, NULL);
    mf_glib_call_end(operation);
}

/* GLib's own thread drops its reference, and with it the descriptor, a moment after the close. */
static void release_connection(struct mf_dbus *self)
{
    GDBusConnection *last = self->connection;
    gint64 ends = g_get_monotonic_time() + (gint64)CLOSE_MS * 1000;

    g_object_add_weak_pointer(G_OBJECT(last), (gpointer *)&last);
    g_clear_object(&self->connection);
    while (last != NULL && g_get_monotonic_time() < ends)
        if (!g_main_context_iteration(self->context, FALSE))
            g_usleep(1000);
    if (last != NULL)
        g_object_remove_weak_pointer(G_OBJECT(last), (gpointer *)&last);
}

void mf_dbus_close(struct mf_dbus *self)
{
    if (self->context == NULL)
        return;
    g_main_context_push_thread_default(self->context);
    if (self->connection != NULL) {
        end_connection(self);
        release_connection(self);
    }
    g_main_context_pop_thread_default(self->context);
    g_main_context_unref(self->context);
    self->context = NULL;
}

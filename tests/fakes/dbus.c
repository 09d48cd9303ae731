// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* A message bus with ModemManager on it, as far as a caller of InhibitDevice can see:
 *
 *     fake_dbus SOCKET accept|refuse|probe|deny|silent
 *
 * (probe: it refuses the first seven calls; deny: as a bus does to users other than root)
 * prints "ready", then every call ("InhibitDevice UID true"), and "gone" when a caller leaves. Ends
 * when its standard input does. */
#include <gio/gio.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

static const char *manner;
static int refusals; /* that are left */

static void say(const char *text)
{
    puts(text);
    fflush(stdout);
}

static GDBusMessage *answer(GDBusMessage *message)
{
    const char *member = g_dbus_message_get_member(message);
    GDBusMessage *reply;
    gchar *words;
    const gchar *uid;
    gboolean hold;

    if (strcmp(member, "Hello") == 0) {
        reply = g_dbus_message_new_method_reply(message);
        g_dbus_message_set_body(reply, g_variant_new("(s)", ":1.1"));
        return reply;
    }
    if (strcmp(member, "InhibitDevice") != 0)
        return g_dbus_message_new_method_error(message, "org.freedesktop.DBus.Error.UnknownMethod",
                                               "no method %s", member);
    g_variant_get(g_dbus_message_get_body(message), "(&sb)", &uid, &hold);
    words = g_strdup_printf("InhibitDevice %s %s", uid, hold ? "true" : "false");
    say(words);
    g_free(words);
    if (strcmp(manner, "silent") == 0)
        return NULL;
    if (strcmp(manner, "deny") == 0)
        return g_dbus_message_new_method_error(message, "org.freedesktop.DBus.Error.AccessDenied",
                                               "Rejected send message, 2 matched rules");
    if (refusals > 0 && refusals--)
        return g_dbus_message_new_method_error(message,
                                               "org.freedesktop.ModemManager1.Error.Core.NotFound",
                                               "No device found with uid '%s'", uid);
    return g_dbus_message_new_method_reply(message);
}

/* Takes every call out of the connection: there are no objects behind it. */
static GDBusMessage *on_message(GDBusConnection *connection, GDBusMessage *message,
                                gboolean incoming, gpointer data)
{
    GDBusMessage *reply;

    (void)data;
    if (!incoming || g_dbus_message_get_message_type(message) != G_DBUS_MESSAGE_TYPE_METHOD_CALL)
        return message;
    reply = answer(message);
    if (reply != NULL) {
        g_dbus_connection_send_message(connection, reply, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL,
                                       NULL);
        g_object_unref(reply);
    }
    g_object_unref(message);
    return NULL;
}

static void on_closed(GDBusConnection *connection, gboolean vanished, GError *error, gpointer data)
{
    (void)vanished;
    (void)error;
    (void)data;
    say("gone");
    g_object_unref(connection);
}

static gboolean on_caller(GDBusServer *server, GDBusConnection *connection, gpointer data)
{
    (void)server;
    (void)data;
    g_dbus_connection_add_filter(connection, on_message, NULL, NULL);
    g_signal_connect(g_object_ref(connection), "closed", G_CALLBACK(on_closed), NULL);
    return TRUE;
}

static gboolean on_end(GIOChannel *channel, GIOCondition condition, gpointer loop)
{
    (void)channel;
    (void)condition;
    g_main_loop_quit(loop);
    return G_SOURCE_REMOVE;
}

int main(int count, char **words)
{
    GMainLoop *loop = g_main_loop_new(NULL, FALSE);
    gchar *guid = g_dbus_generate_guid();
    GError *error = NULL;
    GDBusServer *server;
    gchar *address;

    if (count != 3)
        return 1;
    manner = words[2];
    refusals = strcmp(manner, "refuse") == 0 ? INT_MAX : strcmp(manner, "probe") == 0 ? 7 : 0;
    address = g_strconcat("unix:path=", words[1], NULL);
    server = g_dbus_server_new_sync(address, G_DBUS_SERVER_FLAGS_NONE, guid, NULL, NULL, &error);
    if (server == NULL) {
        fprintf(stderr, "%s\n", error->message);
        return 1;
    }
    g_signal_connect(server, "new-connection", G_CALLBACK(on_caller), NULL);
    g_dbus_server_start(server);
    g_io_add_watch(g_io_channel_unix_new(0), G_IO_IN | G_IO_HUP, on_end, loop);
    say("ready");
    g_main_loop_run(loop);
    g_dbus_server_stop(server);
    return 0;
}

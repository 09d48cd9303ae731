// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* Closing a connection while GLib's thread, which all connections share, is held up:
 *     test_dbus FAKE_BUS */
#include "check.h"
#include "driver/dbus.h"
#include "stream/wait.h"

#include <gio/gio.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum { OPEN_MS = 10000, HELD_MS = 8000, CLOSE_MS = 4000 };

static const char *program;
static atomic_bool held, released;

/* A filter of the host program: called in GLib's thread. */
static GDBusMessage *hold(GDBusConnection *connection, GDBusMessage *message, gboolean incoming,
                          gpointer data)
{
    int64_t ends = mf_now_ms() + HELD_MS;

    (void)connection, (void)data;
    if (!incoming)
        return message;
    held = true;
    while (!released && mf_now_ms() < ends)
        g_usleep(1000);
    return message;
}

/* A connection of the host program whose filter is called by the answer to a message. */
static GDBusConnection *hold_thread(const char *address)
{
    GDBusConnection *connection = g_dbus_connection_new_for_address_sync(
        address, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT, NULL, NULL, NULL);
    GDBusMessage *message = g_dbus_message_new_method_call("a.b", "/", "a.b", "Hello");

    CHECK(connection != NULL);
    g_dbus_connection_add_filter(connection, hold, NULL, NULL);
    g_dbus_connection_send_message(connection, message, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
    g_object_unref(message);
    while (!held)
        g_usleep(1000);
    return connection;
}

static void test_a_close_has_a_deadline(void)
{
    char folder[] = "/tmp/moonflash.XXXXXX";
    gchar *path = g_strconcat(mkdtemp(folder), "/bus", NULL);
    gchar *address = g_strconcat("unix:path=", path, NULL), ready[6];
    GSubprocess *server =
        g_subprocess_new(G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, NULL, program,
                         path, "accept", NULL);
    GDBusConnection *host;
    struct mf_dbus bus = {0};
    int64_t begun;

    CHECK(g_input_stream_read_all(g_subprocess_get_stdout_pipe(server), ready, sizeof ready, NULL, NULL,
                                  NULL));
    CHECK_EQUAL(mf_dbus_open(&bus, address, OPEN_MS, -1), 0);
    host = hold_thread(address);
    begun = mf_now_ms();
    mf_dbus_close(&bus);
    CHECK(mf_now_ms() - begun < CLOSE_MS);
    released = true;
    g_object_unref(host);
    g_subprocess_force_exit(server);
    g_subprocess_wait(server, NULL, NULL);
    g_object_unref(server);
    unlink(path);
    rmdir(folder);
    g_free(path);
    g_free(address);
}

int main(int count, char **words)
{
    CHECK_EQUAL(count, 2);
    program = words[1];
    test_a_close_has_a_deadline();
    return check_result();
}

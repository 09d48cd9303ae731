// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* libqmi's log, as no Lua test can see it: another thread that logs during a call. */
#include "check.h"
#include "driver/qmi.h"

#include <fcntl.h>
#include <glib.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_bool stopped;
static atomic_int dropped;

static GLogWriterOutput drop(GLogLevelFlags level, const GLogField *fields, gsize count, gpointer data)
{
    (void)level, (void)fields, (void)count, (void)data;
    dropped++;
    return G_LOG_WRITER_HANDLED;
}

static gpointer log_all_the_time(gpointer data)
{
    (void)data;
    while (!stopped)
        g_log("GLib-GIO", G_LOG_LEVEL_WARNING, "of another thread");
    return NULL;
}

/* A modem that never answers: the call lasts until its deadline. */
static void test_the_log_of_another_thread_is_not_ours(void)
{
    struct mf_qmi qmi = {0};
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    GThread *thread;

    CHECK(grantpt(master) == 0 && unlockpt(master) == 0);
    g_log_set_writer_func(drop, NULL, NULL);
    thread = g_thread_new("logs", log_all_the_time, NULL);
    CHECK_EQUAL(mf_qmi_open(&qmi, ptsname(master), 0, 5000, -1), 0);
    mf_qmi_begin(&qmi, 0, 0, 0x0021);
    CHECK_EQUAL(mf_qmi_send(&qmi, 200, -1), MF_STREAM_TIMEOUT);
    CHECK(strcmp(qmi.text, "of another thread") != 0);
    mf_qmi_close(&qmi, 1000);
    stopped = true;
    g_thread_join(thread);
    CHECK(dropped > 0);
    close(master);
}

int main(void)
{
    test_the_log_of_another_thread_is_not_ours();
    return check_result();
}

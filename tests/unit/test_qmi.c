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
static GThread *caller;
static int logged, foreign;

static void on_log(void *data, const char *text)
{
    (void)data;
    logged++;
    if (g_thread_self() != caller || strcmp(text, "of another thread") == 0)
        foreign++;
}

static gpointer log_all_the_time(gpointer data)
{
    (void)data;
    while (!stopped)
        g_log("GLib-GIO", G_LOG_LEVEL_DEBUG, "of another thread");
    return NULL;
}

/* A modem that never answers: the call lasts until its deadline. */
static void test_the_log_of_another_thread_is_not_ours(void)
{
    struct mf_qmi qmi = {.log = on_log};
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    GThread *thread;

    CHECK(grantpt(master) == 0 && unlockpt(master) == 0);
    caller = g_thread_self();
    thread = g_thread_new("logs", log_all_the_time, NULL);
    CHECK_EQUAL(mf_qmi_open(&qmi, ptsname(master), 0, 5000, -1), 0);
    mf_qmi_begin(&qmi, 0, 0, 0x0021);
    CHECK_EQUAL(mf_qmi_send(&qmi, 200, -1), MF_STREAM_TIMEOUT);
    mf_qmi_close(&qmi, 1000);
    stopped = true;
    g_thread_join(thread);
    CHECK(logged > 0);
    CHECK_EQUAL(foreign, 0);
    close(master);
}

int main(void)
{
    test_the_log_of_another_thread_is_not_ours();
    return check_result();
}

// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

#include "driver/qmi.h"

#include "driver/glib_call.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <libqmi-glib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- a call: a private context, and libqmi's log -------------------------------------------- */

static const char *const log_domains[] = {"Qmi", "Mbim", "GLib", "GLib-GObject", "GLib-GIO"};
enum { LOG_DOMAINS = sizeof log_domains / sizeof *log_domains };

struct call {
    struct mf_qmi *self;
    GThread *thread;
    guint handlers[LOG_DOMAINS];
};

/* Handlers are process-wide and run in the thread that logs: GDBus and the host program have threads of
 * their own. Only what this call logs is ours. */
static void on_log(const gchar *domain, GLogLevelFlags level, const gchar *text, gpointer data)
{
    const struct call *call = data;
    struct mf_qmi *self = call->self;

    if (g_thread_self() != call->thread) {
        g_log_default_handler(domain, level, text, NULL);
        return;
    }
    if ((level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING)) != 0)
        g_strlcpy(self->text, text, sizeof self->text);
}

static void enter(struct call *call, struct mf_qmi *self)
{
    GLogLevelFlags levels = G_LOG_LEVEL_MASK | G_LOG_FLAG_FATAL | G_LOG_FLAG_RECURSION;

    call->self = self;
    call->thread = g_thread_self();
    self->text[0] = '\0';
    for (int i = 0; i < LOG_DOMAINS; i++)
        call->handlers[i] = g_log_set_handler(log_domains[i], levels, on_log, call);
    g_main_context_push_thread_default(self->context);
}

static int leave(struct call *call, int result)
{
    g_main_context_pop_thread_default(call->self->context);
    for (int i = 0; i < LOG_DOMAINS; i++)
        g_log_remove_handler(log_domains[i], call->handlers[i]);
    return result;
}

/* --- results ------------------------------------------------------------------ */

/* A descriptor of our own reports a hang-up: over MBIM libqmi reports none during a close. */
static bool run(struct mf_qmi *self, struct mf_glib_call *operation, int timeout_ms, int interrupt)
{
    return mf_glib_call_run(operation, &(struct mf_glib_wait){.context = self->context,
                                                              .timeout_ms = timeout_ms,
                                                              .interrupt = interrupt,
                                                              .hangup_fd = self->hangup_fd,
                                                              .gone = &self->gone});
}

static bool is_closed(const GError *error)
{
    return g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CLOSED) ||
           g_error_matches(error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE) ||
           g_error_matches(error, G_IO_ERROR, G_IO_ERROR_NO_SUCH_DEVICE);
}

/* The result of an operation with an error (NULL: it did not end). */
static int classify(struct mf_qmi *self, const struct mf_glib_call *operation, const GError *error)
{
    mf_glib_run_ready(self->context);
    if (self->gone || is_closed(error))
        return MF_STREAM_CLOSED;
    if (operation->outcome != 0)
        return operation->outcome;
    if (g_error_matches(error, QMI_CORE_ERROR, QMI_CORE_ERROR_TIMEOUT))
        return MF_STREAM_TIMEOUT;
    if (error != NULL)
        g_strlcpy(self->text, error->message, sizeof self->text);
    return MF_STREAM_FAILED;
}

/* Ends an operation. Frees the error. */
static int end(struct mf_qmi *self, struct mf_glib_call *operation, bool done, GError *error)
{
    int result = done ? 0 : classify(self, operation, error);

    g_clear_error(&error);
    mf_glib_call_end(operation);
    return result;
}

/* libqmi's timers have whole seconds; they must end after ours. */
static guint seconds_beyond(int timeout_ms)
{
    return (guint)(MAX(timeout_ms, 0) / 1000) + 2;
}

/* --- open ----------------------------------------------------------------------------------- */

static void on_removed(QmiDevice *device, gpointer data)
{
    (void)device;
    ((struct mf_qmi *)data)->gone = true;
}

static bool is_device(struct mf_qmi *self, const char *path)
{
    struct stat status;

    if (stat(path, &status) != 0)
        g_strlcpy(self->text, g_strerror(errno), sizeof self->text);
    else if (!S_ISCHR(status.st_mode))
        g_strlcpy(self->text, g_strerror(ENOTTY), sizeof self->text);
    else
        return true;
    return false;
}

/* Without libqmi's check of the file, which reads /sys and would refuse a simulated port. */
static int make_device(struct mf_qmi *self, const char *path, int timeout_ms, int interrupt)
{
    struct mf_glib_call *operation = mf_glib_call_new();
    GFile *file = g_vfs_get_file_for_path(g_vfs_get_local(), path); /* loads no gio modules */
    GError *error = NULL;
    bool done;

    g_async_initable_new_async(QMI_TYPE_DEVICE, G_PRIORITY_DEFAULT, operation->cancellable,
                               mf_glib_call_ready, operation, QMI_DEVICE_FILE, file,
                               QMI_DEVICE_NO_FILE_CHECK, TRUE, NULL);
    g_object_unref(file);
    done = run(self, operation, timeout_ms, interrupt) &&
           (self->device = qmi_device_new_finish(operation->result, &error)) != NULL;
    return end(self, operation, done, error);
}

static QmiDeviceOpenFlags open_flags(int flags)
{
    return ((flags & MF_QMI_MBIM) != 0 ? QMI_DEVICE_OPEN_FLAGS_MBIM : 0) |
           ((flags & MF_QMI_PROXY) != 0 ? QMI_DEVICE_OPEN_FLAGS_PROXY : 0) |
           ((flags & MF_QMI_SYNC) != 0 ? QMI_DEVICE_OPEN_FLAGS_SYNC : 0);
}

static int open_device(struct mf_qmi *self, int flags, int timeout_ms, int interrupt)
{
    struct mf_glib_call *operation = mf_glib_call_new();
    GError *error = NULL;
    bool done;

    g_signal_connect(self->device, QMI_DEVICE_SIGNAL_REMOVED, G_CALLBACK(on_removed), self);
    qmi_device_open(self->device, open_flags(flags), seconds_beyond(timeout_ms),
                    operation->cancellable, mf_glib_call_ready, operation);
    done = run(self, operation, timeout_ms, interrupt) &&
           qmi_device_open_finish(self->device, operation->result, &error);
    return end(self, operation, done, error);
}

int mf_qmi_open(struct mf_qmi *self, const char *path, int flags, int timeout_ms, int interrupt)
{
    struct call call;
    int result;

    self->text[0] = '\0';
    self->gone = false;
    if (!is_device(self, path))
        return MF_STREAM_FAILED;
    self->hangup_fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    self->context = g_main_context_new();
    enter(&call, self);
    result = make_device(self, path, timeout_ms, interrupt);
    if (result == 0)
        result = open_device(self, flags, timeout_ms, interrupt);
    leave(&call, result);
    if (result != 0) {
        char text[sizeof self->text];

        memcpy(text, self->text, sizeof text);
        mf_qmi_close(self, MF_GLIB_GRACE_MS);
        memcpy(self->text, text, sizeof text);
    }
    return result;
}

/* --- requests ------------------------------------------------------------------------------- */

static void forget(struct _GByteArray **message)
{
    if (*message != NULL)
        qmi_message_unref(*message);
    *message = NULL;
}

/* CTL requests have 0: libqmi numbers them itself. */
static uint16_t next_transaction(struct mf_qmi *self, uint8_t service)
{
    if (service == QMI_SERVICE_CTL)
        return 0;
    self->transaction = self->transaction == UINT16_MAX ? 1 : self->transaction + 1;
    return self->transaction;
}

void mf_qmi_begin(struct mf_qmi *self, uint8_t service, uint8_t client, uint16_t message)
{
    forget(&self->request);
    forget(&self->answer);
    self->request =
        qmi_message_new((QmiService)service, client, next_transaction(self, service), message);
}

bool mf_qmi_add(struct mf_qmi *self, uint8_t type, const void *value, size_t length)
{
    return qmi_message_add_raw_tlv(self->request, type, value, length, NULL);
}

static int send_request(struct mf_qmi *self, int timeout_ms, int interrupt)
{
    struct mf_glib_call *operation;
    GError *error = NULL;
    bool done;

    mf_glib_run_ready(self->context);
    if (self->gone)
        return MF_STREAM_CLOSED;
    operation = mf_glib_call_new();
    qmi_device_command_full(self->device, self->request, NULL, seconds_beyond(timeout_ms),
                            operation->cancellable, mf_glib_call_ready, operation);
    done = run(self, operation, timeout_ms, interrupt) &&
           (self->answer =
                qmi_device_command_full_finish(self->device, operation->result, &error)) != NULL;
    return end(self, operation, done, error);
}

int mf_qmi_send(struct mf_qmi *self, int timeout_ms, int interrupt)
{
    struct call call;

    enter(&call, self);
    return leave(&call, send_request(self, timeout_ms, interrupt));
}

const uint8_t *mf_qmi_answer(struct mf_qmi *self, uint8_t type, uint16_t *length)
{
    return qmi_message_get_raw_tlv(self->answer, type, length);
}

const char *mf_qmi_error_name(int number)
{
    return qmi_protocol_error_get_string((QmiProtocolError)number);
}

/* --- close ---------------------------------------------------------------------------------- */

static int close_device(struct mf_qmi *self, int timeout_ms)
{
    struct mf_glib_call *operation = mf_glib_call_new();
    GError *error = NULL;
    bool done;

    qmi_device_close_async(self->device, seconds_beyond(timeout_ms), operation->cancellable,
                           mf_glib_call_ready, operation);
    done = run(self, operation, timeout_ms, -1) &&
           qmi_device_close_finish(self->device, operation->result, &error);
    return end(self, operation, done, error);
}

int mf_qmi_close(struct mf_qmi *self, int timeout_ms)
{
    struct call call;
    int result = 0;

    if (self->context == NULL)
        return 0;
    enter(&call, self);
    forget(&self->request);
    forget(&self->answer);
    if (self->device != NULL) {
        if (qmi_device_is_open(self->device))
            result = close_device(self, timeout_ms);
        g_signal_handlers_disconnect_by_data(self->device, self);
        g_clear_object(&self->device);
    }
    mf_glib_run_ready(self->context);
    leave(&call, result);
    g_main_context_unref(self->context);
    self->context = NULL;
    close(self->hangup_fd); /* harmless at -1 */
    return result;
}

#include "driver/qmi.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <libqmi-glib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* How long a cancelled operation may take to say that it ended. */
enum { CANCEL_GRACE_MS = 1000 };

/* --- a call: our context and our log, nobody else's ----------------------------------------- */

static const char *const log_domains[] = {"Qmi", "Mbim", "GLib", "GLib-GObject", "GLib-GIO"};
enum { LOG_DOMAINS = sizeof log_domains / sizeof *log_domains };

struct call {
    struct mf_qmi *self;
    guint handlers[LOG_DOMAINS];
};

static void on_log(const gchar *domain, GLogLevelFlags level, const gchar *text, gpointer data)
{
    struct mf_qmi *self = data;

    (void)domain;
    if ((level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING)) != 0)
        g_strlcpy(self->text, text, sizeof self->text);
    if (self->log != NULL)
        self->log(self->log_data, text);
}

static void enter(struct call *call, struct mf_qmi *self)
{
    GLogLevelFlags levels = G_LOG_LEVEL_MASK | G_LOG_FLAG_FATAL | G_LOG_FLAG_RECURSION;

    call->self = self;
    self->text[0] = '\0';
    for (int i = 0; i < LOG_DOMAINS; i++)
        call->handlers[i] = g_log_set_handler(log_domains[i], levels, on_log, self);
    qmi_utils_set_traces_enabled(self->log != NULL);
    g_main_context_push_thread_default(self->context);
}

static int leave(struct call *call, int result)
{
    g_main_context_pop_thread_default(call->self->context);
    qmi_utils_set_traces_enabled(FALSE);
    for (int i = 0; i < LOG_DOMAINS; i++)
        g_log_remove_handler(log_domains[i], call->handlers[i]);
    return result;
}

/* --- an errand: one asynchronous operation, waited for ------------------------------------- */

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

static gboolean on_hang_up(gint descriptor, GIOCondition condition, gpointer data)
{
    (void)descriptor;
    (void)condition;
    ((struct mf_qmi *)data)->gone = true;
    return G_SOURCE_REMOVE;
}

/* Until the result is there or something else ends the wait; `outcome` tells. So does a hang-up, seen
 * on a descriptor of our own: over MBIM libqmi tells of none during a close. */
static void wait_for(struct mf_qmi *self, struct errand *errand, int timeout_ms, int interrupt)
{
    GSource *deadline =
        watch(self->context, g_timeout_source_new((guint)MAX(timeout_ms, 0)), on_deadline, errand);
    GSource *stop = NULL, *hang_up = NULL;

    if (self->witness >= 0)
        hang_up = watch(self->context, g_unix_fd_source_new(self->witness, G_IO_HUP | G_IO_ERR),
                        G_SOURCE_FUNC(on_hang_up), self);
    if (interrupt >= 0)
        stop = watch(self->context, g_unix_fd_source_new(interrupt, G_IO_IN),
                     G_SOURCE_FUNC(on_interrupt), errand);
    errand->outcome = 0;
    while (errand->result == NULL && errand->outcome == 0 && !self->gone)
        g_main_context_iteration(self->context, TRUE);
    unwatch(deadline);
    unwatch(stop);
    unwatch(hang_up);
}

/* Runs what is ready, a hang-up for one; bounded, should something always be ready. */
static void run_ready(struct mf_qmi *self)
{
    for (int i = 0; i < 100 && g_main_context_iteration(self->context, FALSE); i++)
        ;
}

/* Waits for an operation that was given the errand; cancels it when its time is over. Returns true
 * if its result can be taken: it may have come after all. */
static bool errand_run(struct mf_qmi *self, struct errand *errand, int timeout_ms, int interrupt)
{
    int outcome;

    wait_for(self, errand, timeout_ms, interrupt);
    if (errand->result != NULL)
        return true;
    outcome = errand->outcome;
    g_cancellable_cancel(errand->cancellable);
    wait_for(self, errand, CANCEL_GRACE_MS, -1);
    run_ready(self); /* the cancelled result, when a hang-up cut the wait short */
    errand->outcome = outcome;
    return errand->result != NULL;
}

static bool is_closed(const GError *error)
{
    return g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CLOSED) ||
           g_error_matches(error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE) ||
           g_error_matches(error, G_IO_ERROR, G_IO_ERROR_NO_SUCH_DEVICE);
}

/* What an operation that gave an error (NULL: none, it never ended) comes to. */
static int classify(struct mf_qmi *self, const struct errand *errand, const GError *error)
{
    run_ready(self);
    if (self->gone || is_closed(error))
        return MF_STREAM_CLOSED;
    if (errand->outcome != 0)
        return errand->outcome;
    if (g_error_matches(error, QMI_CORE_ERROR, QMI_CORE_ERROR_TIMEOUT))
        return MF_STREAM_TIMEOUT;
    if (error != NULL)
        g_strlcpy(self->text, error->message, sizeof self->text);
    return MF_STREAM_FAILED;
}

/* Ends an errand; the error, if any, is consumed. */
static int errand_end(struct mf_qmi *self, struct errand *errand, bool done, GError *error)
{
    int result = done ? 0 : classify(self, errand, error);

    g_clear_error(&error);
    if (errand->result != NULL)
        errand_free(errand);
    else
        errand->abandoned = true;
    return result;
}

/* libqmi counts coarse seconds; its timers must come after ours. */
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
        g_strlcpy(self->text, "not a device node", sizeof self->text);
    else
        return true;
    return false;
}

/* Without libqmi's check of the file, which looks at /sys and would refuse a simulated port. */
static int make_device(struct mf_qmi *self, const char *path, int timeout_ms, int interrupt)
{
    struct errand *errand = errand_new();
    GFile *file = g_vfs_get_file_for_path(g_vfs_get_local(), path); /* loads no gio modules */
    GError *error = NULL;
    bool done;

    g_async_initable_new_async(QMI_TYPE_DEVICE, G_PRIORITY_DEFAULT, errand->cancellable, on_ready,
                               errand, QMI_DEVICE_FILE, file, QMI_DEVICE_NO_FILE_CHECK, TRUE, NULL);
    g_object_unref(file);
    done = errand_run(self, errand, timeout_ms, interrupt) &&
           (self->device = qmi_device_new_finish(errand->result, &error)) != NULL;
    return errand_end(self, errand, done, error);
}

static QmiDeviceOpenFlags open_flags(int flags)
{
    return ((flags & MF_QMI_MBIM) != 0 ? QMI_DEVICE_OPEN_FLAGS_MBIM : 0) |
           ((flags & MF_QMI_PROXY) != 0 ? QMI_DEVICE_OPEN_FLAGS_PROXY : 0) |
           ((flags & MF_QMI_SYNC) != 0 ? QMI_DEVICE_OPEN_FLAGS_SYNC : 0);
}

static int open_device(struct mf_qmi *self, int flags, int timeout_ms, int interrupt)
{
    struct errand *errand = errand_new();
    GError *error = NULL;
    bool done;

    g_signal_connect(self->device, QMI_DEVICE_SIGNAL_REMOVED, G_CALLBACK(on_removed), self);
    qmi_device_open(self->device, open_flags(flags), seconds_beyond(timeout_ms),
                    errand->cancellable, on_ready, errand);
    done = errand_run(self, errand, timeout_ms, interrupt) &&
           qmi_device_open_finish(self->device, errand->result, &error);
    return errand_end(self, errand, done, error);
}

int mf_qmi_open(struct mf_qmi *self, const char *path, int flags, int timeout_ms, int interrupt)
{
    struct call call;
    char text[sizeof self->text];
    int result;

    self->text[0] = '\0';
    self->gone = false;
    if (!is_device(self, path))
        return MF_STREAM_FAILED;
    self->witness = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    self->context = g_main_context_new();
    enter(&call, self);
    result = make_device(self, path, timeout_ms, interrupt);
    if (result == 0)
        result = open_device(self, flags, timeout_ms, interrupt);
    leave(&call, result);
    if (result != 0) {
        memcpy(text, self->text, sizeof text);
        mf_qmi_close(self, CANCEL_GRACE_MS);
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

/* libqmi numbers CTL requests itself when they carry 0. */
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
    struct errand *errand;
    GError *error = NULL;
    bool done;

    run_ready(self);
    if (self->gone)
        return MF_STREAM_CLOSED;
    errand = errand_new();
    qmi_device_command_full(self->device, self->request, NULL, seconds_beyond(timeout_ms),
                            errand->cancellable, on_ready, errand);
    done = errand_run(self, errand, timeout_ms, interrupt) &&
           (self->answer = qmi_device_command_full_finish(self->device, errand->result, &error)) !=
               NULL;
    return errand_end(self, errand, done, error);
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

/* --- close ---------------------------------------------------------------------------------- */

static int close_device(struct mf_qmi *self, int timeout_ms)
{
    struct errand *errand = errand_new();
    GError *error = NULL;
    bool done;

    qmi_device_close_async(self->device, seconds_beyond(timeout_ms), errand->cancellable, on_ready,
                           errand);
    done = errand_run(self, errand, timeout_ms, -1) &&
           qmi_device_close_finish(self->device, errand->result, &error);
    return errand_end(self, errand, done, error);
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
    run_ready(self);
    leave(&call, result);
    g_main_context_unref(self->context);
    self->context = NULL;
    close(self->witness); /* harmless at -1 */
    return result;
}

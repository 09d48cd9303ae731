/* An errand: one asynchronous operation of GLib, waited for in a main context of the caller's own, so
 * nothing of the host's ever runs meanwhile. Not a driver: shared by those that stand on GLib. */
#ifndef MF_DRIVER_ERRAND_H
#define MF_DRIVER_ERRAND_H

#include <gio/gio.h>
#include <stdbool.h>

/* How long a cancelled operation may take to say that it ended. */
enum { MF_ERRAND_GRACE_MS = 1000 };

/* On the heap, because an operation that ignores its cancellation may end when nobody waits for it
 * any more. */
struct mf_errand {
    GAsyncResult *result; /* NULL: it has not ended */
    GCancellable *cancellable;
    int outcome; /* 0, or the mf_stream_result for which the wait ended without a result */
    bool abandoned;
};

struct mf_errand_wait {
    GMainContext *context;
    int timeout_ms;
    int interrupt; /* descriptor, or -1 */
    int witness;   /* a descriptor whose hang-up ends the wait and sets *gone, or -1 */
    bool *gone;    /* NULL without a witness; when already set, the wait ends at once */
};

struct mf_errand *mf_errand_new(void);

/* The GAsyncReadyCallback to give to the operation, with the errand as its data. */
void mf_errand_ready(GObject *source, GAsyncResult *result, gpointer data);

/* Waits for an operation that was given the errand; cancels it when its time is over. Returns true if
 * its result can be taken: it may have come after all. */
bool mf_errand_run(struct mf_errand *errand, const struct mf_errand_wait *wait);

/* Runs what is ready in a context; bounded, should something always be ready. */
void mf_errand_run_ready(GMainContext *context);

/* Lets go of the errand, now or when the operation ends. */
void mf_errand_end(struct mf_errand *errand);

#endif

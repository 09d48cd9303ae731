/* A QMI control port, through libqmi-glib's generic door: raw messages in, raw TLVs out.
 *
 * Every function blocks at most as long as it is told, in a main context of its own, so nothing of
 * the host's ever runs here. Results are 0 or an mf_stream_result:
 *   MF_STREAM_TIMEOUT      nothing came in time
 *   MF_STREAM_CLOSED       the port hung up: the modem is gone, only close is left to do
 *   MF_STREAM_INTERRUPTED  the interrupt descriptor became readable
 *   MF_STREAM_FAILED       anything else
 * and `text` then holds what was seen, for people ("" when there is nothing to say).
 */
#ifndef MF_DRIVER_QMI_H
#define MF_DRIVER_QMI_H

#include "stream/stream.h"

#include <stdbool.h>

enum mf_qmi_flag {
    MF_QMI_MBIM = 1,  /* the port speaks MBIM: QMI travels inside */
    MF_QMI_PROXY = 2, /* through qmi-proxy (mbim-proxy), shared with other programs */
    MF_QMI_SYNC = 4   /* frees the clients of all other programs */
};

/* Zeroed: closed. All GLib objects live in here, so a caller may leave at any moment and close
 * later. */
struct mf_qmi {
    struct _GMainContext *context; /* NULL: closed */
    struct _QmiDevice *device;
    struct _GByteArray *request; /* being built */
    struct _GByteArray *answer;  /* to the last request */
    uint16_t transaction;        /* of the last request, never 0 */
    int hangup_fd;                 /* the port again, never read: tells of a hang-up */
    bool gone;                   /* the port hung up */
    char text[200];
    /* Given libqmi's log and message traces while a call runs; NULL: silence. Must return. */
    void (*log)(void *data, const char *text);
    void *log_data;
};

/* Opens a closed one. `flags` of mf_qmi_flag. On failure it is closed again. */
int mf_qmi_open(struct mf_qmi *self, const char *path, int flags, int timeout_ms, int interrupt);

/* A request is begun, given its TLVs (length 1 to 65535; false if the message has no room) and
 * sent. Service 0 (CTL) takes client 0, all others the client id that CTL allocated. */
void mf_qmi_begin(struct mf_qmi *self, uint8_t service, uint8_t client, uint16_t message);
bool mf_qmi_add(struct mf_qmi *self, uint8_t type, const void *value, size_t length);
int mf_qmi_send(struct mf_qmi *self, int timeout_ms, int interrupt);

/* The value of a TLV of the last answer, NULL if it is not there; valid until the next begin. */
const uint8_t *mf_qmi_answer(struct mf_qmi *self, uint8_t type, uint16_t *length);

/* Harmless when closed. Takes at most `timeout_ms` (MBIM says goodbye and waits for the answer)
 * and a second more; not to be interrupted. The port is closed whatever the result. */
int mf_qmi_close(struct mf_qmi *self, int timeout_ms);

#endif

// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* A QMI control port, through the generic functions of libqmi-glib: raw messages out, raw TLVs in.
 *
 * Every function has a deadline and uses a private main context, so no source of the host program is
 * dispatched. Results are 0 or an mf_stream_result:
 *   MF_STREAM_TIMEOUT      no answer before the deadline
 *   MF_STREAM_CLOSED       the port hung up: the modem is gone, and only close may be called
 *   MF_STREAM_INTERRUPTED  the interrupt descriptor became readable
 *   MF_STREAM_FAILED       any other failure
 * and `text` then holds the last warning or error of GLib and libqmi, "" when there is none.
 */
#ifndef MF_DRIVER_QMI_H
#define MF_DRIVER_QMI_H

#include "stream/stream.h"

#include <stdbool.h>

enum mf_qmi_flag {
    MF_QMI_MBIM = 1,  /* the port speaks MBIM, which carries QMI */
    MF_QMI_PROXY = 2, /* through qmi-proxy (mbim-proxy), shared with other programs */
    MF_QMI_SYNC = 4   /* frees the clients of all other programs */
};

/* Zeroed: closed. It owns all GLib objects, so a caller may close it at any time. */
struct mf_qmi {
    struct _GMainContext *context; /* NULL: closed */
    struct _QmiDevice *device;
    struct _GByteArray *request; /* being built */
    struct _GByteArray *answer;  /* to the last request */
    uint16_t transaction;        /* of the last request, never 0 */
    int hangup_fd;               /* the port once more; only polled for a hang-up */
    bool gone;                   /* the port hung up */
    char text[200];
};

/* Opens a closed port. `flags` of mf_qmi_flag. On failure it is closed again. */
int mf_qmi_open(struct mf_qmi *self, const char *path, int flags, int timeout_ms, int interrupt);

/* Begins a request, adds its TLVs (length 1 to 65535; false if the message has no room) and sends it.
 * Service 0 (CTL) has client 0, all others the client id that CTL allocated. */
void mf_qmi_begin(struct mf_qmi *self, uint8_t service, uint8_t client, uint16_t message);
bool mf_qmi_add(struct mf_qmi *self, uint8_t type, const void *value, size_t length);
int mf_qmi_send(struct mf_qmi *self, int timeout_ms, int interrupt);

/* The value of a TLV of the last answer, NULL if it is not there; valid until the next begin. */
const uint8_t *mf_qmi_answer(struct mf_qmi *self, uint8_t type, uint16_t *length);

/* The name of an error number in TLV 0x02, "DeviceStorageFull" for 51; NULL when libqmi has none. */
const char *mf_qmi_error_name(int number);

/* Closes the port, whatever the result. Takes at most `timeout_ms` (MBIM closes with a message and its
 * answer) and one second more; an interrupt does not end it. May be called again. */
int mf_qmi_close(struct mf_qmi *self, int timeout_ms);

#endif

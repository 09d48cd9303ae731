// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* Sahara, as far as a loader of the 9x50 speaks it: the loader says hello once, the host asks for
 * command mode and executes Sierra's command "switch to Firehose". Afterwards both sides speak
 * Firehose (protocol/firehose.h).
 *
 * Nothing is sent before the hello. A loader that received a byte earlier refuses the switch until
 * it restarts (reference: firehose 4).
 */
#ifndef MF_PROTOCOL_SAHARA_H
#define MF_PROTOCOL_SAHARA_H

#include "protocol/conversation.h"

#include <stdbool.h>

enum {
    MF_SAHARA_TEXT = 64,  /* most bytes of the answer to the switch */
    MF_SAHARA_REST = 1024 /* most bytes kept that come behind that answer */
};

enum mf_sahara_failure {
    MF_SAHARA_NO_FAILURE,
    MF_SAHARA_SILENT,     /* no hello, or no answer, in time */
    MF_SAHARA_REFUSED,    /* end of transfer: `code` is its status */
    MF_SAHARA_UNEXPECTED, /* a message that does not belong here: `code` is its command */
    MF_SAHARA_OTHER       /* bytes that are no message of Sahara */
};

struct mf_sahara_timing { /* milliseconds; defaults: see mf_sahara_init */
    uint32_t settle_ms;   /* the loader is listened to at least so long, its hello may be early */
    uint32_t hello_ms;    /* more time for the hello */
    uint32_t reply_ms;    /* each answer */
};

struct mf_sahara {
    struct mf_conversation conversation; /* first: it is a conversation */
    struct mf_sahara_timing timing;      /* may be changed before the operation */
    enum mf_sahara_failure failure;
    uint32_t code;
    uint32_t mode; /* of the hello; it does not tell a crash (reference: firehose 4) */
    uint8_t rest[MF_SAHARA_REST]; /* bytes behind the answer to the switch, for the Firehose */
    size_t rest_length;
    /* the state machine's own */
    uint8_t state;
    bool sending;               /* the state's message is on its way; else its answer is awaited */
    bool greeted;               /* the hello came */
    uint32_t text_length;       /* announced, of the answer to the switch */
    uint8_t in[MF_SAHARA_TEXT]; /* the present message as far as it came: evidence of a failure */
    size_t in_length;
};

/* Defaults: settle 2000 ms, hello 6000 ms, replies 3000 ms. */
void mf_sahara_init(struct mf_sahara *sahara);

/* The operation: from the hello to the answer to the switch. False, changing nothing, when it was
 * begun before. */
bool mf_sahara_switch(struct mf_sahara *sahara);

/* "hello": the name of the present state. */
const char *mf_sahara_state_name(const struct mf_sahara *sahara);

#endif

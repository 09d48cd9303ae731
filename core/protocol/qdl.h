// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* QDL (SSDP), the download protocol of the 9x15 and 9x30 modems, as a conversation: bytes in and bytes
 * out. Each operation is begun by one function:
 *   mf_qdl_greet   0x70 and hello; both known answers to 0x70, and none, lead to the hello
 *   mf_qdl_image   hello, open unframed, writes, session done
 *   mf_qdl_reset   session close; no answer comes, the device vanishes
 * Sources of the wire facts: libqmi's updater, swi-update.c and published traces; see README.
 */
#ifndef MF_PROTOCOL_QDL_H
#define MF_PROTOCOL_QDL_H

#include "protocol/conversation.h"
#include "protocol/hdlc.h"

enum {
    MF_QDL_HEAD = 400,            /* bytes of the image that travel inside the open request */
    MF_QDL_CHUNK = 1024 * 1024,   /* image bytes of one write by default */
    MF_QDL_IMAGE_TYPE_CWE = 0x80, /* the only type for .cwe, .nvu and .spk of these models */
    MF_QDL_TEXT = 256             /* most bytes kept of an error's or a session done's text */
};

enum mf_qdl_failure {
    MF_QDL_NO_FAILURE,
    MF_QDL_SILENT,         /* no answer in time, repeats included */
    MF_QDL_NOT_QDL,        /* another protocol answers: see mf_qdl_other_protocol */
    MF_QDL_ERROR,          /* error frame 0x0d: code and text kept */
    MF_QDL_OPEN_REFUSED,   /* open unframed answered with a status: kept */
    MF_QDL_WRITE_REFUSED,  /* a write's answer has a bad status: kept */
    MF_QDL_WRONG_SEQUENCE, /* a write's answer is for another sequence number: kept */
    MF_QDL_DONE_REFUSED,   /* session done answered with a status: status, image type, text kept */
    MF_QDL_UNEXPECTED      /* a well-formed answer that does not belong here: command kept */
};

enum mf_qdl_other_protocol {
    MF_OTHER_NONE,
    MF_OTHER_DIAG,    /* DIAG "bad command" 0x13: the diagnostic port of a running modem */
    MF_OTHER_AT,      /* our own bytes echoed, or text: an AT port */
    MF_OTHER_SAHARA,  /* Sahara hello: memory debug mode (mode 2) or another family */
    MF_OTHER_BOOTROM, /* boot ROM NAK: the modem has no Sierra loader any more */
    MF_OTHER_UNKNOWN  /* bytes, but none of the above */
};

struct mf_qdl_timing {          /* milliseconds and counts; defaults: see mf_qdl_init */
    uint32_t greeting_ms;       /* silence after 0x70 or a greeting hello before it is repeated */
    uint32_t greeting_attempts; /* how often each is sent at most */
    uint32_t reply_ms;          /* answer to an image's hello and to its open */
    uint32_t ack_ms;            /* answer to a write */
    uint32_t final_ack_ms;      /* answer to the last write of an image */
    uint32_t done_ms;           /* answer to its session done */
};

enum { MF_QDL_PAYLOAD = 512, MF_QDL_RAW = 64 };
#define MF_SAHARA_MODE_UNKNOWN UINT32_MAX

struct mf_qdl {
    struct mf_conversation conversation; /* first: a QDL is a conversation */
    struct mf_qdl_timing timing;         /* may be changed between operations */
    /* what the modem answered; read by the caller */
    enum mf_qdl_failure failure;
    enum mf_qdl_other_protocol other_protocol;
    uint32_t code; /* of MF_QDL_ERROR; the status of a *_REFUSED; the sequence or command that
                      came; the mode of a Sahara hello, MF_SAHARA_MODE_UNKNOWN if it broke off */
    char text[MF_QDL_TEXT + 1]; /* the modem's own text with it, printable, NUL-terminated */
    uint8_t raw[MF_QDL_RAW];    /* the first bytes since the last good answer, as evidence */
    size_t raw_length;
    uint8_t failed_type;          /* of MF_QDL_DONE_REFUSED: the image type it is about */
    uint8_t version, features;    /* of the hello answer */
    uint32_t max_block;           /* of the hello answer */
    uint32_t acknowledged, total; /* image bytes behind the head: those acknowledged, and all */
    bool opened; /* the open of the present image was accepted, so the modem may hold a part */
    /* the state machine's own */
    uint8_t state;
    bool sending;       /* the state's packet is on its way; else its answer is awaited */
    bool speaks_qdl;    /* a good QDL answer has come */
    bool error_pending; /* an error came that did not end the operation; it becomes the failure when
                           no better answer comes */
    uint8_t image_type;
    uint16_t sequence; /* of the present write */
    uint32_t chunk, chunk_length;
    unsigned attempts;             /* how often the present packet was sent */
    unsigned unanswered_greetings; /* answers to earlier repeats that may still come */
    uint8_t head[MF_QDL_HEAD];
    uint8_t out[MF_HDLC_FRAME_MAX(MF_QDL_PAYLOAD)];
    size_t out_length;
    uint8_t in[MF_QDL_PAYLOAD];
    struct mf_hdlc_decoder decoder;
};

/* Defaults: greeting every 1000 ms at most 5 times, replies 5000 ms, writes 120000 ms, the last
 * one 180000 ms. The struct must not move afterwards. */
void mf_qdl_init(struct mf_qdl *qdl);

/* Operations. Each returns false, changing nothing, when the conversation is not between operations,
 * or for an image of fewer than 401 bytes or a chunk of 0. The ranges of an image are counted from
 * the byte behind its head. */
bool mf_qdl_greet(struct mf_qdl *qdl);
bool mf_qdl_image(struct mf_qdl *qdl, uint8_t image_type, const uint8_t head[MF_QDL_HEAD],
                  uint32_t file_size, uint32_t chunk);
bool mf_qdl_reset(struct mf_qdl *qdl);

/* "write": the name of the present state. */
const char *mf_qdl_state_name(const struct mf_qdl *qdl);

#endif

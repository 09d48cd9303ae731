// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* The packets of QDL as data: requests field by field, and the command and length of each answer.
 * Internal to qdl.c. All integers are little-endian. */
#ifndef MF_PROTOCOL_QDL_PACKET_H
#define MF_PROTOCOL_QDL_PACKET_H

#include "protocol/qdl.h"

/* Requests of the host. */
enum mf_qdl_packet {
    MF_QDL_NO_PACKET,
    MF_QDL_SWITCH_REQUEST, /* from the boot loader's DLOAD protocol to this one */
    MF_QDL_HELLO_REQUEST,
    MF_QDL_OPEN_REQUEST,
    MF_QDL_WRITE_REQUEST, /* an unframed header; the image bytes follow it */
    MF_QDL_DONE_REQUEST,
    MF_QDL_RESET_REQUEST
};

/* Puts the packet into qdl->out, framed if it has to be. */
void mf_qdl_build(struct mf_qdl *qdl, enum mf_qdl_packet packet);

/* Answers of the modem. */
enum mf_qdl_reply {
    MF_QDL_REPLY_UNKNOWN,
    MF_QDL_REPLY_ACK,
    MF_QDL_REPLY_HELLO,
    MF_QDL_REPLY_ERROR,
    MF_QDL_REPLY_OPEN,
    MF_QDL_REPLY_WRITE,
    MF_QDL_REPLY_DONE,
    MF_QDL_REPLY_DIAG,
    MF_QDL_REPLY_BOOTROM
};

enum mf_qdl_reply mf_qdl_classify(const uint8_t *payload, size_t length);

/* Where the fields of answers lie; mf_qdl_classify has seen that they are there. */
enum {
    MF_QDL_ERROR_CODE = 1,       /* u32 */
    MF_QDL_ERROR_TEXT = 5,       /* to the end */
    MF_QDL_HELLO_VERSION = 33,   /* u8, after 32 bytes of text */
    MF_QDL_HELLO_MAX_BLOCK = 35, /* u32 */
    MF_QDL_OPEN_STATUS = 1,      /* u16 */
    MF_QDL_WRITE_SEQUENCE = 1,   /* u16 */
    MF_QDL_WRITE_STATUS = 7,     /* u16 */
    MF_QDL_DONE_STATUS = 1,      /* u16 */
    MF_QDL_DONE_TYPE = 3,        /* u8 */
    MF_QDL_DONE_TEXT = 4         /* to the end */
};

/* The features of a hello answer, which lie behind two lists; 0 when it is too short for them. */
uint8_t mf_qdl_hello_features(const uint8_t *payload, size_t length);

/* The protocol of bytes that are no frames. A Sahara hello has no frame around it. */
enum { MF_SAHARA_MODE = 20, MF_SAHARA_MODE_END = 24 };
enum mf_qdl_other_protocol mf_qdl_identify(const uint8_t *bytes, size_t length);

#endif

// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* The states of a QDL conversation and their transitions. Internal to qdl.c. */
#ifndef MF_PROTOCOL_QDL_STATE_H
#define MF_PROTOCOL_QDL_STATE_H

#include "protocol/qdl.h"

enum mf_qdl_state {
    MF_STATE_IDLE, /* between operations */
    MF_STATE_SWITCH,
    MF_STATE_GREETING, /* the hello of a greeting */
    MF_STATE_HELLO,    /* the hello of an image */
    MF_STATE_OPEN,
    MF_STATE_WRITE,
    MF_STATE_DONE,
    MF_STATE_RESET
};

/* Enters a state and drops the bytes kept as evidence. */
void mf_qdl_advance(struct mf_qdl *qdl, enum mf_qdl_state state);

/* A good frame came. */
void mf_qdl_on_frame(struct mf_qdl *qdl, const uint8_t *payload, size_t length);
/* A byte was added to qdl->raw that completed no frame. */
void mf_qdl_on_raw(struct mf_qdl *qdl);
/* No answer in time: repeats, goes on or fails. */
void mf_qdl_on_silence(struct mf_qdl *qdl);

#endif

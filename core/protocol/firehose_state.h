// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* The states of a Firehose conversation, its documents, and what follows from those of the loader.
 * Internal to firehose.c. */
#ifndef MF_PROTOCOL_FIREHOSE_STATE_H
#define MF_PROTOCOL_FIREHOSE_STATE_H

#include "protocol/firehose.h"

enum mf_firehose_state {
    MF_AT_IDLE, /* between operations */
    MF_AT_PING,
    MF_AT_CONFIGURE,
    MF_AT_STORAGE,
    MF_AT_PROGRAM,
    MF_AT_RAW,     /* the ranges of an image are sent */
    MF_AT_ZEROS,   /* the zeros behind them are sent */
    MF_AT_VERDICT, /* the answer to the image is awaited */
    MF_AT_POWER
};

/* Enters a state; its message is the next to be sent. */
void mf_firehose_enter(struct mf_firehose *firehose, enum mf_firehose_state state);

/* Sends the state's command again; false when no attempt is left. */
bool mf_firehose_repeat(struct mf_firehose *firehose);

/* A byte of the loader came. */
void mf_firehose_take_byte(struct mf_firehose *firehose, uint8_t byte);

#endif

// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* The interface of a download protocol. A protocol says what is to happen next on the channel and is
 * given what happened; it does no I/O and knows no clock. Its struct begins with a struct
 * mf_conversation, so a pointer to the protocol is a pointer to its conversation.
 *
 * One conversation lasts as long as the port is open. Functions of the protocol's own begin an
 * operation ("send an image", "reset the modem"). An operation ends in MF_DONE, after which the next
 * one may begin, or in MF_FAILED, which is final; the protocol's own fields say why.
 */
#ifndef MF_PROTOCOL_CONVERSATION_H
#define MF_PROTOCOL_CONVERSATION_H

#include <stddef.h>
#include <stdint.h>

enum mf_want { MF_SEND, MF_RECEIVE, MF_DONE, MF_FAILED };

/* What is to happen next. A message (MF_SEND) is `length` bytes, then `image_length` bytes of the
 * image, then `padding` zero bytes; its parts go out together, as one stream of bytes. */
struct mf_next {
    enum mf_want want;
    const uint8_t *bytes;  /* SEND: the conversation's memory, unchanged until sent() */
    size_t length;         /* SEND: count of `bytes` */
    uint64_t image_offset; /* SEND: where the range begins; 0 is where the reader is when the
                              operation begins. Ranges come in order, each once, and all but the
                              last have the same length. */
    uint32_t image_length; /* SEND: 0: no image bytes */
    uint32_t padding;      /* SEND: only with a range, and at most as much as the range is shorter
                              than the others */
    uint32_t within_ms;    /* RECEIVE: how long to wait, whatever arrives meanwhile */
};

/* Bytes of the present image: those the modem has confirmed, and all. Both 0 without an image. */
struct mf_progress {
    uint64_t acknowledged, total;
};

struct mf_conversation {
    /* Answers the same until one of the other functions is called. */
    struct mf_next (*next)(const struct mf_conversation *self);
    /* The whole message of a SEND has been written. */
    void (*sent)(struct mf_conversation *self);
    /* These bytes arrived, at any time and in any split. In the middle of a SEND they may end the
     * conversation (MF_FAILED), but do not change the message. */
    void (*feed)(struct mf_conversation *self, const uint8_t *bytes, size_t length);
    /* A RECEIVE's time has passed. */
    void (*timed_out)(struct mf_conversation *self);
    struct mf_progress (*progress)(const struct mf_conversation *self);
};

#endif

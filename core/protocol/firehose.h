// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* Firehose, the download protocol of the 9x50 modems, as a conversation. It begins where Sahara has
 * switched to it (protocol/sahara.h). Each operation is begun by one function:
 *   mf_firehose_greet   ping, configure, storage info: the loader answers, and its sizes are known
 *   mf_firehose_image   program, the whole file, 512 zero bytes, the verdict of the loader
 *   mf_firehose_power   reset; the loader answers, or the device vanishes at once
 * Documents, their order, sizes and repeats are those of libqmi (reference: firehose 5 to 9).
 */
#ifndef MF_PROTOCOL_FIREHOSE_H
#define MF_PROTOCOL_FIREHOSE_H

#include "protocol/conversation.h"
#include "protocol/firehose_document.h"

enum {
    MF_FIREHOSE_OUT = 256,   /* bytes of the longest document of the host */
    MF_FIREHOSE_LOG = 256,   /* bytes kept of a log line, with its NUL */
    MF_FIREHOSE_LOGS = 8192, /* bytes of the log lines kept until they are taken */
    MF_FIREHOSE_RAW = 64     /* bytes kept as evidence */
};

enum mf_firehose_failure {
    MF_FIREHOSE_NO_FAILURE,
    MF_FIREHOSE_SILENT,        /* no answer in time, repeats included */
    MF_FIREHOSE_OTHER,         /* what answers sends no documents: see `raw` */
    MF_FIREHOSE_SAHARA,        /* a message of Sahara: the loader has not switched to Firehose */
    MF_FIREHOSE_REFUSED,       /* NAK to a command */
    MF_FIREHOSE_IMAGE_REFUSED, /* NAK in the middle or at the end of an image */
    MF_FIREHOSE_LIMITS,        /* the sizes that the loader names make no sense */
    MF_FIREHOSE_UNEXPECTED     /* the loader ends the image before it has all of it */
};

struct mf_firehose_timing {    /* milliseconds and counts; defaults: see mf_firehose_init */
    uint32_t command_ms;       /* answer to a command */
    uint32_t final_ack_ms;     /* the verdict, after the last byte of an image */
    uint32_t program_attempts; /* how often a program is sent at most */
    uint32_t power_attempts;   /* how often the reset is sent at most */
};

struct mf_firehose {
    struct mf_conversation conversation; /* first: it is a conversation */
    struct mf_firehose_timing timing;    /* may be changed between operations */
    enum mf_firehose_failure failure;
    uint32_t max_payload; /* bytes, as the loader says */
    uint32_t sector_size, pages_per_block;
    uint32_t range;               /* bytes of all image ranges of the present image but the last */
    uint32_t total;               /* bytes of the present image */
    uint32_t offset;              /* bytes of it that were sent */
    bool opened;                  /* its program was accepted, so the modem may hold a part */
    bool accepted;                /* the verdict on it was good */
    uint8_t raw[MF_FIREHOSE_RAW]; /* the first bytes since the last document, as evidence */
    size_t raw_length;
    char logs
        [MF_FIREHOSE_LOGS]; /* the loader's log lines, each NUL-terminated; the caller takes them
                                    by setting logs_length to 0 */
    size_t logs_length;
    /* the state machine's own */
    uint8_t state;
    bool sending;      /* the state's message is on its way; else its answer is awaited */
    bool zeros_read;   /* the last log says that zeros are no document: the next NAK is theirs */
    unsigned attempts; /* how often the present command was sent */
    unsigned zeros_refused; /* how often it was repeated because of the zeros of before */
    struct mf_document document;
    uint8_t out[MF_FIREHOSE_OUT];
    size_t out_length;
};

/* Defaults: commands 10000 ms, the verdict 300000 ms, a program 3 times, the reset 10 times. */
void mf_firehose_init(struct mf_firehose *firehose);

/* Operations. Each returns false, changing nothing, when the conversation is not between operations;
 * an image also when it is empty or the loader was not greeted. `chunk` bytes are what one range of
 * the image has at most; it becomes a whole number of the loader's blocks, at least one: `range`. */
bool mf_firehose_greet(struct mf_firehose *firehose);
bool mf_firehose_image(struct mf_firehose *firehose, uint32_t file_size, uint32_t chunk);
bool mf_firehose_power(struct mf_firehose *firehose);

/* "program": the name of the present state. */
const char *mf_firehose_state_name(const struct mf_firehose *firehose);

#endif

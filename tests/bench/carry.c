// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

#include "carry.h"

#include "figures.h"
#include "protocol/qdl.h"
#include "stream/transfer.h"
#include "stream/verify_reader.h"

enum { PATIENCE_MS = 10000 };

static void read_head(struct mf_reader *reader, uint8_t head[MF_QDL_HEAD])
{
    size_t have = 0;

    while (have < MF_QDL_HEAD) {
        ssize_t count = reader->read(reader, head + have, MF_QDL_HEAD - have, PATIENCE_MS);

        if (count <= 0)
            die("head");
        have += (size_t)count;
    }
}

void carry(struct mf_port *port, struct mf_reader *reader, uint32_t size, uint32_t write_size,
           bool verified)
{
    static struct mf_qdl qdl;
    static struct mf_verify_reader verifier;
    static uint8_t buffer[MF_TRANSFER_BUFFER(MF_QDL_CHUNK)];
    uint8_t head[MF_QDL_HEAD];
    struct mf_transfer transfer = {.conversation = &qdl.conversation,
                                   .channel = &port->channel,
                                   .reader = verified ? &verifier.reader : reader,
                                   .buffer = buffer,
                                   .chunk = MF_QDL_CHUNK,
                                   .write_size = write_size,
                                   .stall_ms = PATIENCE_MS,
                                   .source_ms = PATIENCE_MS,
                                   .interrupt = -1};

    mf_verify_reader_init(&verifier, reader, true, NULL);
    read_head(transfer.reader, head);
    mf_qdl_init(&qdl);
    mf_qdl_image(&qdl, MF_QDL_IMAGE_TYPE_CWE, head, size, MF_QDL_CHUNK);
    if (mf_transfer_run(&transfer) != MF_TRANSFER_DONE)
        die("transfer");
}

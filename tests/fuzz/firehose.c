// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* Invariant: from any bytes, in any split, a conversation ends in DONE or FAILED within a bounded
 * number of steps. The ranges of an image come in order, each once, all of the same length but the
 * last, which is padded to a whole sector; no document is a multiple of 512 bytes long.
 *
 * The input is what the loader does, as orders: SAY and a number: one of its documents; count: so many
 * bytes follow; QUIET: it is silent. The high bit lets it happen while we still send. When the input
 * ends, all is silent. */
#include "protocol/firehose.h"

#include <stdlib.h>
#include <string.h>

enum { SAY = 0x20, QUIET = 0x40, EARLY = 0x80, COUNT = 0x1f, STEPS_WITHOUT_ANSWERS = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t length);

#define DOCUMENT(content) "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n<data>\n" content
#define RESPONSE(content) DOCUMENT("<response value=" content " />\n</data>")
#define LOG(text) DOCUMENT("<log value=\"" text "\"/>\n</data>")
#define NEW_LOG(text) DOCUMENT("<log value=\"" text "\" /></data>")

/* The documents of a loader (reference: firehose 5, 6, 9). */
static const char *const documents[] = {
    RESPONSE("\"ACK\""),
    RESPONSE("\"NAK\""),
    RESPONSE("\"ACK\" rawmode=\"true\""),
    RESPONSE("\"ACK\" rawmode=\"false\""),
    RESPONSE("\"NAK\" rawmode=\"false\""),
    RESPONSE("\"NAK\" MemoryName=\"NAND\" MaxPayloadSizeFromTargetInBytes=\"2048\" "
             "MaxPayloadSizeToTargetInBytes=\"8192\" "
             "MaxPayloadSizeToTargetInBytesSupported=\"8192\" TargetName=\"9x55\""),
    LOG("SWI supported functions: CWE"),
    LOG("SECTOR_SIZE_IN_BYTES = 512"),
    LOG("PAGES_IN_BLOCK=16"),
    LOG("ERROR: XML not formed correctly. Expected a &lt; character at loc 0"),
    NEW_LOG("ERROR: Failed to parse xml, error at offset 506, 512"),
    NEW_LOG("ERROR: Failed to run the last command -1"),
};

struct loader {
    const uint8_t *input;
    size_t left;
    uint64_t next_offset;
    bool short_range; /* the last one */
};

static void require(bool holds)
{
    if (!holds)
        abort();
}

static struct mf_next next_of(const struct mf_firehose *firehose)
{
    return firehose->conversation.next(&firehose->conversation);
}

static void on_sent(struct mf_firehose *firehose)
{
    firehose->conversation.sent(&firehose->conversation);
}

static void on_text(struct mf_firehose *firehose, const char *text)
{
    firehose->conversation.feed(&firehose->conversation, (const uint8_t *)text, strlen(text));
}

static void on_silence(struct mf_firehose *firehose)
{
    firehose->conversation.timed_out(&firehose->conversation);
}

/* Obeys the next order. */
static void obey(struct loader *loader, struct mf_firehose *firehose)
{
    uint8_t order = *loader->input++;
    size_t count = order & COUNT;

    loader->left--;
    if (order & QUIET) {
        on_silence(firehose);
    } else if (order & SAY) {
        on_text(firehose, documents[count % (sizeof documents / sizeof *documents)]);
    } else {
        if (count > loader->left)
            count = loader->left;
        firehose->conversation.feed(&firehose->conversation, loader->input, count);
        loader->input += count, loader->left -= count;
    }
}

static void check_range(struct loader *loader, const struct mf_firehose *firehose,
                        const struct mf_next *next)
{
    require(next->image_offset == loader->next_offset && !loader->short_range);
    require(next->image_length <= firehose->total - next->image_offset);
    require(next->image_length + next->padding <= firehose->range);
    require((next->image_length + next->padding) % firehose->sector_size == 0);
    loader->next_offset += next->image_length;
    loader->short_range = next->image_length < firehose->range;
}

static void check_send(struct loader *loader, struct mf_firehose *firehose)
{
    struct mf_next next = next_of(firehose), after;

    require(next.image_length > 0 || next.length == 512 || next.length % 512 != 0);
    while (loader->left > 0 && (*loader->input & EARLY) != 0)
        obey(loader, firehose);
    after = next_of(firehose);
    if (after.want == MF_FAILED)
        return;
    require(after.want == MF_SEND && after.bytes == next.bytes && after.length == next.length);
    require(after.image_offset == next.image_offset && after.image_length == next.image_length);
    if (next.image_length > 0)
        check_range(loader, firehose, &next);
    on_sent(firehose);
}

/* Runs the present operation to its end. Returns whether it is DONE. */
static bool run(struct loader *loader, struct mf_firehose *firehose)
{
    size_t most = 16 * (loader->left + STEPS_WITHOUT_ANSWERS);
    struct mf_next next;

    for (next = next_of(firehose); next.want == MF_SEND || next.want == MF_RECEIVE;
         next = next_of(firehose)) {
        require(most-- > 0);
        if (next.want == MF_SEND)
            check_send(loader, firehose);
        else if (loader->left > 0)
            obey(loader, firehose);
        else
            on_silence(firehose);
    }
    require((next.want == MF_FAILED) == (firehose->failure != MF_FIREHOSE_NO_FAILURE));
    require(firehose->logs_length <= sizeof firehose->logs);
    require(firehose->logs_length == 0 || firehose->logs[firehose->logs_length - 1] == '\0');
    require(firehose->raw_length <= sizeof firehose->raw);
    firehose->logs_length = 0;
    return next.want == MF_DONE;
}

static void run_image(struct loader *loader, struct mf_firehose *firehose, uint32_t file_size,
                      uint32_t chunk)
{
    loader->next_offset = 0;
    loader->short_range = false;
    if (mf_firehose_image(firehose, file_size, chunk) && run(loader, firehose))
        require(loader->next_offset == file_size && firehose->accepted);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t length)
{
    static struct mf_firehose firehose;
    struct loader loader;

    if (length < 2)
        return 0;
    loader = (struct loader){.input = input + 2, .left = length - 2};
    mf_firehose_init(&firehose);
    require(!mf_firehose_image(&firehose, 1, 1) && mf_firehose_greet(&firehose));
    if (!run(&loader, &firehose))
        return 0;
    run_image(&loader, &firehose, (input[0] + 1) * 128U, input[1] * 1024U);
    run_image(&loader, &firehose, UINT32_MAX, UINT32_MAX);
    if (mf_firehose_power(&firehose))
        run(&loader, &firehose);
    return 0;
}

// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

#include "protocol/cwe.h"

#include "protocol/crc.h"
#include "protocol/endian.h"

#include <string.h>

#define REVISION 3u
#define INDICATOR_GOOD 0x474f4f44u
#define INDICATOR_NOPE 0x4e4f5045u
#define INDICATOR_UNSET 0xffffffffu

/* --- the header as a table of its fields ----------------------------------------------------- */

enum { CRC_AT = 0x100 }; /* of the 256 bytes before it */

static const struct {
    size_t at, width, to;
} texts[] = {
    {0x10c, 4, offsetof(struct mf_cwe_header, type)},
    {0x110, 4, offsetof(struct mf_cwe_header, product)},
    {0x11c, MF_CWE_VERSION, offsetof(struct mf_cwe_header, version)},
    {0x170, MF_CWE_DATE, offsetof(struct mf_cwe_header, date)},
};

static const struct {
    size_t at, to;
} numbers[] = {
    {CRC_AT, offsetof(struct mf_cwe_header, header_crc)},
    {0x104, offsetof(struct mf_cwe_header, revision)},
    {0x108, offsetof(struct mf_cwe_header, crc_indicator)},
    {0x114, offsetof(struct mf_cwe_header, image_size)},
    {0x118, offsetof(struct mf_cwe_header, image_crc)},
    {0x178, offsetof(struct mf_cwe_header, compatibility)},
    {0x180, offsetof(struct mf_cwe_header, storage_address)},
    {0x184, offsetof(struct mf_cwe_header, program_address)},
    {0x188, offsetof(struct mf_cwe_header, entry_point)},
    {0x18c, offsetof(struct mf_cwe_header, signature)},
};

static const struct {
    size_t at, to;
} single_bytes[] = {
    {0x001, offsetof(struct mf_cwe_header, package_code)},
    {0x17c, offsetof(struct mf_cwe_header, options)},
};

#define ROWS(table) (sizeof(table) / sizeof *(table))

/* Copies a zero-padded text. `out` has room for one more NUL and is zeroed. Returns whether the text
 * is printable and padded with zeros only. */
static bool copy_text(char *out, const uint8_t *bytes, size_t width)
{
    bool padding = false, clean = true;

    for (size_t i = 0; i < width; i++) {
        bool printable = bytes[i] >= ' ' && bytes[i] <= '~';

        padding = padding || bytes[i] == '\0';
        clean = clean && (padding ? bytes[i] == '\0' : printable);
        if (!padding)
            out[i] = (char)(printable ? bytes[i] : '?');
    }
    return clean;
}

bool mf_cwe_parse(struct mf_cwe_header *header, const uint8_t bytes[MF_CWE_HEADER])
{
    char *fields = (char *)header;

    *header = (struct mf_cwe_header){.printable = true};
    for (size_t i = 0; i < ROWS(texts); i++)
        if (!copy_text(fields + texts[i].to, bytes + texts[i].at, texts[i].width))
            header->printable = false;
    for (size_t i = 0; i < ROWS(numbers); i++) {
        uint32_t value = mf_get_u32be(bytes + numbers[i].at);

        memcpy(fields + numbers[i].to, &value, sizeof value);
    }
    for (size_t i = 0; i < ROWS(single_bytes); i++)
        memcpy(fields + single_bytes[i].to, bytes + single_bytes[i].at, 1);
    return mf_crc32(MF_CRC32_EMPTY, bytes, MF_CWE_CRC_SPAN) == header->header_crc;
}

/* --- the verifier ---------------------------------------------------------------------------- */

static void report(struct mf_cwe *cwe, enum mf_cwe_problem_kind kind, uint64_t offset)
{
    if (cwe->problem_count < MF_CWE_PROBLEMS)
        cwe->problems[cwe->problem_count] = (struct mf_cwe_problem){kind, offset};
    cwe->problem_count++;
}

/* Where the record around the current position ends. */
static uint64_t current_end(const struct mf_cwe *cwe)
{
    return cwe->open_count > 0 ? cwe->open[cwe->open_count - 1].end : UINT64_MAX;
}

static void look_for_header(struct mf_cwe *cwe)
{
    cwe->header_length = 0;
    cwe->looking = current_end(cwe) - cwe->position >= MF_CWE_HEADER;
}

static void check_fields(struct mf_cwe *cwe, const struct mf_cwe_header *header, uint64_t offset)
{
    uint32_t indicator = header->crc_indicator;

    if (header->revision != REVISION)
        report(cwe, MF_CWE_UNKNOWN_REVISION, offset);
    if (indicator != INDICATOR_GOOD && indicator != INDICATOR_NOPE && indicator != INDICATOR_UNSET)
        report(cwe, MF_CWE_UNKNOWN_INDICATOR, offset);
    if (!header->printable)
        report(cwe, MF_CWE_NOT_PRINTABLE, offset);
    if (header->image_size == 0)
        report(cwe, MF_CWE_EMPTY, offset);
}

/* The data of a record begins at the current position. */
static void open_record(struct mf_cwe *cwe, struct mf_cwe_record *record)
{
    uint64_t parent_end = current_end(cwe);
    uint64_t end = cwe->position + record->header.image_size;
    bool beyond = end > parent_end;

    if (beyond)
        report(cwe, MF_CWE_BEYOND_PARENT, record->offset);
    cwe->open[cwe->open_count].record = cwe->record_count++;
    cwe->open[cwe->open_count].end = beyond ? parent_end : end;
    cwe->open[cwe->open_count].beyond = beyond;
    cwe->open[cwe->open_count].crc_before = cwe->crc;
    cwe->open_count++;
    look_for_header(cwe);
}

/* Inside a record, bytes with a wrong CRC are data. At the start of the file they are a damaged
 * header if they look like one, else another kind of file. */
static bool looks_like_header(const struct mf_cwe *cwe, const struct mf_cwe_header *header)
{
    return cwe->open_count == 0 && header->printable && header->type[0] != '\0' &&
           header->revision == REVISION;
}

static void consider_header(struct mf_cwe *cwe)
{
    uint64_t offset = cwe->position - MF_CWE_HEADER;
    struct mf_cwe_header header;
    bool good = mf_cwe_parse(&header, cwe->header);
    struct mf_cwe_record *record;

    cwe->looking = false;
    if (!good && !looks_like_header(cwe, &header)) {
        if (cwe->open_count == 0)
            report(cwe, MF_CWE_NOT_CWE, offset);
        return;
    }
    if (cwe->open_count == MF_CWE_DEPTH || cwe->record_count == MF_CWE_RECORDS) {
        report(cwe, cwe->open_count == MF_CWE_DEPTH ? MF_CWE_TOO_DEEP : MF_CWE_TOO_MANY, offset);
        return;
    }
    if (!good)
        report(cwe, MF_CWE_BAD_HEADER_CRC, offset);
    record = &cwe->records[cwe->record_count];
    *record = (struct mf_cwe_record){.header = header,
                                     .offset = offset,
                                     .depth = cwe->open_count,
                                     .header_crc = good ? MF_CWE_OK : MF_CWE_BAD};
    check_fields(cwe, &header, offset);
    open_record(cwe, record);
}

static void check_image(struct mf_cwe *cwe, struct mf_cwe_record *record, uint32_t crc_before)
{
    record->computed_crc = mf_crc32_tail(crc_before, cwe->crc, record->header.image_size);
    record->image_crc = record->computed_crc == record->header.image_crc ? MF_CWE_OK : MF_CWE_BAD;
    if (record->image_crc == MF_CWE_BAD)
        report(cwe, MF_CWE_BAD_IMAGE_CRC, record->offset);
}

/* Closes the records that end here, the innermost first. A sibling may follow. */
static void close_ended(struct mf_cwe *cwe)
{
    bool closed = false;

    while (cwe->open_count > 0 && cwe->position == current_end(cwe)) {
        cwe->open_count--;
        if (!cwe->open[cwe->open_count].beyond)
            check_image(cwe, &cwe->records[cwe->open[cwe->open_count].record],
                        cwe->open[cwe->open_count].crc_before);
        closed = true;
    }
    if (closed && cwe->open_count > 0)
        look_for_header(cwe);
}

static size_t least(uint64_t room, size_t length)
{
    return room < length ? (size_t)room : length;
}

static size_t take(struct mf_cwe *cwe, const uint8_t *bytes, size_t length)
{
    cwe->crc = mf_crc32(cwe->crc, bytes, length);
    cwe->position += length;
    return length;
}

static size_t take_header(struct mf_cwe *cwe, const uint8_t *bytes, size_t length)
{
    length = least(MF_CWE_HEADER - cwe->header_length, length);
    memcpy(cwe->header + cwe->header_length, bytes, length);
    cwe->header_length += length;
    take(cwe, bytes, length);
    if (cwe->header_length == MF_CWE_HEADER)
        consider_header(cwe);
    return length;
}

void mf_cwe_init(struct mf_cwe *cwe)
{
    *cwe = (struct mf_cwe){.crc = MF_CRC32_EMPTY, .looking = true};
}

static bool is_outermost_end(const struct mf_cwe *cwe)
{
    return cwe->record_count > 0 && cwe->open_count == 0 &&
           cwe->position == MF_CWE_HEADER + (uint64_t)cwe->records[0].header.image_size;
}

void mf_cwe_feed(struct mf_cwe *cwe, const uint8_t *bytes, size_t length)
{
    while (length > 0) {
        size_t taken;

        if (is_outermost_end(cwe))
            report(cwe, MF_CWE_TRAILING_BYTES, cwe->position);
        taken = cwe->looking ? take_header(cwe, bytes, length)
                             : take(cwe, bytes, least(current_end(cwe) - cwe->position, length));
        bytes += taken;
        length -= taken;
        close_ended(cwe);
    }
}

bool mf_cwe_finish(struct mf_cwe *cwe)
{
    if (cwe->open_count > 0 || cwe->position < MF_CWE_HEADER)
        report(cwe, MF_CWE_TRUNCATED, cwe->position);
    return cwe->problem_count == 0;
}

bool mf_cwe_is_permanent(const struct mf_cwe *cwe)
{
    if (cwe->record_count == 0)
        return !cwe->looking;
    return cwe->position > MF_CWE_HEADER + (uint64_t)cwe->records[0].header.image_size;
}

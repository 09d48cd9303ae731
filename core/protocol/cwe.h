// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* The CWE image container: 400-byte headers in front of their data, nested to any depth, each with
 * a CRC over its first 256 bytes and one over its data (big-endian; reference: CWE container).
 *
 * The verifier gets a file in any split and keeps no image bytes. A nested header can only be at the
 * start of a record's data or after a sibling, and is recognized by its 256-byte CRC; other bytes
 * there are data up to the end of the record around them. One running CRC serves all depths, so each
 * byte is summed once. All memory is the struct's own, bounded by the constants below; safe on any
 * input.
 *
 * The last 144 bytes of the outermost header are under no CRC. Of them revision, indicator, size,
 * image CRC and the padding of the texts are checked against the rest of the file.
 */
#ifndef MF_PROTOCOL_CWE_H
#define MF_PROTOCOL_CWE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MF_CWE_HEADER = 400,
    MF_CWE_CRC_SPAN = 256, /* bytes of the header under its own CRC */
    MF_CWE_VERSION = 84,
    MF_CWE_DATE = 8,
    MF_CWE_DEPTH = 8,    /* deepest nesting followed */
    MF_CWE_RECORDS = 128 /* most records kept; more is a problem of its own */
};

enum mf_cwe_verdict { MF_CWE_UNCHECKED, MF_CWE_OK, MF_CWE_BAD };

struct mf_cwe_header {
    char type[5];    /* SPKG FILE NVUP BOOT ...; text fields are NUL-terminated here, and bytes */
    char product[5]; /* that are not printable are shown as '?' */
    char version[MF_CWE_VERSION + 1];
    char date[MF_CWE_DATE + 1];
    uint32_t header_crc, revision, crc_indicator, image_size, image_crc;
    uint32_t compatibility, storage_address, program_address, entry_point, signature;
    uint8_t options;
    uint8_t package_code; /* file header in the first 256 bytes: 0 none, 2 carrier PRI, 3 OEM PRI */
    bool printable;       /* all text fields are printable and zero-padded */
};

/* Reads the fields of a 400-byte header. Returns whether its 256-byte CRC is right. */
bool mf_cwe_parse(struct mf_cwe_header *header, const uint8_t bytes[MF_CWE_HEADER]);

struct mf_cwe_record {
    struct mf_cwe_header header;
    uint64_t offset; /* of the header, from the file's first byte */
    unsigned depth;  /* 0: outermost */
    enum mf_cwe_verdict header_crc, image_crc;
    uint32_t computed_crc; /* of the image data, when image_crc is not MF_CWE_UNCHECKED */
};

enum mf_cwe_problem_kind {
    MF_CWE_NO_PROBLEM,
    MF_CWE_NOT_CWE,           /* the file does not begin with a header */
    MF_CWE_BAD_HEADER_CRC,    /* the file begins with a header, but its CRC is wrong */
    MF_CWE_BAD_IMAGE_CRC,     /* of a record's data */
    MF_CWE_UNKNOWN_REVISION,  /* header revision is not 3 */
    MF_CWE_UNKNOWN_INDICATOR, /* CRC indicator is not GOOD, NOPE or ff ff ff ff */
    MF_CWE_NOT_PRINTABLE,     /* a text field holds other bytes */
    MF_CWE_EMPTY,             /* image size 0 */
    MF_CWE_BEYOND_PARENT,     /* a record's data ends after its parent's */
    MF_CWE_TRUNCATED,         /* the file ends inside a record */
    MF_CWE_TRAILING_BYTES,    /* the file goes on after the outermost record */
    MF_CWE_TOO_DEEP,
    MF_CWE_TOO_MANY
};

struct mf_cwe_problem {
    enum mf_cwe_problem_kind kind;
    uint64_t offset; /* of the record, or of the first wrong byte */
};

enum { MF_CWE_PROBLEMS = 16 };

struct mf_cwe {
    struct mf_cwe_record records[MF_CWE_RECORDS];
    unsigned record_count;
    struct mf_cwe_problem problems[MF_CWE_PROBLEMS]; /* the first ones; all are counted */
    unsigned problem_count;
    uint32_t crc;      /* running, over the whole file so far */
    uint64_t position; /* bytes fed */
    /* the verifier's own */
    struct {
        unsigned record;
        uint64_t end; /* where its data ends, never after that of the record around it */
        uint32_t crc_before;
        bool beyond; /* its stated end was later, so its CRC is unknown */
    } open[MF_CWE_DEPTH];
    unsigned open_count;
    uint8_t header[MF_CWE_HEADER];
    size_t header_length;
    bool looking; /* a header may begin at the current position */
};

void mf_cwe_init(struct mf_cwe *cwe);
void mf_cwe_feed(struct mf_cwe *cwe, const uint8_t *bytes, size_t length);
/* No more bytes will come. Returns whether the file is good as a whole. May be called once. */
bool mf_cwe_finish(struct mf_cwe *cwe);
/* Whether the problems are permanent, however many bytes follow: no image begins here, or bytes came
 * after its end. */
bool mf_cwe_is_permanent(const struct mf_cwe *cwe);

#endif

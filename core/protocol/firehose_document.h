// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* The documents that a Firehose loader sends: small pieces of XML, one after the other, without a
 * length. A document ends with "</data>" (reference: firehose 5). Only what these documents contain is
 * understood: elements without a body, attributes in quotes, the five entities. */
#ifndef MF_PROTOCOL_FIREHOSE_DOCUMENT_H
#define MF_PROTOCOL_FIREHOSE_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MF_DOCUMENT = 4096 }; /* bytes of the longest document; a longer one is dropped */

struct mf_document {
    char text[MF_DOCUMENT];
    size_t length;
};

/* Adds a byte. Returns whether the text is a complete document now; it is dropped with the next
 * byte. Bytes in front of a document are dropped, and so is one that another one interrupts. */
bool mf_document_feed(struct mf_document *document, uint8_t byte);

/* An element <name attributes />, within the text of its document. */
struct mf_element {
    const char *name, *attributes, *end;
    size_t name_length;
};

/* The next element at or behind `*at`, which is moved behind it. False when there is none. */
bool mf_element_next(const char **at, const char *end, struct mf_element *element);

bool mf_element_is(const struct mf_element *element, const char *name);

/* The value of an attribute with its entities replaced, at most `capacity` - 1 bytes, printable,
 * NUL-terminated. False, and an empty text, when there is none. */
bool mf_element_attribute(const struct mf_element *element, const char *name, char *out,
                          size_t capacity);

/* A decimal number, perhaps with blanks around it; `absent` for any other text and above 2^31 - 1. */
uint32_t mf_number_of(const char *text, uint32_t absent);

#endif

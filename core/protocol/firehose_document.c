// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

#include "protocol/firehose_document.h"

#include <string.h>

static const char beginning[] = "<?xml", ending[] = "</data>";

static bool ends_with(const struct mf_document *document, const char *text)
{
    size_t length = strlen(text);

    return document->length >= length &&
           memcmp(document->text + document->length - length, text, length) == 0;
}

bool mf_document_feed(struct mf_document *document, uint8_t byte)
{
    if (ends_with(document, ending) || document->length == sizeof document->text)
        document->length = 0;
    if (document->length == 0 && byte != '<')
        return false;
    document->text[document->length++] = (char)byte;
    if (ends_with(document, beginning)) {
        memcpy(document->text, beginning, strlen(beginning));
        document->length = strlen(beginning);
    }
    return ends_with(document, ending);
}

/* --- elements -------------------------------------------------------------------------------- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_name(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && is_blank(*at))
        at++;
    return at;
}

static const char *skip_name(const char *at, const char *end)
{
    while (at < end && is_name(*at))
        at++;
    return at;
}

/* The ">" of a tag; one within quotes is text. */
static const char *end_of_tag(const char *at, const char *end)
{
    char quote = '\0';

    for (; at < end && (quote != '\0' || *at != '>'); at++)
        if (*at == quote)
            quote = '\0';
        else if (quote == '\0' && (*at == '"' || *at == '\''))
            quote = *at;
    return at;
}

/* The tags of "<?xml ?>" and "</data>" have no name. */
bool mf_element_next(const char **at, const char *end, struct mf_element *element)
{
    const char *from = *at;

    while (from < end) {
        from = memchr(from, '<', (size_t)(end - from));
        if (from == NULL)
            break;
        element->name = ++from;
        element->attributes = skip_name(from, end);
        element->name_length = (size_t)(element->attributes - from);
        element->end = *at = from = end_of_tag(from, end);
        if (element->name_length > 0)
            return true;
    }
    *at = end;
    return false;
}

static bool is_text(const char *at, size_t length, const char *text)
{
    return length == strlen(text) && memcmp(at, text, length) == 0;
}

bool mf_element_is(const struct mf_element *element, const char *name)
{
    return is_text(element->name, element->name_length, name);
}

/* --- attributes ------------------------------------------------------------------------------ */

struct attribute {
    const char *name, *value;
    size_t name_length, value_length;
};

/* Reads name="value" at `*at`. False at anything else, as at the "/" in front of the end. */
static bool next_attribute(const char **at, const char *end, struct attribute *attribute)
{
    const char *from = skip_blanks(*at, end), *closing;

    attribute->name = from;
    from = skip_name(from, end);
    attribute->name_length = (size_t)(from - attribute->name);
    from = skip_blanks(from, end);
    if (attribute->name_length == 0 || from == end || *from++ != '=')
        return false;
    from = skip_blanks(from, end);
    if (from == end || (*from != '"' && *from != '\''))
        return false;
    closing = memchr(from + 1, *from, (size_t)(end - from - 1));
    if (closing == NULL)
        return false;
    attribute->value = from + 1;
    attribute->value_length = (size_t)(closing - attribute->value);
    *at = closing + 1;
    return true;
}

static const struct {
    const char *text;
    char means;
} entities[] = {{"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}, {"&amp;", '&'}};

/* The character at `*at`, which is moved behind it. */
static char next_character(const char **at, const char *end)
{
    char c = *(*at)++;

    if (c != '&')
        return (char)(c >= ' ' && c <= '~' ? c : '?');
    for (size_t i = 0; i < sizeof entities / sizeof *entities; i++) {
        size_t length = strlen(entities[i].text) - 1;

        if ((size_t)(end - *at) >= length && memcmp(*at, entities[i].text + 1, length) == 0) {
            *at += length;
            return entities[i].means;
        }
    }
    return c;
}

static void copy_value(const struct attribute *attribute, char *out, size_t capacity)
{
    const char *at = attribute->value, *end = at + attribute->value_length;
    size_t length = 0;

    while (at < end && length + 1 < capacity)
        out[length++] = next_character(&at, end);
    out[length] = '\0';
}

bool mf_element_attribute(const struct mf_element *element, const char *name, char *out,
                          size_t capacity)
{
    const char *at = element->attributes;
    struct attribute attribute;

    out[0] = '\0';
    while (next_attribute(&at, element->end, &attribute))
        if (is_text(attribute.name, attribute.name_length, name)) {
            copy_value(&attribute, out, capacity);
            return true;
        }
    return false;
}

uint32_t mf_number_of(const char *text, uint32_t absent)
{
    const char *end = text + strlen(text), *at = skip_blanks(text, end);
    uint32_t number = 0;
    const char *digits = at;

    for (; at < end && *at >= '0' && *at <= '9'; at++) {
        if (number > (INT32_MAX - 9) / 10)
            return absent;
        number = number * 10 + (uint32_t)(*at - '0');
    }
    return at > digits && skip_blanks(at, end) == end ? number : absent;
}

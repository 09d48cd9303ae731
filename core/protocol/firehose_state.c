// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* A state sends one document and awaits its response; the states of an image send its bytes. Log lines
 * come at any time.
 *
 * The loader takes the 512 zero bytes behind an image for a document and complains. Its complaint, a
 * log line, and the NAK of some loaders may come with the answer to the image or to the next command.
 * Such a NAK does not count; where it came instead of an answer, the command is sent again
 * (reference: firehose 9). */
#include "protocol/firehose_state.h"

#include "protocol/endian.h"

#include <string.h>

enum {
    REQUESTED_PAYLOAD = 1048576, /* as named in the configure document */
    LEAST_SECTOR = 512,
    MOST_SECTOR = 16384,
    MOST_PAGES = 65536,
    MOST_ZEROS_REFUSED = 8, /* repeats of one command because of the zeros */
    VALUE = 32,             /* bytes kept of an attribute's value */
    SAHARA_HEADER = 8,
    SAHARA_LONGEST = 256
};

/* --- documents of the host -------------------------------------------------------------------- */

#define BEGINNING "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n<data>\n"
#define ENDING "\n</data>\n\n"

/* A number replaces each "@". */
static const struct row {
    const char *name;
    const char *document; /* NULL: none is sent */
} states[] = {
    [MF_AT_IDLE] = {"idle", NULL},
    [MF_AT_PING] = {"ping", BEGINNING "<NOP value=\"ping\" />" ENDING},
    [MF_AT_CONFIGURE] = {"configure", BEGINNING
                         "<configure MemoryName=\"eMMC\" Verbose=\"0\" AlwaysValidate=\"0\" "
                         "MaxDigestTableSizeInBytes=\"8192\" "
                         "MaxPayloadSizeToTargetInBytes=\"1048576\" ZlpAwareHost=\"0\" "
                         "SkipStorageInit=\"0\" TargetName=\"8960\" />" ENDING},
    [MF_AT_STORAGE] = {"storage info",
                       BEGINNING "<getStorageInfo physical_partition_number=\"0\" />" ENDING},
    [MF_AT_PROGRAM] =
        {"program", BEGINNING
         "<program PAGES_PER_BLOCK=\"@\" SECTOR_SIZE_IN_BYTES=\"@\" filename=\"spkg.cwe\" "
         "num_partition_sectors=\"@\" physical_partition_number=\"0\" "
         "start_sector=\"-1\" />" ENDING},
    [MF_AT_RAW] = {"data", NULL},
    [MF_AT_ZEROS] = {"end of the data", NULL},
    [MF_AT_VERDICT] = {"verdict", NULL},
    [MF_AT_POWER] = {"reset", BEGINNING "<power DelayInSeconds=\"0\" value=\"reset\" />" ENDING},
};

static void put(struct mf_firehose *firehose, char c)
{
    if (firehose->out_length < sizeof firehose->out)
        firehose->out[firehose->out_length++] = (uint8_t)c;
}

static void put_number(struct mf_firehose *firehose, uint32_t number)
{
    uint32_t place = 1;

    while (number / place >= 10)
        place *= 10;
    for (; place > 0; place /= 10)
        put(firehose, (char)('0' + number / place % 10));
}

static uint32_t sectors_of(const struct mf_firehose *firehose)
{
    return firehose->total / firehose->sector_size +
           (firehose->total % firehose->sector_size != 0 ? 1 : 0);
}

static void build(struct mf_firehose *firehose, const char *document)
{
    const uint32_t numbers[] = {firehose->pages_per_block, firehose->sector_size,
                                sectors_of(firehose)};
    size_t next = 0;

    firehose->out_length = 0;
    for (; *document != '\0'; document++)
        if (*document == '@' && next < sizeof numbers / sizeof *numbers)
            put_number(firehose, numbers[next++]);
        else
            put(firehose, *document);
}

/* --- moving on ------------------------------------------------------------------------------- */

static void fail(struct mf_firehose *firehose, enum mf_firehose_failure failure)
{
    firehose->failure = failure;
}

void mf_firehose_enter(struct mf_firehose *firehose, enum mf_firehose_state state)
{
    firehose->state = (uint8_t)state;
    firehose->attempts = 1;
    firehose->zeros_refused = 0;
    firehose->sending =
        states[state].document != NULL || state == MF_AT_RAW || state == MF_AT_ZEROS;
    if (states[state].document != NULL)
        build(firehose, states[state].document);
}

static unsigned attempts_of(const struct mf_firehose *firehose)
{
    if (firehose->state == MF_AT_PROGRAM)
        return firehose->timing.program_attempts;
    return firehose->state == MF_AT_POWER ? firehose->timing.power_attempts : 1;
}

bool mf_firehose_repeat(struct mf_firehose *firehose)
{
    if (firehose->attempts >= attempts_of(firehose))
        return false;
    firehose->attempts++;
    firehose->sending = true;
    return true;
}

static bool is_power_of_two(uint32_t number)
{
    return (number & (number - 1)) == 0;
}

static bool has_good_limits(const struct mf_firehose *firehose)
{
    return firehose->sector_size >= LEAST_SECTOR && firehose->sector_size <= MOST_SECTOR &&
           is_power_of_two(firehose->sector_size) && firehose->pages_per_block > 0 &&
           firehose->pages_per_block <= MOST_PAGES &&
           firehose->max_payload >= firehose->sector_size &&
           firehose->max_payload <= REQUESTED_PAYLOAD;
}

/* --- log lines ------------------------------------------------------------------------------- */

static bool contains(const char *text, const char *part)
{
    size_t length = strlen(part);

    for (; *text != '\0'; text++)
        if (strncmp(text, part, length) == 0)
            return true;
    return false;
}

static void keep_log(struct mf_firehose *firehose, const char *text)
{
    size_t size = strlen(text) + 1;

    if (size > sizeof firehose->logs - firehose->logs_length)
        return;
    memcpy(firehose->logs + firehose->logs_length, text, size);
    firehose->logs_length += size;
}

static char in_capitals(char c)
{
    return (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
}

/* The text behind KEY and "=", blanks around the key allowed; NULL when this is no such line. */
static const char *value_of(const char *text, const char *key)
{
    while (*text == ' ')
        text++;
    for (; *key != '\0'; key++, text++)
        if (in_capitals(*text) != *key)
            return NULL;
    while (*text == ' ')
        text++;
    return *text == '=' ? text + 1 : NULL;
}

static void take_size(const char *text, const char *key, uint32_t *size)
{
    const char *value = value_of(text, key);

    if (value != NULL)
        *size = mf_number_of(value, *size);
}

static void on_log(struct mf_firehose *firehose, const struct mf_element *element)
{
    char text[MF_FIREHOSE_LOG];

    if (!mf_element_attribute(element, "value", text, sizeof text))
        return;
    keep_log(firehose, text);
    if (contains(text, "XML not formed") || contains(text, "Failed to parse xml"))
        firehose->zeros_read = true;
    if (firehose->state == MF_AT_STORAGE) {
        take_size(text, "SECTOR_SIZE_IN_BYTES", &firehose->sector_size);
        take_size(text, "PAGES_IN_BLOCK", &firehose->pages_per_block);
    }
}

/* --- responses ------------------------------------------------------------------------------- */

struct response {
    bool ack;
    char rawmode[VALUE], max_payload[VALUE];
};

static bool is_raw(const struct response *response)
{
    return strcmp(response->rawmode, "true") == 0;
}

static bool ends_raw(const struct response *response)
{
    return strcmp(response->rawmode, "false") == 0;
}

/* Most loaders answer NAK and name their own limit, which holds from then on. */
static void on_configured(struct mf_firehose *firehose, const struct response *response)
{
    firehose->max_payload =
        mf_number_of(response->max_payload, response->ack ? REQUESTED_PAYLOAD : 0);
    mf_firehose_enter(firehose, MF_AT_STORAGE);
}

static void on_storage(struct mf_firehose *firehose)
{
    if (has_good_limits(firehose))
        mf_firehose_enter(firehose, MF_AT_IDLE);
    else
        fail(firehose, MF_FIREHOSE_LIMITS);
}

static void on_ack(struct mf_firehose *firehose, const struct response *response)
{
    switch (firehose->state) {
    case MF_AT_PING:
        mf_firehose_enter(firehose, MF_AT_CONFIGURE);
        break;
    case MF_AT_STORAGE:
        on_storage(firehose);
        break;
    case MF_AT_PROGRAM:
        if (is_raw(response)) {
            firehose->opened = true;
            mf_firehose_enter(firehose, MF_AT_RAW);
        }
        break;
    case MF_AT_POWER:
        mf_firehose_enter(firehose, MF_AT_IDLE);
        break;
    default:
        break;
    }
}

static void on_command_answer(struct mf_firehose *firehose, const struct response *response)
{
    if (firehose->state == MF_AT_CONFIGURE)
        on_configured(firehose, response);
    else if (response->ack)
        on_ack(firehose, response);
    else if (!mf_firehose_repeat(firehose))
        fail(firehose, MF_FIREHOSE_REFUSED);
}

/* Only the verdict says that raw mode ends. */
static void on_verdict(struct mf_firehose *firehose, const struct response *response)
{
    if (!ends_raw(response))
        return;
    if (!response->ack)
        fail(firehose, MF_FIREHOSE_IMAGE_REFUSED);
    firehose->accepted = response->ack;
    if (response->ack && firehose->state == MF_AT_VERDICT)
        mf_firehose_enter(firehose, MF_AT_IDLE);
}

static void on_early_answer(struct mf_firehose *firehose, const struct response *response)
{
    if (!response->ack)
        fail(firehose, MF_FIREHOSE_IMAGE_REFUSED);
    else if (ends_raw(response))
        fail(firehose, MF_FIREHOSE_UNEXPECTED);
}

/* The NAK of the zeros. A command that it came for was not read. */
static void on_zeros_refused(struct mf_firehose *firehose)
{
    if (firehose->sending || states[firehose->state].document == NULL ||
        firehose->zeros_refused == MOST_ZEROS_REFUSED)
        return;
    firehose->zeros_refused++;
    firehose->sending = true;
}

static void dispatch(struct mf_firehose *firehose, const struct response *response)
{
    bool of_zeros = firehose->zeros_read && !response->ack && !ends_raw(response);

    firehose->zeros_read = false;
    if (of_zeros)
        on_zeros_refused(firehose);
    else if (firehose->state == MF_AT_RAW)
        on_early_answer(firehose, response);
    else if (firehose->state == MF_AT_ZEROS || firehose->state == MF_AT_VERDICT)
        on_verdict(firehose, response);
    else if (!firehose->sending && firehose->state != MF_AT_IDLE)
        on_command_answer(firehose, response);
}

static void on_response(struct mf_firehose *firehose, const struct mf_element *element)
{
    struct response response;
    char value[VALUE];

    if (!mf_element_attribute(element, "value", value, sizeof value))
        return;
    response.ack = strcmp(value, "ACK") == 0;
    mf_element_attribute(element, "rawmode", response.rawmode, sizeof response.rawmode);
    mf_element_attribute(element, "MaxPayloadSizeToTargetInBytes", response.max_payload,
                         sizeof response.max_payload);
    dispatch(firehose, &response);
}

static void on_document(struct mf_firehose *firehose)
{
    const char *at = firehose->document.text, *end = at + firehose->document.length;
    struct mf_element element;

    firehose->raw_length = 0;
    while (firehose->failure == MF_FIREHOSE_NO_FAILURE && mf_element_next(&at, end, &element))
        if (mf_element_is(&element, "log"))
            on_log(firehose, &element);
        else if (mf_element_is(&element, "response"))
            on_response(firehose, &element);
}

/* --- bytes ----------------------------------------------------------------------------------- */

/* Whether the bytes since the last document are the header of a Sahara message. */
static bool is_sahara(const struct mf_firehose *firehose)
{
    uint32_t length;

    if (firehose->raw_length < SAHARA_HEADER || firehose->raw[0] == '\0')
        return false;
    length = mf_get_u32le(firehose->raw + 4);
    return mf_get_u32le(firehose->raw) < ' ' && length >= SAHARA_HEADER && length <= SAHARA_LONGEST;
}

void mf_firehose_take_byte(struct mf_firehose *firehose, uint8_t byte)
{
    if (firehose->raw_length < MF_FIREHOSE_RAW)
        firehose->raw[firehose->raw_length++] = byte;
    if (mf_document_feed(&firehose->document, byte))
        on_document(firehose);
    else if (firehose->raw_length == SAHARA_HEADER && firehose->state == MF_AT_PING &&
             is_sahara(firehose))
        fail(firehose, MF_FIREHOSE_SAHARA);
}

const char *mf_firehose_state_name(const struct mf_firehose *firehose)
{
    return states[firehose->state].name;
}

// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* A state sends one message and awaits its answer; the first two only listen. Every message is u32
 * command, u32 length of all of it, and a body; little-endian (reference: firehose 4). */
#include "protocol/sahara.h"

#include "protocol/endian.h"

#include <string.h>

enum command {
    HELLO = 0x01,
    HELLO_RESPONSE = 0x02,
    END_OF_TRANSFER = 0x04,
    COMMAND_READY = 0x0b,
    EXECUTE = 0x0d,
    EXECUTE_RESPONSE = 0x0e,
    EXECUTE_DATA = 0x0f
};

enum {
    HEADER = 8,
    HELLO_MODE = 20,
    STATUS = 12,        /* of an end of transfer */
    CLIENT_COMMAND = 8, /* of an execute response */
    DATA_LENGTH = 12,   /* likewise */
    SWITCH_TO_FIREHOSE = 0xff00
};

enum state { UNUSED, SETTLING, LISTENING, ANSWERING, EXECUTING, FETCHING, SWITCHED };

/* Version 2, lowest version 2, status 0, mode 3: command. The rest is zero. */
static const uint8_t hello_response[48] = {
    HELLO_RESPONSE, 0, 0, 0, 48, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0};
static const uint8_t execute[12] = {EXECUTE, 0, 0, 0, 12, 0, 0, 0, 0x00, 0xff, 0, 0};
static const uint8_t execute_data[12] = {EXECUTE_DATA, 0, 0, 0, 12, 0, 0, 0, 0x00, 0xff, 0, 0};

static const struct row {
    const char *name;
    const uint8_t *message; /* NULL: nothing is sent */
    size_t length;
} states[] = {
    [UNUSED] = {"idle", NULL, 0},
    [SETTLING] = {"hello", NULL, 0},
    [LISTENING] = {"hello", NULL, 0},
    [ANSWERING] = {"command mode", hello_response, sizeof hello_response},
    [EXECUTING] = {"switch to Firehose", execute, sizeof execute},
    [FETCHING] = {"answer to the switch", execute_data, sizeof execute_data},
    [SWITCHED] = {"switched", NULL, 0},
};

static void fail(struct mf_sahara *sahara, enum mf_sahara_failure failure, uint32_t code)
{
    sahara->failure = failure;
    sahara->code = code;
}

static void enter(struct mf_sahara *sahara, enum state state)
{
    sahara->state = (uint8_t)state;
    sahara->sending = states[state].message != NULL;
    sahara->in_length = 0;
}

/* --- answers --------------------------------------------------------------------------------- */

static const struct answer {
    enum state state;
    enum command command;
    uint32_t length;
} answers[] = {
    {SETTLING, HELLO, 48},
    {LISTENING, HELLO, 48},
    {ANSWERING, COMMAND_READY, 8},
    {EXECUTING, EXECUTE_RESPONSE, 16},
};

static bool is_expected(const struct mf_sahara *sahara, uint32_t command, uint32_t length)
{
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
        if (answers[i].state == sahara->state && answers[i].command == command)
            return answers[i].length == length && !sahara->sending && !sahara->greeted;
    return false;
}

/* Whether the header that has come is that of a message which may come now. */
static bool check_header(struct mf_sahara *sahara)
{
    uint32_t command = mf_get_u32le(sahara->in), length = mf_get_u32le(sahara->in + 4);

    if (is_expected(sahara, command, length) || (command == END_OF_TRANSFER && length == 16))
        return true;
    if (command <= UINT8_MAX && length >= HEADER && length <= UINT16_MAX)
        fail(sahara, MF_SAHARA_UNEXPECTED, command);
    else
        fail(sahara, MF_SAHARA_OTHER, 0);
    return false;
}

static void on_hello(struct mf_sahara *sahara)
{
    sahara->mode = mf_get_u32le(sahara->in + HELLO_MODE);
    if (sahara->state == LISTENING) {
        enter(sahara, ANSWERING);
    } else {
        sahara->greeted = true;
        sahara->in_length = 0;
    }
}

static void on_execute_response(struct mf_sahara *sahara)
{
    uint32_t length = mf_get_u32le(sahara->in + DATA_LENGTH);

    if (mf_get_u32le(sahara->in + CLIENT_COMMAND) != SWITCH_TO_FIREHOSE || length == 0 ||
        length > MF_SAHARA_TEXT) {
        fail(sahara, MF_SAHARA_UNEXPECTED, EXECUTE_RESPONSE);
        return;
    }
    sahara->text_length = length;
    enter(sahara, FETCHING);
}

static void on_message(struct mf_sahara *sahara)
{
    switch (mf_get_u32le(sahara->in)) {
    case HELLO:
        on_hello(sahara);
        break;
    case COMMAND_READY:
        enter(sahara, EXECUTING);
        break;
    case EXECUTE_RESPONSE:
        on_execute_response(sahara);
        break;
    default:
        fail(sahara, MF_SAHARA_REFUSED, mf_get_u32le(sahara->in + STATUS));
    }
}

static void take_message_byte(struct mf_sahara *sahara, uint8_t byte)
{
    sahara->in[sahara->in_length++] = byte;
    if (sahara->in_length == HEADER && !check_header(sahara))
        return;
    if (sahara->in_length >= HEADER && sahara->in_length == mf_get_u32le(sahara->in + 4))
        on_message(sahara);
}

/* The answer to the switch has no header ("confirmed"). A refusal has one: its first byte is not
 * printable. */
static void take_text_byte(struct mf_sahara *sahara, uint8_t byte)
{
    bool refused =
        sahara->in_length > 0 ? sahara->in[0] == END_OF_TRANSFER : byte == END_OF_TRANSFER;

    if (refused) {
        take_message_byte(sahara, byte);
        return;
    }
    sahara->in[sahara->in_length++] = byte;
    if (sahara->sending || byte < ' ' || byte > '~')
        fail(sahara, MF_SAHARA_OTHER, 0);
    else if (sahara->in_length == sahara->text_length)
        enter(sahara, SWITCHED);
}

static void take_byte(struct mf_sahara *sahara, uint8_t byte)
{
    if (sahara->state == SWITCHED) {
        if (sahara->rest_length < MF_SAHARA_REST)
            sahara->rest[sahara->rest_length++] = byte;
    } else if (sahara->state == FETCHING) {
        take_text_byte(sahara, byte);
    } else {
        take_message_byte(sahara, byte);
    }
}

/* --- the conversation ------------------------------------------------------------------------ */

static uint32_t within_ms(const struct mf_sahara *sahara)
{
    if (sahara->state == SETTLING)
        return sahara->timing.settle_ms;
    return sahara->state == LISTENING ? sahara->timing.hello_ms : sahara->timing.reply_ms;
}

static struct mf_next sahara_next(const struct mf_conversation *self)
{
    const struct mf_sahara *sahara = (const struct mf_sahara *)self;
    const struct row *row = &states[sahara->state];

    if (sahara->failure != MF_SAHARA_NO_FAILURE)
        return (struct mf_next){.want = MF_FAILED};
    if (sahara->state == UNUSED || sahara->state == SWITCHED)
        return (struct mf_next){.want = MF_DONE};
    if (sahara->sending)
        return (struct mf_next){.want = MF_SEND, .bytes = row->message, .length = row->length};
    return (struct mf_next){.want = MF_RECEIVE, .within_ms = within_ms(sahara)};
}

static void sahara_sent(struct mf_conversation *self)
{
    ((struct mf_sahara *)self)->sending = false;
}

static void sahara_feed(struct mf_conversation *self, const uint8_t *bytes, size_t length)
{
    struct mf_sahara *sahara = (struct mf_sahara *)self;

    if (sahara->state == UNUSED)
        return;
    for (size_t i = 0; i < length && sahara->failure == MF_SAHARA_NO_FAILURE; i++)
        take_byte(sahara, bytes[i]);
}

/* The loader is not answered before it was listened to for a while: libqmi found that it refuses the
 * switch when it is asked too early. */
static void sahara_timed_out(struct mf_conversation *self)
{
    struct mf_sahara *sahara = (struct mf_sahara *)self;

    if (sahara_next(self).want != MF_RECEIVE)
        return;
    if (sahara->state != SETTLING)
        fail(sahara, sahara->in_length > 0 ? MF_SAHARA_OTHER : MF_SAHARA_SILENT, 0);
    else if (sahara->greeted)
        enter(sahara, ANSWERING);
    else
        sahara->state = LISTENING;
    sahara->greeted = false;
}

static struct mf_progress sahara_progress(const struct mf_conversation *self)
{
    (void)self;
    return (struct mf_progress){0, 0};
}

void mf_sahara_init(struct mf_sahara *sahara)
{
    memset(sahara, 0, sizeof *sahara);
    sahara->conversation = (struct mf_conversation){sahara_next, sahara_sent, sahara_feed,
                                                    sahara_timed_out, sahara_progress};
    sahara->timing =
        (struct mf_sahara_timing){.settle_ms = 2000, .hello_ms = 6000, .reply_ms = 3000};
}

bool mf_sahara_switch(struct mf_sahara *sahara)
{
    if (sahara->state != UNUSED)
        return false;
    enter(sahara, SETTLING);
    return true;
}

const char *mf_sahara_state_name(const struct mf_sahara *sahara)
{
    return states[sahara->state].name;
}

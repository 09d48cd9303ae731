// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* A state sends one packet and awaits its answer. `transitions` has the handler for each state and
 * kind of answer; any other answer goes to the state's `otherwise`. Answers come in the order of the
 * requests. A repeated greeting can therefore be answered in a later state: unanswered_greetings
 * counts these answers, and they are ignored until the first answer that cannot be one of them. The
 * answer to a hello is ignored there in any case. A write is never repeated. */
#include "protocol/qdl_state.h"

#include "protocol/endian.h"
#include "protocol/qdl_packet.h"

#include <string.h>

typedef void handler(struct mf_qdl *qdl, const uint8_t *payload, size_t length);

static handler pass, unexpected, on_switched, on_hello, on_hello_refused,
    on_late_greeting, on_error_at_open, on_open, on_write, on_done, on_error, on_diag, on_bootrom;

static const struct row {
    const char *name;
    enum mf_qdl_packet packet;
    bool repeat; /* its packet may be sent again when no answer comes */
    enum mf_qdl_state next;
    handler *otherwise;
} states[] = {
    [MF_STATE_IDLE] = {"idle", MF_QDL_NO_PACKET, false, MF_STATE_IDLE, pass},
    [MF_STATE_SWITCH] = {"switch to download", MF_QDL_SWITCH_REQUEST, true, MF_STATE_GREETING,
                         pass},
    [MF_STATE_GREETING] = {"greeting", MF_QDL_HELLO_REQUEST, true, MF_STATE_IDLE, pass},
    [MF_STATE_HELLO] = {"hello", MF_QDL_HELLO_REQUEST, true, MF_STATE_OPEN, pass},
    [MF_STATE_OPEN] = {"open image", MF_QDL_OPEN_REQUEST, false, MF_STATE_WRITE, unexpected},
    [MF_STATE_WRITE] = {"write", MF_QDL_WRITE_REQUEST, false, MF_STATE_WRITE, unexpected},
    [MF_STATE_DONE] = {"session done", MF_QDL_DONE_REQUEST, false, MF_STATE_IDLE, unexpected},
    [MF_STATE_RESET] = {"reset", MF_QDL_RESET_REQUEST, false, MF_STATE_IDLE, pass},
};

/* `early` handles an answer that comes while the packet is still being sent: it belongs to an
 * earlier packet. */
static const struct transition {
    enum mf_qdl_state state;
    enum mf_qdl_reply reply;
    handler *answer, *early;
} transitions[] = {
    {MF_STATE_SWITCH, MF_QDL_REPLY_ACK, on_switched, pass},
    {MF_STATE_SWITCH, MF_QDL_REPLY_ERROR, on_switched, pass},
    {MF_STATE_SWITCH, MF_QDL_REPLY_HELLO, on_switched, pass},
    {MF_STATE_GREETING, MF_QDL_REPLY_HELLO, on_hello, pass},
    {MF_STATE_GREETING, MF_QDL_REPLY_ACK, on_hello_refused, pass},
    {MF_STATE_GREETING, MF_QDL_REPLY_ERROR, on_hello_refused, pass},
    {MF_STATE_HELLO, MF_QDL_REPLY_HELLO, on_hello, pass},
    {MF_STATE_HELLO, MF_QDL_REPLY_ACK, on_hello_refused, pass},
    {MF_STATE_HELLO, MF_QDL_REPLY_ERROR, on_hello_refused, pass},
    {MF_STATE_OPEN, MF_QDL_REPLY_OPEN, on_open, unexpected},
    {MF_STATE_OPEN, MF_QDL_REPLY_HELLO, on_late_greeting, on_late_greeting},
    {MF_STATE_OPEN, MF_QDL_REPLY_ACK, on_late_greeting, on_late_greeting},
    {MF_STATE_OPEN, MF_QDL_REPLY_ERROR, on_error_at_open, on_error_at_open},
    {MF_STATE_WRITE, MF_QDL_REPLY_WRITE, on_write, on_write},
    {MF_STATE_WRITE, MF_QDL_REPLY_ERROR, on_error, on_error},
    {MF_STATE_DONE, MF_QDL_REPLY_DONE, on_done, unexpected},
    {MF_STATE_DONE, MF_QDL_REPLY_WRITE, on_write, on_write},
    {MF_STATE_DONE, MF_QDL_REPLY_ERROR, on_error, on_error},
};

/* --- moving on ------------------------------------------------------------------------------- */

static void fail(struct mf_qdl *qdl, enum mf_qdl_failure failure, uint32_t code)
{
    qdl->failure = failure;
    qdl->code = code;
}

static void fail_other_protocol(struct mf_qdl *qdl, enum mf_qdl_other_protocol other, uint32_t code)
{
    qdl->other_protocol = other;
    fail(qdl, MF_QDL_NOT_QDL, code);
}

static void enter(struct mf_qdl *qdl, enum mf_qdl_state state)
{
    uint32_t left = qdl->total - qdl->acknowledged;

    qdl->state = (uint8_t)state;
    qdl->attempts = 1;
    qdl->error_pending = false;
    qdl->chunk_length = left < qdl->chunk ? left : qdl->chunk;
    qdl->sending = states[state].packet != MF_QDL_NO_PACKET;
    if (qdl->sending)
        mf_qdl_build(qdl, states[state].packet);
}

void mf_qdl_advance(struct mf_qdl *qdl, enum mf_qdl_state state)
{
    qdl->raw_length = 0;
    enter(qdl, state);
}

static bool may_repeat(const struct mf_qdl *qdl)
{
    return states[qdl->state].repeat && qdl->attempts < qdl->timing.greeting_attempts;
}

static void repeat(struct mf_qdl *qdl)
{
    qdl->attempts++;
    qdl->sending = true;
}

static uint32_t sahara_mode(const struct mf_qdl *qdl)
{
    return qdl->raw_length >= MF_SAHARA_MODE_END ? mf_get_u32le(qdl->raw + MF_SAHARA_MODE)
                                                 : MF_SAHARA_MODE_UNKNOWN;
}

/* No repeat is left. */
static void give_up(struct mf_qdl *qdl)
{
    enum mf_qdl_other_protocol other = mf_qdl_identify(qdl->raw, qdl->raw_length);

    if (qdl->error_pending)
        fail(qdl, MF_QDL_ERROR, qdl->code);
    else if (qdl->speaks_qdl || other == MF_OTHER_NONE)
        fail(qdl, MF_QDL_SILENT, 0);
    else
        fail_other_protocol(qdl, other, other == MF_OTHER_SAHARA ? sahara_mode(qdl) : 0);
}

/* --- answers --------------------------------------------------------------------------------- */

static void keep_text(struct mf_qdl *qdl, const uint8_t *bytes, size_t length)
{
    size_t i = 0;

    for (; i < length && i < MF_QDL_TEXT && bytes[i] != '\0'; i++)
        qdl->text[i] = (char)(bytes[i] >= ' ' && bytes[i] <= '~' ? bytes[i] : '?');
    qdl->text[i] = '\0';
}

static void note_error(struct mf_qdl *qdl, const uint8_t *payload, size_t length)
{
    if (payload[0] != 0x0d)
        return;
    qdl->code = mf_get_u32le(payload + MF_QDL_ERROR_CODE);
    keep_text(qdl, payload + MF_QDL_ERROR_TEXT, length - MF_QDL_ERROR_TEXT);
    qdl->error_pending = true;
}

static void pass(struct mf_qdl *qdl, const uint8_t *payload, size_t length)
{
    (void)qdl, (void)payload, (void)length;
}

static void unexpected(struct mf_qdl *qdl, const uint8_t *payload, size_t length)
{
    (void)length;
    fail(qdl, MF_QDL_UNEXPECTED, payload[0]);
}

static void on_error(struct mf_qdl *qdl, const uint8_t *payload, size_t length)
{
    note_error(qdl, payload, length);
    fail(qdl, MF_QDL_ERROR, qdl->code);
}

static void on_diag(struct mf_qdl *qdl, const uint8_t *payload, size_t length)
{
    (void)length;
    fail_other_protocol(qdl, MF_OTHER_DIAG, payload[0]);
}

static void on_bootrom(struct mf_qdl *qdl, const uint8_t *payload, size_t length)
{
    (void)length;
    fail_other_protocol(qdl, MF_OTHER_BOOTROM, payload[0]);
}

/* ACK and error alike show that the modem speaks QDL now. (A 9x30 does so from the start and
 * answers with error 22.) */
static void on_switched(struct mf_qdl *qdl, const uint8_t *payload, size_t length)
{
    (void)payload, (void)length;
    qdl->unanswered_greetings = qdl->attempts - 1;
    mf_qdl_advance(qdl, MF_STATE_GREETING);
}

/* After the first hello answer no answer to the switch can come. */
static void on_hello(struct mf_qdl *qdl, const uint8_t *payload, size_t length)
{
    qdl->version = payload[MF_QDL_HELLO_VERSION];
    qdl->max_block = mf_get_u32le(payload + MF_QDL_HELLO_MAX_BLOCK);
    qdl->features = mf_qdl_hello_features(payload, length);
    if (qdl->state == MF_STATE_GREETING)
        qdl->unanswered_greetings = 0;
    qdl->unanswered_greetings += qdl->attempts - 1;
    mf_qdl_advance(qdl, states[qdl->state].next);
}

/* Some modems answer their first messages with errors. The hello is repeated; when no attempt is
 * left, the conversation goes on as if it had been answered, as Sierra's own tool does. */
static void on_hello_refused(struct mf_qdl *qdl, const uint8_t *payload, size_t length)
{
    if (qdl->unanswered_greetings > 0) {
        qdl->unanswered_greetings--;
        return;
    }
    note_error(qdl, payload, length);
    if (may_repeat(qdl))
        repeat(qdl);
    else
        mf_qdl_advance(qdl, states[qdl->state].next);
}

/* Greetings of before the port was opened anew are not counted, so any number of their answers may
 * come. */
static void on_late_greeting(struct mf_qdl *qdl, const uint8_t *payload, size_t length)
{
    (void)payload, (void)length;
    if (qdl->unanswered_greetings > 0)
        qdl->unanswered_greetings--;
}

/* The error may be the answer to such a greeting: the answer to the open decides. */
static void on_error_at_open(struct mf_qdl *qdl, const uint8_t *payload, size_t length)
{
    on_late_greeting(qdl, payload, length);
    note_error(qdl, payload, length);
}

static void on_open(struct mf_qdl *qdl, const uint8_t *payload, size_t length)
{
    uint32_t status = mf_get_u16le(payload + MF_QDL_OPEN_STATUS);

    (void)length;
    qdl->unanswered_greetings = 0;
    qdl->sequence = 0;
    qdl->opened = status == 0;
    if (status == 0)
        mf_qdl_advance(qdl, MF_STATE_WRITE);
    else
        fail(qdl, MF_QDL_OPEN_REFUSED, status);
}

static void on_written(struct mf_qdl *qdl, uint32_t status)
{
    if (status != 0) {
        fail(qdl, MF_QDL_WRITE_REFUSED, status);
        return;
    }
    qdl->acknowledged += qdl->chunk_length;
    qdl->sequence++;
    mf_qdl_advance(qdl, qdl->acknowledged < qdl->total ? MF_STATE_WRITE : MF_STATE_DONE);
}

/* The answer to the previous write may come twice. An answer to this write before all of it is sent,
 * or to any other write, means that the two sides no longer agree. */
static void on_write(struct mf_qdl *qdl, const uint8_t *payload, size_t length)
{
    uint16_t sequence = mf_get_u16le(payload + MF_QDL_WRITE_SEQUENCE);
    uint32_t status = mf_get_u16le(payload + MF_QDL_WRITE_STATUS);
    uint16_t previous = (uint16_t)(qdl->sequence - 1);

    (void)length;
    if (sequence == previous && qdl->acknowledged > 0)
        return;
    if (qdl->state != MF_STATE_WRITE || sequence != qdl->sequence)
        fail(qdl, MF_QDL_WRONG_SEQUENCE, sequence);
    else if (qdl->sending && status == 0)
        fail(qdl, MF_QDL_UNEXPECTED, payload[0]);
    else
        on_written(qdl, status);
}

static void on_done(struct mf_qdl *qdl, const uint8_t *payload, size_t length)
{
    uint32_t status = mf_get_u16le(payload + MF_QDL_DONE_STATUS);

    if (status == 0) {
        mf_qdl_advance(qdl, MF_STATE_IDLE);
        return;
    }
    qdl->failed_type = payload[MF_QDL_DONE_TYPE];
    keep_text(qdl, payload + MF_QDL_DONE_TEXT, length - MF_QDL_DONE_TEXT);
    fail(qdl, MF_QDL_DONE_REFUSED, status);
}

static handler *handler_of(const struct mf_qdl *qdl, enum mf_qdl_reply reply)
{
    if (reply == MF_QDL_REPLY_DIAG)
        return on_diag;
    if (reply == MF_QDL_REPLY_BOOTROM)
        return on_bootrom;
    for (size_t i = 0; i < sizeof transitions / sizeof *transitions; i++)
        if (transitions[i].state == qdl->state && transitions[i].reply == reply)
            return qdl->sending ? transitions[i].early : transitions[i].answer;
    return states[qdl->state].otherwise;
}

/* --- events ---------------------------------------------------------------------------------- */

static bool is_echo(const struct mf_qdl *qdl, const uint8_t *payload, size_t length)
{
    uint8_t frame[MF_HDLC_FRAME_MAX(MF_QDL_PAYLOAD)];
    size_t frame_length = mf_hdlc_frame(frame, sizeof frame, payload, length);

    return frame_length == qdl->out_length && memcmp(frame, qdl->out, frame_length) == 0;
}

void mf_qdl_on_frame(struct mf_qdl *qdl, const uint8_t *payload, size_t length)
{
    enum mf_qdl_reply reply = mf_qdl_classify(payload, length);

    if (qdl->state == MF_STATE_IDLE || qdl->state == MF_STATE_RESET)
        return;
    if (is_echo(qdl, payload, length)) {
        fail_other_protocol(qdl, MF_OTHER_AT, payload[0]);
        return;
    }
    handler_of(qdl, reply)(qdl, payload, length);
    if (reply != MF_QDL_REPLY_UNKNOWN && qdl->failure != MF_QDL_NOT_QDL)
        qdl->speaks_qdl = true;
}

void mf_qdl_on_raw(struct mf_qdl *qdl)
{
    if (qdl->raw_length == MF_SAHARA_MODE_END &&
        mf_qdl_identify(qdl->raw, qdl->raw_length) == MF_OTHER_SAHARA)
        fail_other_protocol(qdl, MF_OTHER_SAHARA, sahara_mode(qdl));
}

/* A modem that was greeted too early may have missed the switch; a 9x30 does not need it. */
void mf_qdl_on_silence(struct mf_qdl *qdl)
{
    if (may_repeat(qdl)) {
        repeat(qdl);
    } else if (qdl->state == MF_STATE_SWITCH) {
        qdl->unanswered_greetings = qdl->attempts;
        enter(qdl, MF_STATE_GREETING);
    } else {
        give_up(qdl);
    }
}

const char *mf_qdl_state_name(const struct mf_qdl *qdl)
{
    return states[qdl->state].name;
}

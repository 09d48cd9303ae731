// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

#include "stream/verify_reader.h"

#include "stream/wait.h"

#include <stdio.h>
#include <string.h>

static void start(struct mf_verify_reader *self)
{
    mf_cwe_init(&self->cwe);
    self->ended = self->good = self->holds = false;
}

/* Of a file that has just been changed there is no stamp. */
static bool is_unchanged(struct mf_verify_reader *self)
{
    char now[MF_STAMP];

    return self->inner->stamp != NULL && self->inner->stamp(self->inner, now) &&
           strcmp(now, self->stamp) == 0;
}

static void end(struct mf_verify_reader *self)
{
    self->ended = true;
    if (self->is_known)
        self->good = is_unchanged(self);
    else
        self->good = mf_cwe_finish(&self->cwe) && (!self->expects || self->cwe.crc == self->expect);
}

static void pass_failure_on(struct mf_verify_reader *self)
{
    self->reader.error = self->inner->error;
    self->reader.reason = self->inner->reason;
}

/* Reads the next bytes and verifies them. */
static ssize_t read_on(struct mf_verify_reader *self, uint8_t *out, size_t capacity, int timeout_ms)
{
    ssize_t count = self->inner->read(self->inner, out, capacity, timeout_ms);

    if (count > 0 && !self->is_known)
        mf_cwe_feed(&self->cwe, out, (size_t)count);
    else if (count == 0)
        end(self);
    pass_failure_on(self);
    return count;
}

static bool is_rejected(const struct mf_verify_reader *self)
{
    return self->cwe.problem_count > 0 || (self->ended && !self->good);
}

static ssize_t give_held(struct mf_verify_reader *self, uint8_t *out)
{
    if (!self->holds)
        return 0;
    out[0] = self->held;
    self->holds = false;
    return 1;
}

static int remaining_ms(int64_t deadline_ms)
{
    int64_t left = deadline_ms > 0 ? deadline_ms - mf_now_ms() : 0;

    return left > 0 ? (int)left : 0;
}

/* Gives the held byte and the new bytes but the last one, which is held next. When the first read of
 * all gives a single byte, it reads once more. `capacity` is at least 2. */
static ssize_t read_behind(struct mf_verify_reader *self, uint8_t *out, size_t capacity,
                           int timeout_ms)
{
    int64_t deadline_ms = timeout_ms > 0 ? mf_now_ms() + timeout_ms : 0;

    while (!self->ended) {
        size_t ahead = self->holds ? 1 : 0;
        ssize_t count = read_on(self, out + ahead, capacity - ahead, remaining_ms(deadline_ms));

        if (count < 0)
            return count;
        if (is_rejected(self))
            return MF_STREAM_REJECTED;
        if (count == 0)
            break;
        if (self->holds)
            out[0] = self->held;
        self->held = out[ahead + (size_t)count - 1];
        self->holds = true;
        if (ahead + (size_t)count > 1)
            return (ssize_t)ahead + count - 1;
    }
    return give_held(self, out);
}

static ssize_t read_withholding(struct mf_verify_reader *self, uint8_t *out, size_t capacity,
                                int timeout_ms)
{
    uint8_t pair[2];
    ssize_t count;

    if (is_rejected(self))
        return MF_STREAM_REJECTED;
    if (capacity > 1)
        return read_behind(self, out, capacity, timeout_ms);
    count = read_behind(self, pair, sizeof pair, timeout_ms);
    if (count > 0)
        out[0] = pair[0];
    return count;
}

static ssize_t verify_reader_read(struct mf_reader *reader, uint8_t *out, size_t capacity,
                                  int timeout_ms)
{
    struct mf_verify_reader *self = (struct mf_verify_reader *)reader;

    if (self->withhold)
        return read_withholding(self, out, capacity, timeout_ms);
    return self->ended ? 0 : read_on(self, out, capacity, timeout_ms);
}

static int verify_reader_rewind(struct mf_reader *reader)
{
    struct mf_verify_reader *self = (struct mf_verify_reader *)reader;
    int result = self->inner->rewind(self->inner);

    pass_failure_on(self);
    if (result == 0)
        start(self);
    return result;
}

void mf_verify_reader_init(struct mf_verify_reader *self, struct mf_reader *inner, bool withhold,
                           const uint32_t *expect)
{
    self->reader = (struct mf_reader){.read = verify_reader_read,
                                      .rewind = inner->rewind != NULL ? verify_reader_rewind : NULL,
                                      .size = inner->size,
                                      .descriptor = inner->descriptor};
    self->inner = inner;
    self->withhold = withhold;
    self->expects = expect != NULL;
    self->expect = expect != NULL ? *expect : 0;
    self->is_known = false;
    start(self);
}

void mf_verify_reader_trust(struct mf_verify_reader *self, const char *stamp)
{
    snprintf(self->stamp, sizeof self->stamp, "%s", stamp);
    self->is_known = is_unchanged(self);
}

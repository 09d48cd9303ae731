// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

#include "driver/archive.h"

#include "stream/wait.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* --- failures -------------------------------------------------------------------------------- */

/* Texts of an archive are shown on terminals: control characters are replaced. */
static void make_printable(char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ' || *text == '\x7f')
            *text = '?';
}

static int fail_errno(struct mf_archive *self, int error)
{
    self->reader.error = error;
    self->reader.reason = NULL;
    return MF_STREAM_FAILED;
}

/* Some messages of libarchive end with a line end. */
static int fail(struct mf_archive *self, const char *reason)
{
    if (reason == NULL)
        return fail_errno(self, EBADMSG);
    snprintf(self->reason, sizeof self->reason, "%.*s", (int)strcspn(reason, "\n"), reason);
    make_printable(self->reason);
    self->reader.reason = self->reason;
    return MF_STREAM_FAILED;
}

/* A failure of libarchive. A failure of the other reader is passed on unchanged. */
static int fail_archive(struct mf_archive *self)
{
    if (self->input_failed == 0)
        return fail(self, archive_error_string(self->handle));
    self->reader.error = self->inner->error;
    self->reader.reason = self->inner->reason;
    return self->input_failed;
}

static ssize_t closed_read(struct mf_reader *reader, uint8_t *out, size_t capacity, int timeout_ms)
{
    (void)out, (void)capacity, (void)timeout_ms;
    return fail_errno((struct mf_archive *)reader, EBADF);
}

static int closed_rewind(struct mf_reader *reader)
{
    return fail_errno((struct mf_archive *)reader, EBADF);
}

/* --- input ----------------------------------------------------------------------------------- */

static la_ssize_t give_input(struct archive *handle, void *context, const void **out)
{
    struct mf_archive *self = context;
    ssize_t count =
        self->inner->read(self->inner, self->input, sizeof self->input, self->patience_ms);

    *out = self->input;
    if (count >= 0) {
        self->given += count;
        return count;
    }
    self->input_failed = (int)count;
    archive_set_error(handle, EIO, "no input");
    return ARCHIVE_FATAL;
}

static bool has_input(const struct mf_archive *self)
{
    return self->given > archive_filter_bytes(self->handle, -1) + (int64_t)self->unconsumed;
}

/* Waits until input for libarchive has arrived. Returns 1 or an mf_stream_result. */
static int await_input(const struct mf_archive *self, int timeout_ms)
{
    struct pollfd ready = {.fd = self->inner->descriptor, .events = POLLIN};

    if (self->inner->descriptor < 0 || has_input(self))
        return 1;
    return mf_wait(&ready, 1, mf_now_ms() + timeout_ms, self->interrupt);
}

/* --- the current member ---------------------------------------------------------------------- */

/* Takes the next block; it may be empty. */
static int take_block(struct mf_archive *self)
{
    const void *block;
    size_t size;
    la_int64_t offset;
    int result = archive_read_data_block(self->handle, &block, &size, &offset);

    self->unconsumed = 0;
    if (result == ARCHIVE_EOF) {
        self->ended = true;
        return 0;
    }
    if (result != ARCHIVE_OK) /* a warning means a wrong checksum */
        return fail_archive(self);
    self->block = block;
    self->block_left = size;
    self->unconsumed = self->stored ? size : 0;
    return 0;
}

static ssize_t member_read(struct mf_reader *reader, uint8_t *out, size_t capacity, int timeout_ms)
{
    struct mf_archive *self = (struct mf_archive *)reader;
    size_t count;

    while (self->block_left == 0 && !self->ended) {
        int result = await_input(self, timeout_ms);

        if (result > 0)
            result = take_block(self);
        if (result < 0)
            return result;
    }
    count = self->block_left < capacity ? self->block_left : capacity;
    if (count == 0)
        return 0;
    memcpy(out, self->block, count);
    self->block += count;
    self->block_left -= count;
    return (ssize_t)count;
}

/* --- the handle ------------------------------------------------------------------------------ */

static void free_handle(struct mf_archive *self)
{
    if (self->handle != NULL)
        archive_read_free(self->handle);
    self->handle = NULL;
}

static int make_handle(struct mf_archive *self)
{
    free_handle(self);
    self->given = self->input_failed = 0;
    self->ordinal = 0;
    self->opened = false;
    self->handle = archive_read_new();
    if (self->handle != NULL &&
        archive_read_support_format_zip_streamable(self->handle) == ARCHIVE_OK)
        return 0;
    free_handle(self);
    return ENOMEM;
}

/* Opening reads input, so it is done with the first member. */
static int next_header(struct mf_archive *self, struct archive_entry **entry)
{
    if (!self->opened) {
        int result = archive_read_open(self->handle, self, NULL, give_input, NULL);

        if (result != ARCHIVE_OK)
            return result;
        self->opened = true;
    }
    return archive_read_next_header(self->handle, entry);
}

/* --- from member to member ------------------------------------------------------------------- */

static void keep_name(struct mf_archive *self, const char *name)
{
    snprintf(self->name, sizeof self->name, "%s", name != NULL ? name : "?");
    make_printable(self->name);
}

/* Other decompressors than deflate take as much memory as the archive demands. */
static int check_method(struct mf_archive *self)
{
    const char *format = archive_format_name(self->handle);

    self->stored = format != NULL && strstr(format, "(uncompressed)") != NULL;
    if (self->stored || (format != NULL && strstr(format, "(deflation)") != NULL))
        return 1;
    return fail(self, "a member is not compressed by deflate");
}

static int enter_member(struct mf_archive *self, struct archive_entry *entry)
{
    self->ordinal++;
    self->ended = false;
    self->reader.size = archive_entry_size_is_set(entry) ? archive_entry_size(entry) : -1;
    keep_name(self, archive_entry_pathname(entry));
    if (archive_entry_is_data_encrypted(entry))
        return fail(self, "the member is encrypted");
    return check_method(self);
}

int mf_archive_next(struct mf_archive *self)
{
    struct archive_entry *entry = NULL;
    int result;

    if (self->handle == NULL)
        return fail_errno(self, EBADF);
    self->block_left = self->unconsumed = 0;
    self->ended = true;
    do
        result = next_header(self, &entry);
    while ((result == ARCHIVE_OK || result == ARCHIVE_WARN) &&
           archive_entry_filetype(entry) != AE_IFREG);
    if (result == ARCHIVE_EOF)
        return 0;
    /* a warning means a name that the locale cannot show */
    if (result != ARCHIVE_OK && result != ARCHIVE_WARN)
        return fail_archive(self);
    return enter_member(self, entry);
}

/* --- opening and closing --------------------------------------------------------------------- */

/* Reads from the first byte of the archive up to the current member. */
static int archive_rewind(struct mf_reader *reader)
{
    struct mf_archive *self = (struct mf_archive *)reader;
    unsigned wanted = self->ordinal;
    int result = self->inner->rewind(self->inner);

    if (result != 0)
        return result;
    if (make_handle(self) != 0)
        return fail_errno(self, ENOMEM);
    do
        result = mf_archive_next(self);
    while (result > 0 && self->ordinal < wanted);
    if (result == 0)
        return fail_errno(self, ESTALE);
    return result > 0 ? 0 : result;
}

int mf_archive_init(struct mf_archive *self, struct mf_reader *inner, int patience_ms,
                    int interrupt)
{
    memset(self, 0, offsetof(struct mf_archive, input));
    self->reader.read = member_read;
    self->reader.rewind = inner->rewind != NULL ? archive_rewind : NULL;
    self->reader.size = -1;
    self->reader.descriptor = inner->descriptor;
    self->inner = inner;
    self->patience_ms = patience_ms;
    self->interrupt = interrupt;
    self->ended = true;
    return make_handle(self);
}

void mf_archive_close(struct mf_archive *self)
{
    free_handle(self);
    self->reader.read = closed_read;
    self->reader.rewind = self->reader.rewind != NULL ? closed_rewind : NULL;
    self->reader.descriptor = -1;
}

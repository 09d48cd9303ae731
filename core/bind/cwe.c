// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/*** Headers of CWE images, and a reader that verifies an image as it streams through.
 *
 *   local cwe = require "moonflash.core.cwe"
 *   cwe.parse(bytes)       --> fields of the 400-byte header at the start of bytes: type, product,
 *                          --  version, date, image_size, image_crc, header_crc, revision,
 *                          --  crc_indicator, compatibility, options, signature, package_code (2
 *                          --  carrier, 3 OEM settings), printable, header_ok
 *   local v = cwe.verified(reader, { withhold = true, expect = crc })
 *   v:drain(30000[, progress[, entry]])  --> true: all is read, with at most 30000 ms between two
 *            --  reads. Ends early when the source has no size and its problems are permanent.
 *            --  progress(bytes, size) is called each MiB; entry(table) for each entry of the
 *            --  settings inside (see nvup_entries.h), not with withhold
 *   v:read(n[, ms]) v:size() v:rewind() v:close()      -- as of moonflash.core.source
 *   v:report()  --> { ok, complete, bytes, crc, records = { { depth, offset, type, product, version,
 *            --  date, size, package_code, stated_crc, header_crc = "ok|bad", computed_crc or nil,
 *            --  image_crc = "ok|bad|unchecked" } }, problems = { { kind, offset } } }
 *
 * cwe.verified(reader, { stamp = text }): the stamp that the source had while an earlier pass found no problem. If it
 * has not changed, no sum is made; at the end it is compared once more.
 *
 * With withhold, a read fails with source.rejected as soon as a problem is known. The last byte is
 * given only when there is none, and when the CRC of the whole file is `expect`, if given.
 *
 * @module moonflash.core.cwe
 */
#include "bind/nvup_entries.h"
#include "bind/reader.h"
#include "stream/verify_reader.h"
#include "stream/wait.h"

#define VERIFIED "moonflash.verified"

enum { PIECE = 1 << 16, PROGRESS_EVERY = 1 << 20 };

struct verified {
    struct mf_verify_reader core; /* first: the userdata begins with its interface */
};

MF_MODULE int luaopen_moonflash_core_cwe(lua_State *L);

/* --- headers and reports as tables ----------------------------------------------------------- */

static void set_header(lua_State *L, const struct mf_cwe_header *header)
{
    mf_set_text(L, "type", header->type);
    mf_set_text(L, "product", header->product);
    mf_set_text(L, "version", header->version);
    mf_set_text(L, "date", header->date);
    mf_set_whole(L, "package_code", header->package_code);
}

static int cwe_parse(lua_State *L)
{
    size_t length;
    const char *bytes = luaL_checklstring(L, 1, &length);
    struct mf_cwe_header header;
    bool good;

    luaL_argcheck(L, length >= MF_CWE_HEADER, 1, "a header has 400 bytes");
    good = mf_cwe_parse(&header, (const uint8_t *)bytes);
    lua_newtable(L);
    set_header(L, &header);
    mf_set_whole(L, "image_size", header.image_size);
    mf_set_whole(L, "image_crc", header.image_crc);
    mf_set_whole(L, "header_crc", header.header_crc);
    mf_set_whole(L, "revision", header.revision);
    mf_set_whole(L, "crc_indicator", header.crc_indicator);
    mf_set_whole(L, "compatibility", header.compatibility);
    mf_set_whole(L, "options", header.options);
    mf_set_whole(L, "signature", header.signature);
    mf_set_boolean(L, "printable", header.printable);
    mf_set_boolean(L, "header_ok", good);
    return 1;
}

static void push_record(lua_State *L, const struct mf_cwe_record *record)
{
    static const char *const verdicts[] = {"unchecked", "ok", "bad"};

    lua_newtable(L);
    set_header(L, &record->header);
    mf_set_whole(L, "depth", record->depth);
    mf_set_whole(L, "offset", record->offset);
    mf_set_whole(L, "size", record->header.image_size);
    mf_set_text(L, "header_crc", verdicts[record->header_crc]);
    mf_set_text(L, "image_crc", verdicts[record->image_crc]);
    mf_set_whole(L, "stated_crc", record->header.image_crc);
    if (record->image_crc != MF_CWE_UNCHECKED)
        mf_set_whole(L, "computed_crc", record->computed_crc);
}

static void push_problem(lua_State *L, const struct mf_cwe_problem *problem)
{
    static const char *const kinds[] = {
        [MF_CWE_NO_PROBLEM] = "none",
        [MF_CWE_NOT_CWE] = "not_cwe",
        [MF_CWE_BAD_HEADER_CRC] = "bad_header_crc",
        [MF_CWE_BAD_IMAGE_CRC] = "bad_image_crc",
        [MF_CWE_UNKNOWN_REVISION] = "unknown_revision",
        [MF_CWE_UNKNOWN_INDICATOR] = "unknown_indicator",
        [MF_CWE_NOT_PRINTABLE] = "not_printable",
        [MF_CWE_EMPTY] = "empty",
        [MF_CWE_BEYOND_PARENT] = "beyond_parent",
        [MF_CWE_TRUNCATED] = "truncated",
        [MF_CWE_TRAILING_BYTES] = "trailing_bytes",
        [MF_CWE_TOO_DEEP] = "too_deep",
        [MF_CWE_TOO_MANY] = "too_many",
    };

    lua_createtable(L, 0, 2);
    mf_set_text(L, "kind", kinds[problem->kind]);
    mf_set_whole(L, "offset", problem->offset);
}

static int verified_report(lua_State *L)
{
    const struct verified *self = luaL_checkudata(L, 1, VERIFIED);
    const struct mf_cwe *cwe = &self->core.cwe;

    lua_newtable(L);
    mf_set_boolean(L, "ok", self->core.good);
    mf_set_boolean(L, "complete", self->core.ended);
    mf_set_whole(L, "bytes", cwe->position);
    mf_set_whole(L, "crc", cwe->crc);
    lua_newtable(L);
    for (unsigned i = 0; i < cwe->record_count; i++) {
        push_record(L, &cwe->records[i]);
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_setfield(L, -2, "records");
    lua_newtable(L);
    for (unsigned i = 0; i < cwe->problem_count && i < MF_CWE_PROBLEMS; i++) {
        push_problem(L, &cwe->problems[i]);
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_setfield(L, -2, "problems");
    return 1;
}

/* --- the reader ------------------------------------------------------------------------------ */

static int cwe_verified(lua_State *L)
{
    struct mf_reader *inner = mf_check_reader(L, 1);
    bool withhold = false, expects = false;
    uint32_t expect = 0;
    const char *stamp = NULL;
    struct verified *self;

    if (!lua_isnoneornil(L, 2)) {
        luaL_checktype(L, 2, LUA_TTABLE);
        withhold = mf_option_boolean(L, 2, "withhold", 0);
        lua_getfield(L, 2, "expect");
        expects = !lua_isnil(L, -1);
        expect = (uint32_t)mf_option_whole(L, 2, "expect", 0, UINT32_MAX);
        lua_getfield(L, 2, "stamp"); /* stays on the stack, and so in memory */
        stamp = luaL_optstring(L, -1, NULL);
    }
    self = lua_newuserdata(L, sizeof *self);
    mf_verify_reader_init(&self->core, inner, withhold, expects ? &expect : NULL);
    if (stamp != NULL)
        mf_verify_reader_trust(&self->core, stamp);
    mf_keep(L, lua_gettop(L), 1, "reader");
    luaL_getmetatable(L, VERIFIED);
    lua_setmetatable(L, -2);
    return 1;
}

static bool is_interrupted(lua_State *L)
{
    struct pollfd none;

    return mf_wait(&none, 0, 0, mf_interrupt(L)) == MF_STREAM_INTERRUPTED;
}

static void call_progress(lua_State *L, int function, const struct mf_verify_reader *self)
{
    lua_pushvalue(L, function);
    mf_push_whole(L, self->cwe.position);
    if (self->reader.size < 0)
        lua_pushnil(L);
    else
        mf_push_whole(L, (uint64_t)self->reader.size);
    lua_call(L, 2, 0);
}

/* The stack of verified:drain(silence_ms, progress, entry). */
enum { SELF = 1, SILENCE = 2, PROGRESS = 3, ENTRY = 4 };

struct drain {
    struct mf_nvup_entries entries;
    uint64_t reported; /* position of the last call of progress */
    uint8_t piece[PIECE];
};

static void report(lua_State *L, const struct verified *self, struct drain *drain, size_t count)
{
    uint64_t position = self->core.cwe.position;

    if (!lua_isnil(L, ENTRY)) {
        mf_nvup_entries_feed(&drain->entries, &self->core.cwe, drain->piece, count);
        mf_report_nvup_entries(L, ENTRY, &drain->entries);
    }
    if (lua_isnil(L, PROGRESS) || position - drain->reported < PROGRESS_EVERY)
        return;
    drain->reported = position;
    call_progress(L, PROGRESS, &self->core);
}

/* A source of unknown length that holds no image may have no end. */
static bool is_endless(const struct verified *self)
{
    return self->core.reader.size < 0 && mf_cwe_is_permanent(&self->core.cwe);
}

static int verified_drain(lua_State *L)
{
    struct verified *self = luaL_checkudata(L, SELF, VERIFIED);
    struct mf_reader *reader = &self->core.reader;
    int silence_ms = (int)mf_check_whole(L, SILENCE, INT32_MAX);
    struct drain *drain;
    ssize_t count;

    lua_settop(L, ENTRY);
    luaL_argcheck(L, lua_isnil(L, ENTRY) || !self->core.withhold, ENTRY, "not while withholding");
    drain = lua_newuserdata(L, sizeof *drain);
    mf_nvup_entries_init(&drain->entries);
    drain->reported = 0;
    while ((count = reader->read(reader, drain->piece, PIECE, silence_ms)) > 0) {
        if (is_interrupted(L))
            return mf_fail_reader(L, SELF, MF_STREAM_INTERRUPTED);
        report(L, self, drain, (size_t)count);
        if (is_endless(self))
            break;
    }
    if (count < 0)
        return mf_fail_reader(L, SELF, count);
    lua_pushboolean(L, 1);
    return 1;
}

static int verified_name(lua_State *L)
{
    luaL_checkudata(L, 1, VERIFIED);
    return mf_call_kept(L, "reader", "__tostring");
}

static int verified_close(lua_State *L)
{
    luaL_checkudata(L, 1, VERIFIED);
    return mf_call_kept(L, "reader", "close");
}

static const luaL_Reg functions[] = {
    {"parse", cwe_parse}, {"verified", cwe_verified}, {NULL, NULL}};

static const luaL_Reg methods[] = {{"drain", verified_drain},
                                   {"report", verified_report},
                                   {"close", verified_close},
                                   {"__tostring", verified_name},
                                   {NULL, NULL}};

MF_MODULE int luaopen_moonflash_core_cwe(lua_State *L)
{
    mf_new_reader_class(L, VERIFIED, methods);
    mf_new_module(L, functions);
    return 1;
}

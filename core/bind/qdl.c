// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* moonflash.core.qdl: the QDL download conversation, without a port: bytes in, bytes out.
 *
 *   local qdl = require "moonflash.core.qdl"
 *   local q = qdl.conversation { greeting_ms = 1000, greeting_attempts = 5, reply_ms = 5000,
 *                                ack_ms = 120000, final_ack_ms = 140000, done_ms = 30000 }
 *   -- the defaults
 *   q:greet()                        -- operations; each raises before the last one is done
 *   q:image(head, file_size, { image_type = 0x80, chunk = 1048576 })   -- head: first 400 bytes;
 *                                    -- times given here hold from now on
 *   q:reset()
 *   q:next() q:sent() q:feed(bytes) q:timed_out()   -- see bind/conversation.h
 *   q:status()                       --> { state =, opened =, sent =, total =, version =,
 *                                          features =, max_block =, sequence = }
 *   q:failure()                      --> nil, or what the modem did, in names and numbers:
 *        kind ("silent", "not_qdl", "error", "open_refused", "write_refused", "wrong_sequence",
 *        "done_refused", "unexpected"), other_protocol ("diag", "at", "sahara", "bootrom", "unknown";
 *        with "not_qdl"), number (error code, status, sequence, command, or the mode of a Sahara hello),
 *        text (the modem's own), received (the first bytes since the last good answer), image_type (the
 *        failing one), state, sent, total, sequence. moonflash.protocol.qdl_words has the sentences.
 */
#include "protocol/qdl.h"

#include "bind/conversation.h"

#include <lua.h>
#include <stdbool.h>

#define CLASS "moonflash.qdl"

enum { MOST_ATTEMPTS = 1000 };

MF_MODULE int luaopen_moonflash_core_qdl(lua_State *L);

static const struct {
    const char *name;
    size_t place;
    uint32_t most;
} timings[] = {
    {"greeting_ms", offsetof(struct mf_qdl_timing, greeting_ms), INT32_MAX},
    {"greeting_attempts", offsetof(struct mf_qdl_timing, greeting_attempts), MOST_ATTEMPTS},
    {"reply_ms", offsetof(struct mf_qdl_timing, reply_ms), INT32_MAX},
    {"ack_ms", offsetof(struct mf_qdl_timing, ack_ms), INT32_MAX},
    {"final_ack_ms", offsetof(struct mf_qdl_timing, final_ack_ms), INT32_MAX},
    {"done_ms", offsetof(struct mf_qdl_timing, done_ms), INT32_MAX},
};

static void read_timing(lua_State *L, int table, struct mf_qdl_timing *timing)
{
    for (size_t i = 0; i < sizeof timings / sizeof *timings; i++) {
        uint32_t *value = (uint32_t *)(void *)((char *)timing + timings[i].place);

        *value = (uint32_t)mf_option_whole(L, table, timings[i].name, *value, timings[i].most);
    }
}

static int qdl_conversation(lua_State *L)
{
    struct mf_qdl *qdl;

    lua_settop(L, 1);
    qdl = lua_newuserdata(L, sizeof *qdl);
    mf_qdl_init(qdl);
    if (!lua_isnil(L, 1)) {
        luaL_checktype(L, 1, LUA_TTABLE);
        read_timing(L, 1, &qdl->timing);
    }
    luaL_getmetatable(L, CLASS);
    lua_setmetatable(L, -2);
    return 1;
}

static struct mf_qdl *check_qdl(lua_State *L)
{
    return luaL_checkudata(L, 1, CLASS);
}

static int begin(lua_State *L, bool begun)
{
    if (!begun)
        return luaL_error(L, "the conversation is not between operations");
    lua_pushboolean(L, 1);
    return 1;
}

static int q_greet(lua_State *L)
{
    return begin(L, mf_qdl_greet(check_qdl(L)));
}

static int q_image(lua_State *L)
{
    struct mf_qdl *qdl = check_qdl(L);
    size_t length;
    const char *head = luaL_checklstring(L, 2, &length);
    uint32_t file_size = (uint32_t)mf_check_whole(L, 3, UINT32_MAX);
    uint32_t chunk = MF_QDL_CHUNK;
    uint8_t image_type = MF_QDL_IMAGE_TYPE_CWE;

    if (!lua_isnoneornil(L, 4)) {
        luaL_checktype(L, 4, LUA_TTABLE);
        image_type = (uint8_t)mf_option_whole(L, 4, "image_type", image_type, UINT8_MAX);
        chunk = (uint32_t)mf_option_whole(L, 4, "chunk", chunk, UINT32_MAX);
        read_timing(L, 4, &qdl->timing);
    }
    luaL_argcheck(L, length == MF_QDL_HEAD, 2, "the first 400 bytes of the file expected");
    luaL_argcheck(L, file_size > MF_QDL_HEAD, 3, "more than 400 bytes expected");
    luaL_argcheck(L, chunk > 0, 4, "a chunk has at least one byte");
    return begin(L, mf_qdl_image(qdl, image_type, (const uint8_t *)head, file_size, chunk));
}

static int q_reset(lua_State *L)
{
    return begin(L, mf_qdl_reset(check_qdl(L)));
}

/* The fields that status() and failure() share. */
static void push_state(lua_State *L, const struct mf_qdl *qdl)
{
    lua_createtable(L, 0, 12);
    mf_set_text(L, "state", mf_qdl_state_name(qdl));
    mf_set_whole(L, "sent", qdl->acknowledged);
    mf_set_whole(L, "total", qdl->total);
    mf_set_whole(L, "sequence", qdl->sequence);
}

static int q_status(lua_State *L)
{
    const struct mf_qdl *qdl = check_qdl(L);

    push_state(L, qdl);
    mf_set_boolean(L, "opened", qdl->opened);
    mf_set_whole(L, "version", qdl->version);
    mf_set_whole(L, "features", qdl->features);
    mf_set_whole(L, "max_block", qdl->max_block);
    return 1;
}

static const char *const failures[] = {
    [MF_QDL_SILENT] = "silent",
    [MF_QDL_NOT_QDL] = "not_qdl",
    [MF_QDL_ERROR] = "error",
    [MF_QDL_OPEN_REFUSED] = "open_refused",
    [MF_QDL_WRITE_REFUSED] = "write_refused",
    [MF_QDL_WRONG_SEQUENCE] = "wrong_sequence",
    [MF_QDL_DONE_REFUSED] = "done_refused",
    [MF_QDL_UNEXPECTED] = "unexpected",
};

static const char *const other_protocols[] = {
    [MF_OTHER_NONE] = "none",     [MF_OTHER_DIAG] = "diag",       [MF_OTHER_AT] = "at",
    [MF_OTHER_SAHARA] = "sahara", [MF_OTHER_BOOTROM] = "bootrom", [MF_OTHER_UNKNOWN] = "unknown",
};

static int q_failure(lua_State *L)
{
    const struct mf_qdl *qdl = check_qdl(L);

    if (qdl->failure == MF_QDL_NO_FAILURE)
        return 0;
    push_state(L, qdl);
    mf_set_text(L, "kind", failures[qdl->failure]);
    if (qdl->failure == MF_QDL_NOT_QDL)
        mf_set_text(L, "other_protocol", other_protocols[qdl->other_protocol]);
    if (qdl->other_protocol != MF_OTHER_SAHARA || qdl->code != MF_SAHARA_MODE_UNKNOWN)
        mf_set_whole(L, "number", qdl->code);
    mf_set_text(L, "text", qdl->text);
    mf_set_whole(L, "image_type", qdl->failed_type);
    lua_pushlstring(L, (const char *)qdl->raw, qdl->raw_length);
    lua_setfield(L, -2, "received");
    return 1;
}

static const luaL_Reg functions[] = {
    {"conversation", qdl_conversation},
    {NULL, NULL},
};

static const luaL_Reg methods[] = {
    {"greet", q_greet},   {"image", q_image},     {"reset", q_reset},
    {"status", q_status}, {"failure", q_failure}, {NULL, NULL},
};

MF_MODULE int luaopen_moonflash_core_qdl(lua_State *L)
{
    mf_new_conversation_class(L, CLASS, "qdl", methods);
    mf_new_module(L, functions);
    return 1;
}

// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* moonflash.core.firehose: the Firehose download conversation, without a port: bytes in, bytes out.
 *
 *   local firehose = require "moonflash.core.firehose"
 *   local f = firehose.conversation { command_ms = 10000, final_ack_ms = 300000, program_attempts = 3,
 *                                     power_attempts = 10 }   -- the defaults
 *   f:greet()                        -- operations; each raises before the last one is done
 *   f:image(file_size, { chunk = 1048576, final_ack_ms = 300000 })   -- the size of its ranges, in
 *                                    -- bytes: the chunk of the transfer; the time holds from now on
 *   f:power()
 *   f:next() f:sent() f:feed(bytes) f:timed_out()   -- see bind/conversation.h
 *   f:logs()                         --> array of the loader's log lines since the last call
 *   f:status()                       --> { state =, opened =, sent =, total =, max_payload =,
 *                                          sector_size =, pages_per_block = }
 *   f:failure()                      --> nil, or the fields of status() with kind ("silent", "other",
 *        "sahara", "refused", "image_refused", "limits", "unexpected") and received (the first bytes since
 *        the last document)
 */
#include "protocol/firehose.h"

#include "bind/conversation.h"

#include <string.h>

#define CLASS "moonflash.firehose"

enum { MOST_ATTEMPTS = 1000 };

MF_MODULE int luaopen_moonflash_core_firehose(lua_State *L);

static const struct {
    const char *name;
    size_t place;
    uint32_t most;
} timings[] = {
    {"command_ms", offsetof(struct mf_firehose_timing, command_ms), INT32_MAX},
    {"final_ack_ms", offsetof(struct mf_firehose_timing, final_ack_ms), INT32_MAX},
    {"program_attempts", offsetof(struct mf_firehose_timing, program_attempts), MOST_ATTEMPTS},
    {"power_attempts", offsetof(struct mf_firehose_timing, power_attempts), MOST_ATTEMPTS},
};

static void read_timing(lua_State *L, int table, struct mf_firehose_timing *timing)
{
    for (size_t i = 0; i < sizeof timings / sizeof *timings; i++) {
        uint32_t *value = (uint32_t *)(void *)((char *)timing + timings[i].place);

        *value = (uint32_t)mf_option_whole(L, table, timings[i].name, *value, timings[i].most);
    }
}

static int firehose_conversation(lua_State *L)
{
    struct mf_firehose *firehose;

    lua_settop(L, 1);
    firehose = lua_newuserdata(L, sizeof *firehose);
    mf_firehose_init(firehose);
    if (!lua_isnil(L, 1)) {
        luaL_checktype(L, 1, LUA_TTABLE);
        read_timing(L, 1, &firehose->timing);
    }
    luaL_getmetatable(L, CLASS);
    lua_setmetatable(L, -2);
    return 1;
}

static struct mf_firehose *check_firehose(lua_State *L)
{
    return luaL_checkudata(L, 1, CLASS);
}

static void check_begun(lua_State *L, bool begun)
{
    if (!begun)
        luaL_error(L, "the conversation is not between operations, or the loader was not greeted");
}

static int f_greet(lua_State *L)
{
    check_begun(L, mf_firehose_greet(check_firehose(L)));
    return 0;
}

static int f_power(lua_State *L)
{
    check_begun(L, mf_firehose_power(check_firehose(L)));
    return 0;
}

static int f_image(lua_State *L)
{
    struct mf_firehose *firehose = check_firehose(L);
    uint32_t file_size = (uint32_t)mf_check_whole(L, 2, UINT32_MAX), chunk;

    luaL_checktype(L, 3, LUA_TTABLE);
    chunk = (uint32_t)mf_option_whole(L, 3, "chunk", 1, UINT32_MAX);
    read_timing(L, 3, &firehose->timing);
    check_begun(L, mf_firehose_image(firehose, file_size, chunk));
    mf_push_whole(L, firehose->range);
    return 1;
}

static int f_logs(lua_State *L)
{
    struct mf_firehose *firehose = check_firehose(L);
    const char *at = firehose->logs, *end = at + firehose->logs_length;

    lua_newtable(L);
    for (int index = 1; at < end; index++, at += strlen(at) + 1) {
        lua_pushstring(L, at);
        lua_rawseti(L, -2, index);
    }
    firehose->logs_length = 0;
    return 1;
}

static int f_status(lua_State *L)
{
    const struct mf_firehose *firehose = check_firehose(L);

    lua_createtable(L, 0, 9);
    mf_set_text(L, "state", mf_firehose_state_name(firehose));
    mf_set_boolean(L, "opened", firehose->opened);
    mf_set_whole(L, "sent", firehose->offset);
    mf_set_whole(L, "total", firehose->total);
    mf_set_whole(L, "max_payload", firehose->max_payload);
    mf_set_whole(L, "sector_size", firehose->sector_size);
    mf_set_whole(L, "pages_per_block", firehose->pages_per_block);
    return 1;
}

static const char *const failures[] = {
    [MF_FIREHOSE_SILENT] = "silent",
    [MF_FIREHOSE_OTHER] = "other",
    [MF_FIREHOSE_SAHARA] = "sahara",
    [MF_FIREHOSE_REFUSED] = "refused",
    [MF_FIREHOSE_IMAGE_REFUSED] = "image_refused",
    [MF_FIREHOSE_LIMITS] = "limits",
    [MF_FIREHOSE_UNEXPECTED] = "unexpected",
};

static int f_failure(lua_State *L)
{
    const struct mf_firehose *firehose = check_firehose(L);

    if (firehose->failure == MF_FIREHOSE_NO_FAILURE)
        return 0;
    f_status(L);
    mf_set_text(L, "kind", failures[firehose->failure]);
    lua_pushlstring(L, (const char *)firehose->raw, firehose->raw_length);
    lua_setfield(L, -2, "received");
    return 1;
}

static const luaL_Reg functions[] = {
    {"conversation", firehose_conversation},
    {NULL, NULL},
};

static const luaL_Reg methods[] = {
    {"greet", f_greet},   {"image", f_image},     {"power", f_power}, {"logs", f_logs},
    {"status", f_status}, {"failure", f_failure}, {NULL, NULL},
};

MF_MODULE int luaopen_moonflash_core_firehose(lua_State *L)
{
    mf_new_conversation_class(L, CLASS, "firehose", methods);
    mf_new_module(L, functions);
    return 1;
}

// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* moonflash.core.sahara: from the hello of a loader to Firehose, without a port: bytes in, bytes out.
 *
 *   local sahara = require "moonflash.core.sahara"
 *   local s = sahara.conversation { settle_ms = 2000, hello_ms = 6000, reply_ms = 3000 }
 *   s:switch()     -- the one operation; raises when it was begun before
 *   s:next() s:sent() s:feed(bytes) s:timed_out()   -- see bind/conversation.h
 *   s:status()     --> { state =, mode = (of the hello), rest = the bytes behind the last answer, which are
 *                        for moonflash.core.firehose }
 *   s:failure()    --> nil, or { kind = "silent" | "refused" | "unexpected" | "other", state =,
 *                        number = (a status, a command), received = (the bytes of the last message) }
 */
#include "protocol/sahara.h"

#include "bind/conversation.h"

#define CLASS "moonflash.sahara"

MF_MODULE int luaopen_moonflash_core_sahara(lua_State *L);

static uint32_t option(lua_State *L, const char *name, uint32_t absent)
{
    return (uint32_t)mf_option_whole(L, 1, name, absent, INT32_MAX);
}

static int sahara_conversation(lua_State *L)
{
    struct mf_sahara *sahara;

    lua_settop(L, 1);
    sahara = lua_newuserdata(L, sizeof *sahara);
    mf_sahara_init(sahara);
    if (!lua_isnil(L, 1)) {
        luaL_checktype(L, 1, LUA_TTABLE);
        sahara->timing.settle_ms = option(L, "settle_ms", sahara->timing.settle_ms);
        sahara->timing.hello_ms = option(L, "hello_ms", sahara->timing.hello_ms);
        sahara->timing.reply_ms = option(L, "reply_ms", sahara->timing.reply_ms);
    }
    luaL_getmetatable(L, CLASS);
    lua_setmetatable(L, -2);
    return 1;
}

static struct mf_sahara *check_sahara(lua_State *L)
{
    return luaL_checkudata(L, 1, CLASS);
}

static int s_switch(lua_State *L)
{
    if (!mf_sahara_switch(check_sahara(L)))
        return luaL_error(L, "the conversation was begun before");
    lua_pushboolean(L, 1);
    return 1;
}

static int s_status(lua_State *L)
{
    const struct mf_sahara *sahara = check_sahara(L);

    lua_createtable(L, 0, 3);
    mf_set_text(L, "state", mf_sahara_state_name(sahara));
    mf_set_whole(L, "mode", sahara->mode);
    lua_pushlstring(L, (const char *)sahara->rest, sahara->rest_length);
    lua_setfield(L, -2, "rest");
    return 1;
}

static const char *const failures[] = {
    [MF_SAHARA_SILENT] = "silent",
    [MF_SAHARA_REFUSED] = "refused",
    [MF_SAHARA_UNEXPECTED] = "unexpected",
    [MF_SAHARA_OTHER] = "other",
};

static int s_failure(lua_State *L)
{
    const struct mf_sahara *sahara = check_sahara(L);

    if (sahara->failure == MF_SAHARA_NO_FAILURE)
        return 0;
    lua_createtable(L, 0, 4);
    mf_set_text(L, "kind", failures[sahara->failure]);
    mf_set_text(L, "state", mf_sahara_state_name(sahara));
    mf_set_whole(L, "number", sahara->code);
    lua_pushlstring(L, (const char *)sahara->in, sahara->in_length);
    lua_setfield(L, -2, "received");
    return 1;
}

static const luaL_Reg functions[] = {
    {"conversation", sahara_conversation},
    {NULL, NULL},
};

static const luaL_Reg methods[] = {
    {"switch", s_switch},
    {"status", s_status},
    {"failure", s_failure},
    {NULL, NULL},
};

MF_MODULE int luaopen_moonflash_core_sahara(lua_State *L)
{
    mf_new_conversation_class(L, CLASS, "firehose", methods);
    mf_new_module(L, functions);
    return 1;
}

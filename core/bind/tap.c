// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* moonflash.core.tap: a channel around another one that reports everything that passes, for traces.
 *
 *     local tap = require "moonflash.core.tap"
 *     channel = tap.new(channel, function(kind, what, crc) end)
 *
 * The function is called with "sent" or "received" and the bytes; "image" and a count, with the CRC-32
 * of that much image data; "ended" when the channel hangs up or fails. Its errors are ignored. It must
 * not use the tap itself: the bytes are not reported, and close() raises.
 *
 * The tap has the methods of a channel (bind/channel.h); discard(), close() and tostring() are those
 * of the channel inside.
 */
#include "stream/tap.h"

#include "bind/channel.h"

#define CLASS "moonflash.tap"

struct bound_tap {
    struct mf_tap tap; /* first: the userdata begins with its interface */
    /* A thread with the closure report() on its stack: reports come in the middle of a read or
     * write, also of a transfer's, and leave the caller's stack alone. */
    lua_State *thread;
    bool reporting;
};

enum { SELF = 1 };

MF_MODULE int luaopen_moonflash_core_tap(lua_State *L);

/* --- reports ---------------------------------------------------------------------------------- */

struct event {
    enum mf_tap_kind kind;
    const uint8_t *bytes;
    size_t length;
    uint32_t crc;
};

static int report(lua_State *L)
{
    static const char *const names[] = {[MF_TAP_SENT] = "sent",
                                        [MF_TAP_RECEIVED] = "received",
                                        [MF_TAP_IMAGE] = "image",
                                        [MF_TAP_ENDED] = "ended"};
    const struct event *event = lua_touserdata(L, 1);

    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushstring(L, names[event->kind]);
    if (event->bytes != NULL)
        lua_pushlstring(L, (const char *)event->bytes, event->length);
    else
        mf_push_whole(L, event->length);
    mf_push_whole(L, event->crc);
    lua_call(L, 3, 0);
    return 0;
}

static void on_report(void *context, enum mf_tap_kind kind, const uint8_t *bytes, size_t length,
                      uint32_t crc)
{
    struct bound_tap *bound = context;
    struct event event = {kind, bytes, length, crc};

    if (bound->reporting)
        return;
    bound->reporting = true;
    lua_pushvalue(bound->thread, 1);
    lua_pushlightuserdata(bound->thread, &event);
    lua_pcall(bound->thread, 1, 0, 0);
    lua_settop(bound->thread, 1);
    bound->reporting = false;
}

/* --- the channel ------------------------------------------------------------------------------ */

static int tap_new(lua_State *L)
{
    struct mf_channel *inner = mf_check_channel(L, 1);
    struct bound_tap *bound;

    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    bound = lua_newuserdata(L, sizeof *bound);
    mf_tap_init(&bound->tap, inner);
    bound->tap.report = on_report;
    bound->tap.context = bound;
    bound->reporting = false;
    bound->thread = lua_newthread(L);
    mf_keep(L, 3, 4, "thread");
    mf_keep(L, 3, 1, "channel");
    lua_pushvalue(L, 2);
    lua_pushcclosure(L, report, 1);
    lua_xmove(L, bound->thread, 1);
    luaL_getmetatable(L, CLASS);
    lua_setmetatable(L, 3);
    lua_settop(L, 3);
    return 1;
}

static struct bound_tap *check_tap(lua_State *L)
{
    return luaL_checkudata(L, SELF, CLASS);
}

static int tap_discard(lua_State *L)
{
    check_tap(L);
    return mf_call_kept(L, "channel", "discard");
}

static int tap_close(lua_State *L)
{
    struct bound_tap *bound = check_tap(L);

    if (bound->reporting)
        return luaL_error(L, "a tap cannot be closed by its own function");
    mf_tap_flush(&bound->tap);
    bound->tap.channel.descriptor = -1;
    return mf_call_kept(L, "channel", "close");
}

static int tap_tostring(lua_State *L)
{
    check_tap(L);
    return mf_call_kept(L, "channel", "__tostring");
}

MF_MODULE int luaopen_moonflash_core_tap(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"discard", tap_discard},
        {"close", tap_close},
        {"__tostring", tap_tostring},
        {NULL, NULL},
    };
    static const luaL_Reg functions[] = {{"new", tap_new}, {NULL, NULL}};

    mf_new_channel_class(L, CLASS, methods);
    mf_new_module(L, functions);
    return 1;
}

// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* moonflash.core.uevent: kernel events about devices. Times are ms.
 *
 *   local uevent = require "moonflash.core.uevent"
 *   local u = uevent.open("/")   --> receives from now on | uevent.unavailable. With another root: from
 *                                    the simulator's socket ROOT/uevent
 *   u:next(ms)                   --> { ACTION="add", DEVPATH="/devices/...", SUBSYSTEM="usb", ... } |
 *                                    { overrun=true }: events were lost, read /sys again |
 *                                    uevent.timeout, uevent.interrupted, uevent.failed
 *   u:descriptor()               --> for poll: readable when next may have an event; -1 once closed
 *   u:close()
 *   uevent.parse(bytes)          --> the table of one message | nil: another format
 */
#include "driver/uevent.h"

#include "bind/bind.h"
#include "stream/wait.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#define UEVENT_CLASS "moonflash.uevent"

MF_MODULE int luaopen_moonflash_core_uevent(lua_State *L);

/* --- the table of an event ------------------------------------------------------------------- */

static void set_text(lua_State *L, const char *name, const char *value, size_t length)
{
    lua_pushlstring(L, value, length);
    lua_setfield(L, -2, name);
}

/* Pushes the table of a message, or nil for another format. */
static void push_event(lua_State *L, const char *bytes, size_t length)
{
    struct mf_uevent_text text;
    struct mf_uevent_field first, field;

    if (!mf_uevent_begin(&text, bytes, length, &first)) {
        lua_pushnil(L);
        return;
    }
    lua_newtable(L);
    while (mf_uevent_next(&text, &field)) {
        lua_pushlstring(L, field.name, field.name_length);
        lua_pushlstring(L, field.value, field.value_length);
        lua_rawset(L, -3);
    }
    set_text(L, "ACTION", first.name, first.name_length);
    set_text(L, "DEVPATH", first.value, first.value_length);
}

static int uevent_parse(lua_State *L)
{
    size_t length;
    const char *bytes = luaL_checklstring(L, 1, &length);

    push_event(L, bytes, length);
    return 1;
}

/* --- receiving ------------------------------------------------------------------------------- */

static int uevent_open(lua_State *L)
{
    const char *root = luaL_checkstring(L, 1);
    const char *path = lua_pushfstring(L, "%s/uevent", root);
    int kernel = strcmp(root, "/") == 0;
    int *descriptor = lua_newuserdata(L, sizeof *descriptor);

    *descriptor = -1;
    luaL_getmetatable(L, UEVENT_CLASS);
    lua_setmetatable(L, -2);
    *descriptor = kernel ? mf_uevent_open_kernel() : mf_uevent_open_simulator(path);
    if (*descriptor < 0)
        return mf_fail(L, "uevent.unavailable", root, strerror(errno));
    return 1;
}

/* Pushes the next event and returns 1; 0 for a message of another process or format. */
static int take_event(lua_State *L, int descriptor)
{
    char message[MF_UEVENT_MOST];
    ssize_t length = mf_uevent_receive(descriptor, message);

    if (length == MF_UEVENT_FAILED)
        return mf_fail_stream(L, "uevent", "uevents", MF_STREAM_FAILED, errno);
    if (length == MF_UEVENT_NONE)
        return 0;
    if (length == MF_UEVENT_OVERRUN) {
        lua_newtable(L);
        lua_pushboolean(L, 1);
        lua_setfield(L, -2, "overrun");
        return 1;
    }
    push_event(L, message, (size_t)length);
    if (!lua_isnil(L, -1))
        return 1;
    lua_pop(L, 1);
    return 0;
}

static int check_open(lua_State *L)
{
    int descriptor = *(int *)luaL_checkudata(L, 1, UEVENT_CLASS);

    luaL_argcheck(L, descriptor >= 0, 1, "is closed");
    return descriptor;
}

static int uevent_next(lua_State *L)
{
    struct pollfd one = {.fd = check_open(L), .events = POLLIN};
    int64_t deadline = mf_now_ms() + (int64_t)mf_check_whole(L, 2, INT_MAX);
    int interrupt = mf_interrupt(L);

    do {
        int ready = mf_wait(&one, 1, deadline, interrupt);
        int results = ready < 0 ? 0 : take_event(L, one.fd);

        if (ready < 0)
            return mf_fail_stream(L, "uevent", "uevents", ready, errno);
        if (results > 0)
            return results;
    } while (mf_now_ms() < deadline); /* also when other messages never end */
    return mf_fail_stream(L, "uevent", "uevents", MF_STREAM_TIMEOUT, 0);
}

static int uevent_descriptor(lua_State *L)
{
    lua_pushinteger(L, *(int *)luaL_checkudata(L, 1, UEVENT_CLASS));
    return 1;
}

static int uevent_close(lua_State *L)
{
    int *descriptor = luaL_checkudata(L, 1, UEVENT_CLASS);

    if (*descriptor >= 0)
        close(*descriptor);
    *descriptor = -1;
    lua_pushboolean(L, 1);
    return 1;
}

MF_MODULE int luaopen_moonflash_core_uevent(lua_State *L)
{
    static const luaL_Reg methods[] = {{"next", uevent_next},
                                       {"descriptor", uevent_descriptor},
                                       {"close", uevent_close},
                                       {"__gc", uevent_close},
                                       {NULL, NULL}};
    static const luaL_Reg functions[] = {
        {"open", uevent_open}, {"parse", uevent_parse}, {NULL, NULL}};

    mf_new_class(L, UEVENT_CLASS, methods);
    mf_new_module(L, functions);
    return 1;
}

// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/*** A raw channel over a USB interface, without a serial driver: see core/driver/usb.h.
 *
 *     local usb = require "moonflash.core.usb"
 *     local u = usb.open("/dev/bus/usb/001/004", 0[, name])   u | nil, failure: port.not_found, port.denied,
 *                                                             port.busy, port.not_a_device, port.failed
 *     u:read(n, ms)       1 to n bytes | nil, failure (port.timeout, port.closed, ...)
 *     u:write(bytes, ms)  true when all of it was written | nil, failure
 *     u:descriptor()      for sys.poll: writable when something has completed; nil once closed
 *     u:discard()         true; the bytes that have arrived are dropped | nil, failure (port.closed)
 *     u:close()           gives the interface back to its driver; may be called again
 *     tostring(u)         its name
 *
 * @module moonflash.core.usb
 */
#include "driver/usb.h"

#include "bind/channel.h"

#include <string.h>

#define CLASS "moonflash.usb"

enum { MOST_INTERFACE = 255 };

struct bound_usb {
    struct mf_usb usb; /* first: the userdata begins with its interface */
    char name[];
};

MF_MODULE int luaopen_moonflash_core_usb(lua_State *L);

static struct bound_usb *check_usb(lua_State *L)
{
    return luaL_checkudata(L, 1, CLASS);
}

static struct bound_usb *new_usb(lua_State *L, const char *name)
{
    size_t length = strlen(name);
    struct bound_usb *bound = lua_newuserdata(L, sizeof *bound + length + 1);

    mf_usb_init(&bound->usb);
    bound->usb.channel.interrupt = mf_interrupt(L);
    memcpy(bound->name, name, length + 1);
    luaL_getmetatable(L, CLASS);
    lua_setmetatable(L, -2);
    return bound;
}

static int usb_open(lua_State *L)
{
    static const char *const codes[] = {
        [MF_USB_NOT_FOUND] = "port.not_found", [MF_USB_DENIED] = "port.denied",
        [MF_USB_BUSY] = "port.busy",           [MF_USB_NOT_A_DEVICE] = "port.not_a_device",
        [MF_USB_FAILED] = "port.failed",
    };
    const char *node = luaL_checkstring(L, 1);
    int interface = (int)mf_check_whole(L, 2, MOST_INTERFACE);
    struct bound_usb *bound = new_usb(L, luaL_optstring(L, 3, node));
    enum mf_usb_result result = mf_usb_open(&bound->usb, node, interface);

    if (result == MF_USB_OK)
        return 1;
    return mf_fail(L, codes[result], bound->name, strerror(bound->usb.channel.error));
}

static int usb_discard(lua_State *L)
{
    struct bound_usb *bound = check_usb(L);
    int result;

    mf_check_open_channel(L);
    result = mf_usb_discard(&bound->usb);
    if (result < 0)
        return mf_fail_stream(L, "port", bound->name, result, bound->usb.channel.error);
    lua_pushboolean(L, 1);
    return 1;
}

static int usb_close(lua_State *L)
{
    mf_usb_close(&check_usb(L)->usb);
    return 0;
}

static int usb_tostring(lua_State *L)
{
    lua_pushstring(L, check_usb(L)->name);
    return 1;
}

MF_MODULE int luaopen_moonflash_core_usb(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"discard", usb_discard},     {"close", usb_close}, {"__gc", usb_close},
        {"__tostring", usb_tostring}, {NULL, NULL},
    };
    static const luaL_Reg functions[] = {{"open", usb_open}, {NULL, NULL}};

    mf_new_channel_class(L, CLASS, methods);
    mf_new_module(L, functions);
    return 1;
}

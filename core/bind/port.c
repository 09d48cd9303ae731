// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/*** A raw channel over a serial device, pseudo terminal or Unix socket.
 *
 *     local port = require "moonflash.core.port"
 *     local p = port.open("/dev/ttyUSB0")         p | nil, failure: port.not_found, port.denied, port.busy,
 *                                                 port.not_a_device, port.interrupted, port.failed
 *     local p = port.from_descriptor(fd[, name])  the same; owns fd, and closes it on failure
 *     p:read(n, ms)       1 to n bytes | nil, failure (port.timeout, port.closed, ...)
 *     p:write(bytes, ms)  true when all of it was written | nil, failure
 *     p:descriptor()      the descriptor for sys.poll; nil once closed
 *     p:discard()         true; the bytes that have arrived are dropped | nil, failure (port.closed)
 *     p:close()           may be called again
 *     tostring(p)         its path or name
 *
 * @module moonflash.core.port
 */
#include "driver/port.h"

#include "bind/channel.h"

#include <limits.h>
#include <string.h>

#define CLASS "moonflash.port"

struct bound_port {
    struct mf_port port; /* first: the userdata begins with its interface */
    char name[];
};

MF_MODULE int luaopen_moonflash_core_port(lua_State *L);

static struct bound_port *check_port(lua_State *L)
{
    return luaL_checkudata(L, 1, CLASS);
}

static struct bound_port *new_port(lua_State *L, const char *name)
{
    size_t length = strlen(name);
    struct bound_port *bound = lua_newuserdata(L, sizeof *bound + length + 1);

    mf_port_init(&bound->port);
    bound->port.channel.interrupt = mf_interrupt(L);
    memcpy(bound->name, name, length + 1);
    luaL_getmetatable(L, CLASS);
    lua_setmetatable(L, -2);
    return bound;
}

static int opened(lua_State *L, const struct bound_port *bound, enum mf_port_result result)
{
    static const char *const codes[] = {
        [MF_PORT_NOT_FOUND] = "port.not_found",
        [MF_PORT_DENIED] = "port.denied",
        [MF_PORT_BUSY] = "port.busy",
        [MF_PORT_NOT_A_DEVICE] = "port.not_a_device",
        [MF_PORT_INTERRUPTED] = "port.interrupted",
        [MF_PORT_FAILED] = "port.failed",
    };

    if (result == MF_PORT_OK)
        return 1;
    return mf_fail(L, codes[result], bound->name, strerror(bound->port.channel.error));
}

static int port_open(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    struct bound_port *bound = new_port(L, path);

    return opened(L, bound, mf_port_open(&bound->port, path));
}

static int port_from_descriptor(lua_State *L)
{
    int descriptor = (int)mf_check_whole(L, 1, INT_MAX);
    const char *name = luaL_optstring(L, 2, NULL);
    struct bound_port *bound;

    if (name == NULL)
        name = lua_pushfstring(L, "descriptor %d", descriptor);
    bound = new_port(L, name);
    return opened(L, bound, mf_port_adopt(&bound->port, descriptor));
}

static int port_discard(lua_State *L)
{
    struct bound_port *bound = check_port(L);
    int result;

    mf_check_open_channel(L);
    result = mf_port_discard(&bound->port);
    if (result < 0)
        return mf_fail_stream(L, "port", bound->name, result, bound->port.channel.error);
    lua_pushboolean(L, 1);
    return 1;
}

static int port_close(lua_State *L)
{
    mf_port_close(&check_port(L)->port);
    return 0;
}

static int port_tostring(lua_State *L)
{
    lua_pushstring(L, check_port(L)->name);
    return 1;
}

MF_MODULE int luaopen_moonflash_core_port(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"discard", port_discard},     {"close", port_close}, {"__gc", port_close},
        {"__tostring", port_tostring}, {NULL, NULL},
    };
    static const luaL_Reg functions[] = {
        {"open", port_open},
        {"from_descriptor", port_from_descriptor},
        {NULL, NULL},
    };

    mf_new_channel_class(L, CLASS, methods);
    mf_new_module(L, functions);
    return 1;
}

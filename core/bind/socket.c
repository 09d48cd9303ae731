// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* moonflash.core.socket: stream sockets for the simulator's USB/IP. Descriptors are plain numbers,
 * for moonflash.core.sys.
 *
 *   local socket = require "moonflash.core.socket"
 *   socket.pair()             --> fd, fd: connected with each other
 *   socket.listen(port)       --> fd, port; of all addresses. Port 0: any free one
 *   socket.accept(fd)         --> fd | sys.again: nobody has connected
 *
 * Other failures: sys.failed.
 */
#include "driver/socket.h"

#include "bind/bind.h"

#include <errno.h>
#include <string.h>

enum { LAST_PORT = 65535 };

MF_MODULE int luaopen_moonflash_core_socket(lua_State *L);

static int fail(lua_State *L, const char *subject)
{
    return mf_fail(L, errno == EAGAIN ? "sys.again" : "sys.failed", subject, strerror(errno));
}

static int socket_pair(lua_State *L)
{
    int ends[2];

    if (mf_socket_pair(ends) != 0)
        return fail(L, "make a pair of sockets");
    lua_pushinteger(L, ends[0]);
    lua_pushinteger(L, ends[1]);
    return 2;
}

static int socket_listen(lua_State *L)
{
    int port = (int)mf_check_whole(L, 1, LAST_PORT), descriptor;

    if (mf_socket_listen(&port, &descriptor) != 0)
        return fail(L, lua_pushfstring(L, "listen on TCP port %d", port));
    lua_pushinteger(L, descriptor);
    lua_pushinteger(L, port);
    return 2;
}

static int socket_accept(lua_State *L)
{
    int listener = (int)mf_check_whole(L, 1, INT32_MAX), descriptor;

    if (mf_socket_accept(listener, &descriptor) != 0)
        return fail(L, "take a connection");
    lua_pushinteger(L, descriptor);
    return 1;
}

int luaopen_moonflash_core_socket(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"pair", socket_pair},
        {"listen", socket_listen},
        {"accept", socket_accept},
        {NULL, NULL},
    };

    mf_new_module(L, functions);
    return 1;
}

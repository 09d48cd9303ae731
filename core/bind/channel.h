// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* Channels in Lua. The methods that all of them share:
 *
 *     c:read(n, ms)       1 to n bytes | nil, failure (port.timeout, port.closed, ...)
 *     c:write(bytes, ms)  true when all of it was written | nil, failure
 *     c:descriptor()      the descriptor for sys.poll; nil once closed
 *
 * A class adds discard() (drops the bytes that have arrived), close() and __tostring, which names the
 * channel in messages.
 */
#ifndef MF_BIND_CHANNEL_H
#define MF_BIND_CHANNEL_H

#include "bind/bind.h"

/* A class of channels: mf_new_class with the methods above added. */
void mf_new_channel_class(lua_State *L, const char *name, const luaL_Reg *methods);

/* The channel at index 1, with the interrupt descriptor set. Raises when it is closed. */
struct mf_channel *mf_check_open_channel(lua_State *L);

#endif

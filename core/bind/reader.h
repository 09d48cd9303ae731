// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* Readers in Lua. The methods that all of them share:
 *
 *     r:read(n[, ms])  1 to n bytes (30 s by default) | nil at the end | nil, failure source.*
 *     r:size()         bytes, nil while unknown
 *     r:rewind()       true: at the first byte | false: can be read only once | nil, failure
 *
 * A class adds close() and __tostring, which names the reader in messages.
 */
#ifndef MF_BIND_READER_H
#define MF_BIND_READER_H

#include "bind/bind.h"

/* A class of readers: mf_new_class with the methods above added. */
void mf_new_reader_class(lua_State *L, const char *name, const luaL_Reg *methods);

/* nil and a failure source.* for an mf_stream_result of the reader at `index`. */
int mf_fail_reader(lua_State *L, int index, ssize_t result);

#endif

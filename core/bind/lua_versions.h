// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* Lua 5.1 is the contract, Lua 5.4 works: what differs between them in C. */
#ifndef MF_BIND_LUA_VERSIONS_H
#define MF_BIND_LUA_VERSIONS_H

#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

#if LUA_VERSION_NUM < 502
#define lua_rawlen lua_objlen
#endif

/* Pushes the table that a userdata has for itself, or another value. Returns whether it has one. In
 * Lua 5.1 it is the environment: a new userdata shares that of the module. */
static inline bool mf_push_own_table(lua_State *L, int userdata)
{
#if LUA_VERSION_NUM < 502
    lua_getfenv(L, userdata);
    return !lua_rawequal(L, -1, LUA_ENVIRONINDEX);
#else
    return lua_getuservalue(L, userdata) == LUA_TTABLE;
#endif
}

/* Pops a table and gives it to a userdata. */
static inline void mf_set_own_table(lua_State *L, int userdata)
{
#if LUA_VERSION_NUM < 502
    lua_setfenv(L, userdata);
#else
    lua_setuservalue(L, userdata);
#endif
}

/* Pushes a whole number up to 2^53. An integer of Lua 5.1 may have 32 bits. Lua 5.4 prints a whole
 * float as "3.0". */
static inline void mf_push_integral(lua_State *L, uint64_t value)
{
#if LUA_VERSION_NUM < 503
    lua_pushnumber(L, (lua_Number)value);
#else
    lua_pushinteger(L, (lua_Integer)value);
#endif
}

#endif

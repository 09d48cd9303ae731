// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/*** The two checksums of QDL frames and CWE images.
 *
 *   local crc = require "moonflash.core.crc"
 *   crc.crc16("123456789")                  --> 0x906e; crc.crc16(more, value) continues
 *   crc.crc32("123456789")                  --> 0x340bc6d9; crc.crc32(more, value) continues
 *   crc.crc32_combine(a, b, length_of_b)    --> the CRC of A followed by B
 *
 * @module moonflash.core.crc
 */
#include "protocol/crc.h"

#include "bind/bind.h"

#include <lua.h>

enum { MOST_EXACT_BITS = 53 };

MF_MODULE int luaopen_moonflash_core_crc(lua_State *L);

static uint64_t option_value(lua_State *L, int index, uint64_t absent, uint64_t most)
{
    return lua_isnoneornil(L, index) ? absent : mf_check_whole(L, index, most);
}

static int crc_crc16(lua_State *L)
{
    size_t length;
    const char *bytes = luaL_checklstring(L, 1, &length);
    uint16_t crc = (uint16_t)option_value(L, 2, MF_CRC16_EMPTY, UINT16_MAX);

    mf_push_whole(L, mf_crc16(crc, (const uint8_t *)bytes, length));
    return 1;
}

static int crc_crc32(lua_State *L)
{
    size_t length;
    const char *bytes = luaL_checklstring(L, 1, &length);
    uint32_t crc = (uint32_t)option_value(L, 2, MF_CRC32_EMPTY, UINT32_MAX);

    mf_push_whole(L, mf_crc32(crc, (const uint8_t *)bytes, length));
    return 1;
}

static int crc_crc32_combine(lua_State *L)
{
    uint32_t a = (uint32_t)mf_check_whole(L, 1, UINT32_MAX);
    uint32_t b = (uint32_t)mf_check_whole(L, 2, UINT32_MAX);
    uint64_t length_b = mf_check_whole(L, 3, (uint64_t)1 << MOST_EXACT_BITS);

    mf_push_whole(L, mf_crc32_combine(a, b, length_b));
    return 1;
}

static const luaL_Reg functions[] = {
    {"crc16", crc_crc16},
    {"crc32", crc_crc32},
    {"crc32_combine", crc_crc32_combine},
    {NULL, NULL},
};

MF_MODULE int luaopen_moonflash_core_crc(lua_State *L)
{
    mf_new_module(L, functions);
    return 1;
}

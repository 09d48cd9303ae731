// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/*** Numbers to and from bytes and hex. Values of 2^31 and above break in %x and the bit arithmetic of
 * OpenWrt's integer-patched Lua, so they are packed, masked and formatted here.
 *
 *   local bytes = require "moonflash.core.bytes"
 *   bytes.u16le(0x0102)               --> "\2\1"; also u8 u32le u16be u32be
 *   bytes.get_u16le("\2\1", 1)        --> 0x0102, nil beyond the end; first byte is 1, the default
 *   bytes.hex("\13\22")               --> "0d 16"; bytes.hex(data, "") without blanks
 *   bytes.from_hex("0d 16")           --> "\13\22", nil if that is not hex; blanks are ignored
 *   bytes.hex_number(0x1a, 4)         --> "001a"; at least so many digits, 1 by default
 *   bytes.band(a, b) bytes.bor(a, b)  --> of 32-bit values
 *
 * @module moonflash.core.bytes
 */
#include "bind/bind.h"

#include <lua.h>
#include <stdbool.h>

enum { MOST_BYTES = 4, MOST_DIGITS = 16, MOST_EXACT_BITS = 53 };
#define MOST_EXACT ((uint64_t)1 << MOST_EXACT_BITS)

static const char digits[] = "0123456789abcdef";

static const struct layout {
    const char *put, *get;
    unsigned width;
    bool big_endian;
} layouts[] = {
    {"u8", "get_u8", 1, false},       {"u16le", "get_u16le", 2, false},
    {"u32le", "get_u32le", 4, false}, {"u16be", "get_u16be", 2, true},
    {"u32be", "get_u32be", 4, true},
};

MF_MODULE int luaopen_moonflash_core_bytes(lua_State *L);

static int push_nil(lua_State *L)
{
    lua_pushnil(L);
    return 1;
}

static const struct layout *own_layout(lua_State *L)
{
    return &layouts[(size_t)lua_tonumber(L, lua_upvalueindex(1))];
}

/* How many bits the byte at `at` is shifted in the number. */
static unsigned shift_at(const struct layout *layout, unsigned at)
{
    return 8 * (layout->big_endian ? layout->width - 1 - at : at);
}

static int bytes_put(lua_State *L)
{
    const struct layout *layout = own_layout(L);
    uint64_t value = mf_check_whole(L, 1, UINT32_MAX >> (32 - 8 * layout->width));
    char out[MOST_BYTES];

    for (unsigned at = 0; at < layout->width; at++)
        out[at] = (char)(value >> shift_at(layout, at));
    lua_pushlstring(L, out, layout->width);
    return 1;
}

static int bytes_get(lua_State *L)
{
    const struct layout *layout = own_layout(L);
    size_t length;
    const uint8_t *bytes = (const uint8_t *)luaL_checklstring(L, 1, &length);
    uint64_t first = lua_isnoneornil(L, 2) ? 1 : mf_check_whole(L, 2, MOST_EXACT);
    uint32_t value = 0;

    luaL_argcheck(L, first > 0, 2, "the first byte is 1");
    if (first - 1 > length || layout->width > length - (first - 1))
        return push_nil(L);
    for (unsigned at = 0; at < layout->width; at++)
        value |= (uint32_t)bytes[first - 1 + at] << shift_at(layout, at);
    mf_push_whole(L, value);
    return 1;
}

static int bytes_hex(lua_State *L)
{
    size_t length, separator_length;
    const char *bytes = luaL_checklstring(L, 1, &length);
    const char *separator = luaL_optlstring(L, 2, " ", &separator_length);
    luaL_Buffer out;

    luaL_buffinit(L, &out);
    for (size_t i = 0; i < length; i++) {
        if (i > 0)
            luaL_addlstring(&out, separator, separator_length);
        luaL_addchar(&out, digits[(uint8_t)bytes[i] >> 4]);
        luaL_addchar(&out, digits[bytes[i] & 0xf]);
    }
    luaL_pushresult(&out);
    return 1;
}

static int digit_value(char character)
{
    if (character >= '0' && character <= '9')
        return character - '0';
    if (character >= 'a' && character <= 'f')
        return character - 'a' + 10;
    if (character >= 'A' && character <= 'F')
        return character - 'A' + 10;
    return -1;
}

static bool is_blank(char character)
{
    return character == ' ' || (character >= '\t' && character <= '\r');
}

static int bytes_from_hex(lua_State *L)
{
    size_t length;
    const char *text = luaL_checklstring(L, 1, &length);
    int high = -1;
    luaL_Buffer out;

    luaL_buffinit(L, &out);
    for (size_t i = 0; i < length; i++) {
        int value = digit_value(text[i]);

        if (value < 0 && is_blank(text[i]))
            continue;
        if (value < 0)
            return push_nil(L);
        if (high >= 0)
            luaL_addchar(&out, (char)(high << 4 | value));
        high = high < 0 ? value : -1;
    }
    if (high >= 0)
        return push_nil(L);
    luaL_pushresult(&out);
    return 1;
}

static int bytes_hex_number(lua_State *L)
{
    uint64_t value = mf_check_whole(L, 1, MOST_EXACT);
    int least = (int)luaL_optinteger(L, 2, 1);
    char out[MOST_DIGITS];
    int at = MOST_DIGITS;

    luaL_argcheck(L, least >= 1 && least <= MOST_DIGITS, 2, "1 to 16 digits");
    for (; value != 0 || MOST_DIGITS - at < least; value >>= 4)
        out[--at] = digits[value & 0xf];
    lua_pushlstring(L, out + at, (size_t)(MOST_DIGITS - at));
    return 1;
}

static int bytes_band(lua_State *L)
{
    mf_push_whole(L, mf_check_whole(L, 1, UINT32_MAX) & mf_check_whole(L, 2, UINT32_MAX));
    return 1;
}

static int bytes_bor(lua_State *L)
{
    mf_push_whole(L, mf_check_whole(L, 1, UINT32_MAX) | mf_check_whole(L, 2, UINT32_MAX));
    return 1;
}

static const luaL_Reg functions[] = {
    {"hex", bytes_hex},   {"from_hex", bytes_from_hex}, {"hex_number", bytes_hex_number},
    {"band", bytes_band}, {"bor", bytes_bor},           {NULL, NULL},
};

/* The upvalue is the row of `layouts`. */
static void set_closure(lua_State *L, const char *name, lua_CFunction function, size_t row)
{
    mf_push_whole(L, row);
    lua_pushcclosure(L, function, 1);
    lua_setfield(L, -2, name);
}

MF_MODULE int luaopen_moonflash_core_bytes(lua_State *L)
{
    mf_new_module(L, functions);
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        set_closure(L, layouts[i].put, bytes_put, i);
        set_closure(L, layouts[i].get, bytes_get, i);
    }
    return 1;
}

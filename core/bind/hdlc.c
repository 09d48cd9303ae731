// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* moonflash.core.hdlc: frames of QDL and DIAG.
 *
 *   local hdlc = require "moonflash.core.hdlc"
 *   hdlc.frame(payload)              --> flag, escaped payload and CRC-16, flag
 *   local decoder = hdlc.decoder(512)    -- payloads of at most 512 bytes
 *   decoder:feed(bytes)              --> { payload, ... } completed by these bytes, any split
 *   decoder:counters()               --> { bad_crc = 0, too_long = 0 } frames dropped so far
 */
#include "protocol/hdlc.h"

#include "bind/bind.h"

#include <lua.h>

#define DECODER "moonflash.hdlc.decoder"

enum { CRC_LENGTH = 2, MOST_LIMIT = 1 << 24 };

struct decoder {
    struct mf_hdlc_decoder hdlc;
    uint8_t buffer[];
};

MF_MODULE int luaopen_moonflash_core_hdlc(lua_State *L);

static int hdlc_frame(lua_State *L)
{
    size_t length;
    const char *payload = luaL_checklstring(L, 1, &length);
    size_t capacity = MF_HDLC_FRAME_MAX(length);
    uint8_t *out = lua_newuserdata(L, capacity);

    length = mf_hdlc_frame(out, capacity, (const uint8_t *)payload, length);
    lua_pushlstring(L, (const char *)out, length);
    return 1;
}

static int hdlc_decoder(lua_State *L)
{
    size_t capacity = (size_t)mf_check_whole(L, 1, MOST_LIMIT) + CRC_LENGTH;
    struct decoder *decoder = lua_newuserdata(L, sizeof *decoder + capacity);

    mf_hdlc_init(&decoder->hdlc, decoder->buffer, capacity);
    luaL_getmetatable(L, DECODER);
    lua_setmetatable(L, -2);
    return 1;
}

static int decoder_feed(lua_State *L)
{
    struct decoder *decoder = luaL_checkudata(L, 1, DECODER);
    size_t length, frame_length;
    const uint8_t *bytes = (const uint8_t *)luaL_checklstring(L, 2, &length);
    int count = 0;

    lua_newtable(L);
    while (length > 0) {
        const uint8_t *frame;
        size_t used = mf_hdlc_feed(&decoder->hdlc, bytes, length, &frame, &frame_length);

        bytes += used;
        length -= used;
        if (frame != NULL) {
            lua_pushlstring(L, (const char *)frame, frame_length);
            lua_rawseti(L, -2, ++count);
        }
    }
    return 1;
}

static int decoder_counters(lua_State *L)
{
    const struct decoder *decoder = luaL_checkudata(L, 1, DECODER);

    lua_createtable(L, 0, 2);
    mf_set_whole(L, "bad_crc", decoder->hdlc.bad_crc);
    mf_set_whole(L, "too_long", decoder->hdlc.too_long);
    return 1;
}

static const luaL_Reg functions[] = {
    {"frame", hdlc_frame},
    {"decoder", hdlc_decoder},
    {NULL, NULL},
};

static const luaL_Reg decoder_methods[] = {
    {"feed", decoder_feed},
    {"counters", decoder_counters},
    {NULL, NULL},
};

MF_MODULE int luaopen_moonflash_core_hdlc(lua_State *L)
{
    mf_new_class(L, DECODER, decoder_methods);
    mf_new_module(L, functions);
    return 1;
}

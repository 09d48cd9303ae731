// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

#include "bind/channel.h"

#include "stream/wait.h"

#include <limits.h>
#include <string.h>

enum { READ_AT_ONCE = 4096 };

/* tostring(channel). */
static const char *push_name(lua_State *L)
{
    luaL_callmeta(L, 1, "__tostring");
    return lua_tostring(L, -1);
}

struct mf_channel *mf_check_open_channel(lua_State *L)
{
    struct mf_channel *channel = mf_check_channel(L, 1);

    if (channel->descriptor < 0)
        luaL_error(L, "port %s is closed", push_name(L));
    channel->interrupt = mf_interrupt(L);
    return channel;
}

static int channel_read(lua_State *L)
{
    struct mf_channel *channel = mf_check_open_channel(L);
    size_t most = (size_t)mf_check_whole(L, 2, INT_MAX);
    int timeout_ms = (int)mf_check_whole(L, 3, INT_MAX);
    uint8_t bytes[READ_AT_ONCE];
    ssize_t count;

    luaL_argcheck(L, most > 0, 2, "at least 1 byte");
    if (most > sizeof bytes)
        most = sizeof bytes;
    count = channel->read(channel, bytes, most, timeout_ms);
    if (count < 0)
        return mf_fail_stream(L, "port", push_name(L), count, channel->error);
    lua_pushlstring(L, (const char *)bytes, (size_t)count);
    return 1;
}

static int fail_write(lua_State *L, ssize_t result, int error, size_t written, size_t length)
{
    return mf_fail_part(L, mf_stream_code(L, "port", result), push_name(L),
                        result == MF_STREAM_FAILED ? strerror(error) : NULL, written, length);
}

static int channel_write(lua_State *L)
{
    struct mf_channel *channel = mf_check_open_channel(L);
    size_t length, written = 0;
    const char *bytes = luaL_checklstring(L, 2, &length);
    int64_t deadline = mf_now_ms() + (int64_t)mf_check_whole(L, 3, INT_MAX);

    while (written < length) {
        int64_t left = deadline - mf_now_ms();
        ssize_t count = channel->write(channel, (const uint8_t *)bytes + written, length - written,
                                       left > 0 ? (int)left : 0);

        if (count < 0)
            return fail_write(L, count, channel->error, written, length);
        written += (size_t)count;
    }
    lua_pushboolean(L, 1);
    return 1;
}

static int channel_descriptor(lua_State *L)
{
    const struct mf_channel *channel = mf_check_channel(L, 1);

    if (channel->descriptor < 0)
        return 0;
    lua_pushinteger(L, channel->descriptor);
    return 1;
}

void mf_new_channel_class(lua_State *L, const char *name, const luaL_Reg *methods)
{
    static const luaL_Reg shared[] = {
        {"read", channel_read},
        {"write", channel_write},
        {"descriptor", channel_descriptor},
        {NULL, NULL},
    };

    mf_new_class(L, name, methods);
    mf_add_methods(L, name, shared);
    mf_implement(L, name, MF_CHANNEL);
}

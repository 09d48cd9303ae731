// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

#include "bind/conversation.h"

static int conversation_next(lua_State *L)
{
    static const char *const wants[] = {
        [MF_SEND] = "send", [MF_RECEIVE] = "receive", [MF_DONE] = "done", [MF_FAILED] = "failed"};
    const struct mf_conversation *conversation = mf_check_conversation(L, 1);
    struct mf_next next = conversation->next(conversation);

    lua_createtable(L, 0, 5);
    mf_set_text(L, "want", wants[next.want]);
    if (next.want == MF_SEND) {
        lua_pushlstring(L, (const char *)next.bytes, next.length);
        lua_setfield(L, -2, "bytes");
        mf_set_whole(L, "image_offset", next.image_offset);
        mf_set_whole(L, "image_length", next.image_length);
        mf_set_whole(L, "padding", next.padding);
    }
    if (next.want == MF_RECEIVE)
        mf_set_whole(L, "within_ms", next.within_ms);
    return 1;
}

static int conversation_sent(lua_State *L)
{
    struct mf_conversation *conversation = mf_check_conversation(L, 1);

    conversation->sent(conversation);
    return 0;
}

static int conversation_feed(lua_State *L)
{
    struct mf_conversation *conversation = mf_check_conversation(L, 1);
    size_t length;
    const char *bytes = luaL_checklstring(L, 2, &length);

    conversation->feed(conversation, (const uint8_t *)bytes, length);
    return 0;
}

static int conversation_timed_out(lua_State *L)
{
    struct mf_conversation *conversation = mf_check_conversation(L, 1);

    conversation->timed_out(conversation);
    return 0;
}

void mf_new_conversation_class(lua_State *L, const char *name, const char *protocol,
                               const luaL_Reg *methods)
{
    static const luaL_Reg shared[] = {
        {"next", conversation_next},
        {"sent", conversation_sent},
        {"feed", conversation_feed},
        {"timed_out", conversation_timed_out},
        {NULL, NULL},
    };

    mf_new_class(L, name, methods);
    mf_add_methods(L, name, shared);
    mf_implement(L, name, MF_CONVERSATION);
    luaL_getmetatable(L, name);
    mf_set_text(L, "protocol", protocol);
    lua_pop(L, 1);
}

// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* Conversations in Lua. The methods that all of them share:
 *
 *     c:next()       { want = "send", bytes =, image_offset =, image_length =, padding = }
 *                    { want = "receive", within_ms = } or want "done", "failed"
 *     c:sent()  c:feed(bytes)  c:timed_out()
 *     c.protocol     its name, which begins the codes of its failures: "qdl"
 *
 * A protocol adds its operations, status() and failure(). moonflash.core.transfer runs a conversation
 * over a channel. The contract is in protocol/conversation.h.
 */
#ifndef MF_BIND_CONVERSATION_H
#define MF_BIND_CONVERSATION_H

#include "bind/bind.h"

/* A class of conversations: mf_new_class with the methods above added. */
void mf_new_conversation_class(lua_State *L, const char *name, const char *protocol,
                               const luaL_Reg *methods);

#endif

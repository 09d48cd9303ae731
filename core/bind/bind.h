// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* Shared by all bindings: failures, classes, interfaces, numbers, the interrupt descriptor. */
#ifndef MF_BIND_BIND_H
#define MF_BIND_BIND_H

#include "bind/lua_versions.h"
#include "stream/stream.h"

#include <stdint.h>

/* Of luaopen_*: everything else is hidden. */
#define MF_MODULE __attribute__((visibility("default")))

/* Pushes nil and a failure { code, message, evidence } with the metatable of
 * lua/moonflash/base/failure.lua. The message is that of lua/moonflash/base/failure_codes.lua for the
 * code; `subject` names what it is about ("/dev/ttyUSB0"). `evidence` is text of the system or of
 * another program. Both may be NULL. Returns 2, so a binding ends with `return mf_fail(...)`. */
int mf_fail(lua_State *L, const char *code, const char *subject, const char *evidence);
/* The same when `sent` of `total` bytes were sent before. */
int mf_fail_part(lua_State *L, const char *code, const char *subject, const char *evidence,
                 uint64_t sent, uint64_t total);

/* mf_fail for an mf_stream_result; `what` names the stream, `error` is its errno. */
int mf_fail_stream(lua_State *L, const char *prefix, const char *what, ssize_t result, int error);
/* Its code: PREFIX.timeout, .closed, .interrupted, .failed, .rejected. Pushes it. */
const char *mf_stream_code(lua_State *L, const char *prefix, ssize_t result);

/* mf_fail_stream for a reader: its reason, where it has one, becomes the evidence. */
int mf_fail_source(lua_State *L, const char *what, ssize_t result, const struct mf_reader *reader);

/* The descriptor that becomes readable at a signal; -1 if signals are not caught. core.sys keeps it in
 * the registry, where all modules of one Lua state find it. */
int mf_interrupt(lua_State *L);
#define MF_INTERRUPT_KEY "moonflash.interrupt"

/* A new metatable with methods (its own __index), __gc and __tostring as given in the list. */
void mf_new_class(lua_State *L, const char *name, const luaL_Reg *methods);
/* More methods for a class. */
void mf_add_methods(lua_State *L, const char *name, const luaL_Reg *methods);

/* Declares that the userdata of a class begin with the struct of an interface of stream.h. */
#define MF_CHANNEL "moonflash.channels"
#define MF_READER "moonflash.readers"
#define MF_CONVERSATION "moonflash.conversations"
void mf_implement(lua_State *L, const char *class, const char *interface);

/* The interface of a userdata whose class implements it. Raises for any other value. */
struct mf_channel *mf_check_channel(lua_State *L, int index);
struct mf_reader *mf_check_reader(lua_State *L, int index);
struct mf_conversation *mf_check_conversation(lua_State *L, int index);

/* A table of a userdata keeps alive what its C struct points to. */
void mf_keep(lua_State *L, int userdata, int value, const char *name);
void mf_push_kept(lua_State *L, int userdata, const char *name);
/* Calls a method of an object that the userdata at index 1 keeps. Returns the number of results. */
int mf_call_kept(lua_State *L, const char *name, const char *method);

/* Whole numbers up to 2^53 in and out, whatever lua_Integer is; raises when not whole or out of
 * range. */
uint64_t mf_check_whole(lua_State *L, int index, uint64_t most);
void mf_push_whole(lua_State *L, uint64_t value);
/* Set a field of the table on top of the stack. */
void mf_set_whole(lua_State *L, const char *name, uint64_t value);
void mf_set_text(lua_State *L, const char *name, const char *value);
void mf_set_boolean(lua_State *L, const char *name, int value);
/* Fields of an options table; `absent` when nil. */
uint64_t mf_option_whole(lua_State *L, int table, const char *name, uint64_t absent, uint64_t most);
int mf_option_boolean(lua_State *L, int table, const char *name, int absent);
/* A new module table from a list of functions. */
void mf_new_module(lua_State *L, const luaL_Reg *functions);

#endif

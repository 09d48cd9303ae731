// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* moonflash.core.transfer: carries bytes between a conversation, a channel and a reader.
 *
 *     local transfer = require "moonflash.core.transfer"
 *     q:image(head, file_size, { chunk = 1048576 })
 *     local t = transfer.new {
 *       conversation = q, channel = p,
 *       reader = r,             at the first byte that q sends; nil: an operation without an image
 *       chunk = 1048576,        bytes, as given to q:image
 *       write_size = 65536,     bytes, most of one write(2); when not given, what suits the channel
 *       stall_ms = 30000,       longest time in which the channel takes no byte
 *       source_ms = 60000,      longest time in which the reader gives no byte
 *       progress = function(written, total) end,   bytes that q sends, at least twice a second after the
 *                               first; it may raise
 *     }
 *     t:run()    runs the operation that q was given. true | nothing when q failed: see q:failure()
 *                | nil, failure: q.protocol .. ".stalled", port.*, source.*, transfer.interrupted.
 *                After transfer.interrupted, and when progress raised, run() continues where it was.
 *     t:close()  frees the memory; may be called again
 */
#include "stream/transfer.h"

#include "bind/bind.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>

#define CLASS "moonflash.transfer"

enum {
    WRITE_SIZE = 65536, /* for a channel that has none of its own */
    STALL_MS = 30000,
    SOURCE_MS = 60000,
    CHUNK = 1024 * 1024,
    MOST_CHUNK = 64 * 1024 * 1024
};

struct bound_transfer {
    struct mf_transfer transfer;
    size_t buffer_size;
    lua_State *running; /* the state inside run(), for the progress callback; else NULL */
};

/* What run() keeps on its stack. */
enum { SELF = 1, PROGRESS = 2 };

MF_MODULE int luaopen_moonflash_core_transfer(lua_State *L);

static struct bound_transfer *check_transfer(lua_State *L)
{
    return luaL_checkudata(L, SELF, CLASS);
}

/* --- making and closing ----------------------------------------------------------------------- */

static bool report_progress(void *context, uint64_t written, uint64_t total)
{
    struct bound_transfer *bound = context;
    lua_State *L = bound->running;

    lua_pushvalue(L, PROGRESS);
    mf_push_whole(L, written);
    mf_push_whole(L, total);
    return lua_pcall(L, 2, 0, 0) == 0; /* else the error stays on the stack for run() */
}

static struct bound_transfer *new_transfer(lua_State *L)
{
    struct bound_transfer *bound = lua_newuserdata(L, sizeof *bound);

    memset(bound, 0, sizeof *bound);
    bound->transfer.interrupt = -1;
    luaL_getmetatable(L, CLASS);
    lua_setmetatable(L, -2);
    return bound;
}

/* Mapped: pages that are never touched take no memory, and all are given back at once. */
static void make_buffer(lua_State *L, struct bound_transfer *bound)
{
    size_t size = MF_TRANSFER_BUFFER(bound->transfer.chunk);
    void *buffer = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (buffer == MAP_FAILED)
        luaL_error(L, "no memory for chunks of %d bytes", (int)bound->transfer.chunk);
    bound->transfer.buffer = buffer;
    bound->buffer_size = size;
}

static uint32_t option(lua_State *L, const char *name, uint32_t absent, uint32_t most)
{
    uint32_t value = (uint32_t)mf_option_whole(L, 1, name, absent, most);

    if (value == 0)
        luaL_error(L, "option %s: at least 1", name);
    return value;
}

static uint32_t write_size_of(const struct mf_channel *channel)
{
    return channel->write_size > 0 ? (uint32_t)channel->write_size : WRITE_SIZE;
}

static void read_numbers(lua_State *L, struct mf_transfer *transfer)
{
    transfer->chunk = option(L, "chunk", CHUNK, MOST_CHUNK);
    transfer->write_size = option(L, "write_size", write_size_of(transfer->channel), INT_MAX);
    transfer->stall_ms = (int)option(L, "stall_ms", STALL_MS, INT_MAX);
    transfer->source_ms = (int)option(L, "source_ms", SOURCE_MS, INT_MAX);
}

static void read_objects(lua_State *L, struct mf_transfer *transfer)
{
    lua_getfield(L, 1, "conversation");
    transfer->conversation = mf_check_conversation(L, lua_gettop(L));
    lua_getfield(L, 1, "channel");
    transfer->channel = mf_check_channel(L, lua_gettop(L));
    lua_getfield(L, 1, "reader");
    if (!lua_isnil(L, -1))
        transfer->reader = mf_check_reader(L, lua_gettop(L));
    lua_getfield(L, 1, "progress");
    if (!lua_isnil(L, -1)) {
        luaL_checktype(L, lua_gettop(L), LUA_TFUNCTION);
        transfer->progress = report_progress;
    }
    lua_pop(L, 4);
}

static void keep_objects(lua_State *L, int transfer)
{
    static const char *const names[] = {"conversation", "channel", "reader", "progress"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        lua_getfield(L, 1, names[i]);
        mf_keep(L, transfer, transfer + 1, names[i]);
        lua_pop(L, 1);
    }
}

static int transfer_new(lua_State *L)
{
    struct bound_transfer *bound;

    luaL_checktype(L, 1, LUA_TTABLE);
    bound = new_transfer(L);
    bound->transfer.context = bound;
    read_objects(L, &bound->transfer);
    read_numbers(L, &bound->transfer);
    keep_objects(L, lua_gettop(L));
    if (bound->transfer.reader != NULL)
        make_buffer(L, bound);
    return 1;
}

static int transfer_close(lua_State *L)
{
    struct bound_transfer *bound = check_transfer(L);

    if (bound->running != NULL)
        return luaL_error(L, "a running transfer cannot be closed");
    if (bound->transfer.buffer != NULL)
        munmap(bound->transfer.buffer, bound->buffer_size);
    bound->transfer.buffer = NULL;
    bound->transfer.conversation = NULL;
    return 0;
}

/* --- running ---------------------------------------------------------------------------------- */

/* tostring() of an object. */
static const char *push_name(lua_State *L, const char *object)
{
    mf_push_kept(L, SELF, object);
    luaL_callmeta(L, -1, "__tostring");
    return lua_tostring(L, -1);
}

static int fail_channel(lua_State *L, const struct mf_transfer *transfer)
{
    return mf_fail_stream(L, "port", push_name(L, "channel"), transfer->cause,
                          transfer->channel->error);
}

static int fail_source(lua_State *L, const struct mf_transfer *transfer)
{
    return mf_fail_source(L, push_name(L, "reader"), transfer->cause, transfer->reader);
}

static int fail_part(lua_State *L, const struct mf_transfer *transfer, const char *code,
                     const char *subject)
{
    return mf_fail_part(L, code, subject, NULL, transfer->written,
                        transfer->conversation->progress(transfer->conversation).total);
}

static int fail_stalled(lua_State *L, const struct mf_transfer *transfer)
{
    mf_push_kept(L, SELF, "conversation");
    lua_getfield(L, -1, "protocol");
    return fail_part(L, transfer, lua_pushfstring(L, "%s.stalled", lua_tostring(L, -1)), NULL);
}

static int finish(lua_State *L, const struct mf_transfer *transfer, enum mf_transfer_result result)
{
    switch (result) {
    case MF_TRANSFER_DONE:
        lua_pushboolean(L, 1);
        return 1;
    case MF_TRANSFER_CONVERSATION:
        return 0;
    case MF_TRANSFER_CHANNEL:
        return fail_channel(L, transfer);
    case MF_TRANSFER_STALLED:
        return fail_stalled(L, transfer);
    case MF_TRANSFER_SOURCE:
        return fail_source(L, transfer);
    case MF_TRANSFER_SOURCE_SHORT:
        return fail_part(L, transfer, "source.short", push_name(L, "reader"));
    case MF_TRANSFER_SOURCE_SILENT:
        return fail_part(L, transfer, "source.timeout", push_name(L, "reader"));
    case MF_TRANSFER_INTERRUPTED:
        return fail_part(L, transfer, "transfer.interrupted", NULL);
    case MF_TRANSFER_STOPPED:
        return lua_error(L);
    case MF_TRANSFER_MISUSED:
        break;
    }
    return luaL_error(L, "the transfer has another image or chunk than its conversation");
}

static int transfer_run(lua_State *L)
{
    struct bound_transfer *bound = check_transfer(L);
    enum mf_transfer_result result;

    if (bound->transfer.conversation == NULL || bound->running != NULL)
        return luaL_error(L, "the transfer is %s", bound->running ? "running" : "closed");
    lua_settop(L, SELF);
    mf_push_kept(L, SELF, "progress");
    bound->running = L;
    bound->transfer.interrupt = mf_interrupt(L);
    result = mf_transfer_run(&bound->transfer);
    bound->running = NULL;
    return finish(L, &bound->transfer, result);
}

MF_MODULE int luaopen_moonflash_core_transfer(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"run", transfer_run},
        {"close", transfer_close},
        {"__gc", transfer_close},
        {NULL, NULL},
    };
    static const luaL_Reg functions[] = {{"new", transfer_new}, {NULL, NULL}};

    mf_new_class(L, CLASS, methods);
    mf_new_module(L, functions);
    return 1;
}

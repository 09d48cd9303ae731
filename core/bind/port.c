/*** A raw channel over a serial device, pseudo terminal or Unix socket.
 *
 *     local port = require "moonflash.core.port"
 *     local p = port.open("/dev/ttyUSB0")         p | nil, failure (port.not_found, port.denied,
 *                                                 port.busy, port.not_a_device, port.failed)
 *     local p = port.from_descriptor(fd[, name])  owns fd from then on, whether it succeeds or not
 *     p:read(n, ms)       1 to n bytes | nil, failure (port.timeout, port.closed, ...)
 *     p:write(bytes, ms)  true when all of it was taken | nil, failure
 *     p:discard()         true; what has arrived is dropped | nil, failure (port.closed)
 *     p:descriptor()      the descriptor for sys.poll; nil once closed
 *     p:close()           twice is harmless
 *     tostring(p)         its path or name
 *     p:tap(function(kind, what, crc) end)   tells what passes from now on, also during a transfer:
 *                         "sent" and "received" with the bytes; "image" with a count and the CRC-32
 *                         of the data of a QDL write; "ended" when the port fails or is gone. An
 *                         error of the function changes nothing here; what it does with this port
 *                         itself is not told, and to close it takes effect when it has returned
 *
 * @module moonflash.core.port
 */
#include "driver/port.h"

#include "bind/bind.h"
#include "stream/tap.h"
#include "stream/wait.h"

#include <limits.h>
#include <string.h>

#define CLASS "moonflash.port"

enum { READ_AT_ONCE = 4096 };

struct bound_port {
    struct mf_tap tap; /* first: the userdata begins with its seam */
    struct mf_port port;
    lua_State *listener;  /* a thread to call the function of p:tap() in, or NULL */
    int thread, function; /* references to both */
    bool telling;         /* within that function */
    bool closing;         /* which has closed the port */
    char name[];
};

MF_MODULE int luaopen_moonflash_core_port(lua_State *L);

static struct bound_port *check_port(lua_State *L)
{
    return luaL_checkudata(L, 1, CLASS);
}

static struct bound_port *check_open(lua_State *L)
{
    struct bound_port *bound = check_port(L);

    if (bound->port.channel.descriptor < 0)
        luaL_error(L, "port %s is closed", bound->name);
    bound->port.interrupt = mf_interrupt(L);
    return bound;
}

static struct bound_port *new_port(lua_State *L, const char *name)
{
    size_t length = strlen(name);
    struct bound_port *bound = lua_newuserdata(L, sizeof *bound + length + 1);

    mf_port_init(&bound->port);
    mf_tap_init(&bound->tap, &bound->port.channel);
    bound->listener = NULL;
    bound->telling = bound->closing = false;
    memcpy(bound->name, name, length + 1);
    luaL_getmetatable(L, CLASS);
    lua_setmetatable(L, -2);
    return bound;
}

static int opened(lua_State *L, struct bound_port *bound, enum mf_port_result result)
{
    static const struct {
        const char *code, *text;
    } failures[] = {
        [MF_PORT_NOT_FOUND] = {"port.not_found", "there is no such port"},
        [MF_PORT_DENIED] = {"port.denied", "no permission to open the port"},
        [MF_PORT_BUSY] = {"port.busy", "another program holds the port"},
        [MF_PORT_NOT_A_DEVICE] = {"port.not_a_device", "not a serial device"},
        [MF_PORT_FAILED] = {"port.failed", "the port cannot be opened"},
    };

    bound->tap.channel.descriptor = bound->port.channel.descriptor;
    if (result == MF_PORT_OK)
        return 1;
    return mf_fail(L, failures[result].code, strerror(bound->port.channel.error), "%s: %s",
                   bound->name, failures[result].text);
}

static int port_open(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    struct bound_port *bound = new_port(L, path);

    return opened(L, bound, mf_port_open(&bound->port, path));
}

static int port_from_descriptor(lua_State *L)
{
    int descriptor = (int)mf_check_whole(L, 1, INT_MAX);
    const char *name = luaL_optstring(L, 2, NULL);
    struct bound_port *bound;

    if (name == NULL)
        name = lua_pushfstring(L, "descriptor %d", descriptor);
    bound = new_port(L, name);
    return opened(L, bound, mf_port_adopt(&bound->port, descriptor));
}

static int port_read(lua_State *L)
{
    struct bound_port *bound = check_open(L);
    size_t most = (size_t)mf_check_whole(L, 2, INT_MAX);
    int timeout_ms = (int)mf_check_whole(L, 3, INT_MAX);
    uint8_t bytes[READ_AT_ONCE];
    struct mf_channel *channel = &bound->tap.channel;
    ssize_t count;

    luaL_argcheck(L, most > 0, 2, "at least 1 byte");
    if (most > sizeof bytes)
        most = sizeof bytes;
    count = channel->read(channel, bytes, most, timeout_ms);
    if (count < 0)
        return mf_fail_stream(L, "port", bound->name, count, channel->error);
    lua_pushlstring(L, (const char *)bytes, (size_t)count);
    return 1;
}

/* Adds to the failure on top of the stack how far a write came. */
static void add_written(lua_State *L, size_t written, size_t length)
{
    lua_pushfstring(L, "%d of %d bytes were written", (int)written, (int)length);
    lua_setfield(L, -2, "evidence");
}

static int port_write(lua_State *L)
{
    struct bound_port *bound = check_open(L);
    size_t length, written = 0;
    const char *bytes = luaL_checklstring(L, 2, &length);
    int64_t deadline = mf_now_ms() + (int64_t)mf_check_whole(L, 3, INT_MAX);
    struct mf_channel *channel = &bound->tap.channel;

    while (written < length) {
        int64_t left = deadline - mf_now_ms();
        ssize_t count = channel->write(channel, (const uint8_t *)bytes + written, length - written,
                                       left > 0 ? (int)left : 0);

        if (count < 0) {
            mf_fail_stream(L, "port", bound->name, count, channel->error);
            add_written(L, written, length);
            return 2;
        }
        written += (size_t)count;
    }
    lua_pushboolean(L, 1);
    return 1;
}

static int port_discard(lua_State *L)
{
    struct bound_port *bound = check_open(L);
    int result = mf_port_discard(&bound->port);

    if (result < 0)
        return mf_fail_stream(L, "port", bound->name, result, bound->port.channel.error);
    lua_pushboolean(L, 1);
    return 1;
}

static int port_descriptor(lua_State *L)
{
    struct bound_port *bound = check_port(L);

    if (bound->port.channel.descriptor < 0)
        return 0;
    lua_pushinteger(L, bound->port.channel.descriptor);
    return 1;
}

/* --- the tap ----------------------------------------------------------------------------------
 */

struct event {
    int function;
    enum mf_tap_kind kind;
    const uint8_t *bytes;
    size_t length;
    uint32_t crc;
};

static int tell(lua_State *L)
{
    static const char *const names[] = {"sent", "received", "image", "ended"};
    const struct event *event = lua_touserdata(L, 1);

    lua_rawgeti(L, LUA_REGISTRYINDEX, event->function);
    lua_pushstring(L, names[event->kind]);
    if (event->bytes != NULL)
        lua_pushlstring(L, (const char *)event->bytes, event->length);
    else
        mf_push_whole(L, event->length);
    mf_push_whole(L, event->crc);
    lua_call(L, 3, 0);
    return 0;
}

static void end_tap(lua_State *L, struct bound_port *bound)
{
    if (bound->listener == NULL)
        return;
    mf_tap_flush(&bound->tap);
    if (bound->listener == NULL) /* who was told has closed the port once more */
        return;
    bound->tap.saw = NULL;
    luaL_unref(L, LUA_REGISTRYINDEX, bound->function);
    luaL_unref(L, LUA_REGISTRYINDEX, bound->thread);
    bound->listener = NULL;
}

static void close_port(lua_State *L, struct bound_port *bound)
{
    bound->closing = false;
    end_tap(L, bound);
    mf_port_close(&bound->port);
    bound->tap.channel.descriptor = -1;
}

/* Called in the middle of a read or write, of a transfer's too: so on a stack of its own, and no
 * error leaves through it. */
static void on_tap(void *context, enum mf_tap_kind kind, const uint8_t *bytes, size_t length,
                   uint32_t crc)
{
    struct bound_port *bound = context;
    struct event event = {bound->function, kind, bytes, length, crc};

    if (bound->telling)
        return;
    bound->telling = true;
    lua_cpcall(bound->listener, tell, &event);
    lua_settop(bound->listener, 0);
    bound->telling = false;
    if (bound->closing)
        close_port(bound->listener, bound);
}

static int port_tap(lua_State *L)
{
    struct bound_port *bound = check_open(L);

    luaL_checktype(L, 2, LUA_TFUNCTION);
    luaL_argcheck(L, bound->listener == NULL, 1, "the port is tapped already");
    lua_settop(L, 2);
    bound->function = luaL_ref(L, LUA_REGISTRYINDEX);
    bound->listener = lua_newthread(L);
    bound->thread = luaL_ref(L, LUA_REGISTRYINDEX);
    bound->tap.saw = on_tap;
    bound->tap.context = bound;
    return 0;
}

static int port_close(lua_State *L)
{
    struct bound_port *bound = check_port(L);

    if (bound->telling)
        bound->closing = true;
    else
        close_port(L, bound);
    return 0;
}

static int port_tostring(lua_State *L)
{
    lua_pushstring(L, check_port(L)->name);
    return 1;
}

MF_MODULE int luaopen_moonflash_core_port(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"read", port_read},
        {"write", port_write},
        {"discard", port_discard},
        {"descriptor", port_descriptor},
        {"tap", port_tap},
        {"close", port_close},
        {"__gc", port_close},
        {"__tostring", port_tostring},
        {NULL, NULL},
    };
    static const luaL_Reg functions[] = {
        {"open", port_open},
        {"from_descriptor", port_from_descriptor},
        {NULL, NULL},
    };

    mf_new_class(L, CLASS, methods);
    mf_implement(L, CLASS, MF_CHANNEL);
    mf_new_module(L, functions);
    return 1;
}

// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* moonflash.core.dbus: method calls on a D-Bus message bus (GDBus).
 *
 *   local dbus = require "moonflash.core.dbus"
 *   local connection = dbus.open("unix:path=/run/dbus/system_bus_socket", 2000)
 *   connection:call({ name = "org.example.Service", object = "/org/example/Service",
 *                     interface = "org.example.Service", method = "Hold", "text", true }, 5000)
 *                          --> true: accepted; arguments are strings and booleans
 *   connection:close()     may be called again
 *
 * A call does not start a service that is not running. Failures: bus.timeout, bus.closed,
 * bus.interrupted, bus.failed; bus.refused with the name of the D-Bus error in the field `error` and its
 * message as evidence.
 */
#include "driver/dbus.h"

#include "bind/bind.h"

#include <limits.h>
#include <string.h>

#define CLASS "moonflash.core.dbus"

enum { DEFAULT_OPEN_MS = 2000, DEFAULT_CALL_MS = 5000, MOST_ARGUMENTS = 8 };

MF_MODULE int luaopen_moonflash_core_dbus(lua_State *L);

static struct mf_dbus *check_bus(lua_State *L)
{
    return luaL_checkudata(L, 1, CLASS);
}

static int check_ms(lua_State *L, int index, int absent)
{
    return lua_isnoneornil(L, index) ? absent : (int)mf_check_whole(L, index, INT_MAX / 2);
}

static int fail(lua_State *L, const struct mf_dbus *bus, int result, const char *what)
{
    const char *evidence = bus->text[0] != '\0' ? bus->text : NULL;

    if (result != MF_STREAM_REJECTED)
        return mf_fail(L, mf_stream_code(L, "bus", result), what, evidence);
    mf_fail(L, "bus.refused", what, evidence);
    mf_set_text(L, "error", bus->error);
    return 2;
}

static int bus_open(lua_State *L)
{
    const char *address = luaL_checkstring(L, 1);
    int timeout_ms = check_ms(L, 2, DEFAULT_OPEN_MS);
    struct mf_dbus *bus = lua_newuserdata(L, sizeof *bus);
    int result;

    memset(bus, 0, sizeof *bus);
    luaL_getmetatable(L, CLASS);
    lua_setmetatable(L, -2);
    result = mf_dbus_open(bus, address, timeout_ms, mf_interrupt(L));
    return result == 0 ? 1 : fail(L, bus, result, address);
}

/* A field of the call. The table keeps the text alive. */
static const char *check_field(lua_State *L, const char *name)
{
    const char *text;

    lua_getfield(L, 2, name);
    if (lua_type(L, -1) != LUA_TSTRING)
        luaL_error(L, "call: %s must be a string", name);
    text = lua_tostring(L, -1);
    lua_pop(L, 1);
    return text;
}

static size_t check_arguments(lua_State *L, struct mf_dbus_argument *arguments)
{
    size_t count = lua_rawlen(L, 2);

    luaL_argcheck(L, count <= MOST_ARGUMENTS, 2, "too many arguments");
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, 2, (int)i + 1);
        luaL_argcheck(L, lua_isboolean(L, -1) || lua_type(L, -1) == LUA_TSTRING, 2,
                      "arguments are strings and booleans");
        arguments[i].text = lua_tostring(L, -1);
        arguments[i].truth = lua_toboolean(L, -1);
        lua_pop(L, 1);
    }
    return count;
}

static int bus_call(lua_State *L)
{
    struct mf_dbus *bus = check_bus(L);
    struct mf_dbus_argument arguments[MOST_ARGUMENTS];
    struct mf_dbus_call call = {.arguments = arguments};
    int timeout_ms = check_ms(L, 3, DEFAULT_CALL_MS);
    int result;

    luaL_checktype(L, 2, LUA_TTABLE);
    luaL_argcheck(L, bus->context != NULL, 1, "the connection is closed");
    call.name = check_field(L, "name");
    call.object = check_field(L, "object");
    call.interface = check_field(L, "interface");
    call.method = check_field(L, "method");
    call.count = check_arguments(L, arguments);
    result = mf_dbus_call(bus, &call, timeout_ms, mf_interrupt(L));
    if (result != 0)
        return fail(L, bus, result, call.method);
    lua_pushboolean(L, 1);
    return 1;
}

static int bus_close(lua_State *L)
{
    mf_dbus_close(check_bus(L));
    lua_pushboolean(L, 1);
    return 1;
}

static int bus_tostring(lua_State *L)
{
    lua_pushstring(L, check_bus(L)->context == NULL ? "bus (closed)" : "bus");
    return 1;
}

static const luaL_Reg methods[] = {
    {"call", bus_call},           {"close", bus_close}, {"__gc", bus_close},
    {"__tostring", bus_tostring}, {NULL, NULL},
};

static const luaL_Reg functions[] = {{"open", bus_open}, {NULL, NULL}};

MF_MODULE int luaopen_moonflash_core_dbus(lua_State *L)
{
    mf_new_class(L, CLASS, methods);
    mf_new_module(L, functions);
    return 1;
}

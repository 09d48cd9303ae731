// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* moonflash.core.qmi: a QMI port of a modem, messages as TLVs of bytes (libqmi-glib).
 *
 *   local qmi = require "moonflash.core.qmi"
 *   local device = qmi.open("/dev/cdc-wdm0", { mbim = false, proxy = false, sync = false,
 *                                              timeout_ms = 20000 })
 *   local answer = device:request(0, 0, 0x0022, { { 0x01, "\2" } }, 10000)
 *                                --> { [0x02] = ..., [0x01] = "\2\1" }
 *   local answer = device:request(2, 1, 0x0047, {}, 10000)   service, client, message, TLVs, ms
 *   device:close(2000)           always closes; may be called again
 *   tostring(device)             --> "QMI port /dev/cdc-wdm0"
 *   qmi.error_name(51)           --> "DeviceStorageFull", the name of an error in libqmi; nil: it has none
 *
 * Failures: qmi.open_failed, qmi.timeout, qmi.closed, qmi.interrupted, qmi.failed. A refusal (TLV 0x02)
 * is an answer; lua/moonflash/protocol/qmi reads it.
 */
#include "driver/qmi.h"

#include "bind/bind.h"

#include <limits.h>
#include <string.h>

#define CLASS "moonflash.core.qmi"

enum {
    DEFAULT_OPEN_MS = 20000,
    DEFAULT_REQUEST_MS = 10000,
    DEFAULT_CLOSE_MS = 2000,
    COLLECT_MS = 500
};

MF_MODULE int luaopen_moonflash_core_qmi(lua_State *L);

struct port {
    struct mf_qmi qmi;
    char path[];
};

/* --- the port ------------------------------------------------------------------------------- */

static struct port *check_port(lua_State *L)
{
    return luaL_checkudata(L, 1, CLASS);
}

static int check_ms(lua_State *L, int index, int absent)
{
    return lua_isnoneornil(L, index) ? absent : (int)mf_check_whole(L, index, INT_MAX / 2);
}

static int fail(lua_State *L, const struct port *port, int result)
{
    return mf_fail(L, mf_stream_code(L, "qmi", result), port->path,
                   port->qmi.text[0] != '\0' ? port->qmi.text : NULL);
}

static int fail_open(lua_State *L, const struct port *port, int result)
{
    if (result == MF_STREAM_FAILED)
        return mf_fail(L, "qmi.open_failed", port->path, port->qmi.text);
    return fail(L, port, result);
}

static struct port *new_port(lua_State *L, const char *path)
{
    size_t length = strlen(path) + 1;
    struct port *port = lua_newuserdata(L, sizeof *port + length);

    memset(port, 0, sizeof *port);
    memcpy(port->path, path, length);
    luaL_getmetatable(L, CLASS);
    lua_setmetatable(L, -2);
    return port;
}

static int qmi_open(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    struct port *port;
    int flags, timeout_ms, result;

    lua_settop(L, 2);
    if (lua_isnil(L, 2)) {
        lua_newtable(L);
        lua_replace(L, 2);
    }
    luaL_checktype(L, 2, LUA_TTABLE);
    flags = (mf_option_boolean(L, 2, "mbim", 0) ? MF_QMI_MBIM : 0) |
            (mf_option_boolean(L, 2, "proxy", 0) ? MF_QMI_PROXY : 0) |
            (mf_option_boolean(L, 2, "sync", 0) ? MF_QMI_SYNC : 0);
    timeout_ms = (int)mf_option_whole(L, 2, "timeout_ms", DEFAULT_OPEN_MS, INT_MAX / 2);
    port = new_port(L, path);
    result = mf_qmi_open(&port->qmi, path, flags, timeout_ms, mf_interrupt(L));
    return result == 0 ? 1 : fail_open(L, port, result);
}

static void add_tlv(lua_State *L, struct port *port, int tlv)
{
    size_t length = 0;
    const char *value;
    int type;

    if (!lua_istable(L, tlv))
        luaL_error(L, "TLVs are a list of { type, bytes }");
    lua_rawgeti(L, tlv, 1);
    lua_rawgeti(L, tlv, 2);
    if (!lua_isnumber(L, tlv + 1) || !lua_isstring(L, tlv + 2))
        luaL_error(L, "TLVs are a list of { type, bytes }");
    type = (int)mf_check_whole(L, tlv + 1, UINT8_MAX);
    value = luaL_checklstring(L, tlv + 2, &length);
    if (length == 0 || length > UINT16_MAX || !mf_qmi_add(&port->qmi, (uint8_t)type, value, length))
        luaL_error(L, "TLV %d: %d bytes do not fit a QMI message", type, (int)length);
    lua_pop(L, 2);
}

static int push_answer(lua_State *L, struct port *port)
{
    lua_newtable(L);
    for (int type = 0; type <= UINT8_MAX; type++) {
        uint16_t length = 0;
        const uint8_t *value = mf_qmi_answer(&port->qmi, (uint8_t)type, &length);

        if (value != NULL) {
            lua_pushlstring(L, (const char *)value, length);
            lua_rawseti(L, -2, type);
        }
    }
    return 1;
}

static int port_request(lua_State *L)
{
    struct port *port = check_port(L);
    uint8_t service = (uint8_t)mf_check_whole(L, 2, UINT8_MAX);
    uint8_t client = (uint8_t)mf_check_whole(L, 3, UINT8_MAX);
    uint16_t message = (uint16_t)mf_check_whole(L, 4, UINT16_MAX);
    int timeout_ms = check_ms(L, 6, DEFAULT_REQUEST_MS);
    int result;

    luaL_checktype(L, 5, LUA_TTABLE);
    luaL_argcheck(L, (service == 0) == (client == 0), 3, "only service 0 has client 0");
    luaL_argcheck(L, port->qmi.context != NULL, 1, "the QMI port is closed");
    mf_qmi_begin(&port->qmi, service, client, message);
    for (int i = 1; lua_rawgeti(L, 5, i), !lua_isnil(L, -1); i++) {
        add_tlv(L, port, lua_gettop(L));
        lua_pop(L, 1);
    }
    result = mf_qmi_send(&port->qmi, timeout_ms, mf_interrupt(L));
    return result == 0 ? push_answer(L, port) : fail(L, port, result);
}

static int port_close(lua_State *L)
{
    struct port *port = check_port(L);
    int result = mf_qmi_close(&port->qmi, check_ms(L, 2, DEFAULT_CLOSE_MS));

    if (result != 0 && result != MF_STREAM_CLOSED)
        return fail(L, port, result);
    lua_pushboolean(L, 1);
    return 1;
}

static int port_gc(lua_State *L)
{
    struct port *port = luaL_checkudata(L, 1, CLASS);

    mf_qmi_close(&port->qmi, COLLECT_MS);
    return 0;
}

static int port_tostring(lua_State *L)
{
    struct port *port = luaL_checkudata(L, 1, CLASS);

    lua_pushfstring(L, "QMI port %s%s", port->path, port->qmi.context == NULL ? " (closed)" : "");
    return 1;
}

static const luaL_Reg methods[] = {
    {"request", port_request},     {"close", port_close}, {"__gc", port_gc},
    {"__tostring", port_tostring}, {NULL, NULL},
};

static int qmi_error_name(lua_State *L)
{
    lua_pushstring(L, mf_qmi_error_name((int)mf_check_whole(L, 1, UINT16_MAX)));
    return 1;
}

static const luaL_Reg functions[] = {
    {"open", qmi_open},
    {"error_name", qmi_error_name},
    {NULL, NULL},
};

MF_MODULE int luaopen_moonflash_core_qmi(lua_State *L)
{
    mf_new_class(L, CLASS, methods);
    mf_new_module(L, functions);
    return 1;
}

// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* The core modules live in hosts that open and close Lua states: each is required, used and
 * collected in one state after the other. A module that cannot be unloaded (glib's types cannot be
 * registered twice) would crash the second one or the end of the program.
 *
 * Arguments: the folder of the modules, their names. */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>

enum { STATES = 3 };

/* What is done with a module beyond requiring it: names it, uses it, leaves garbage behind. */
static const char use[] = "local name, module = ...\n"
                          "assert(type(module) == 'table' and next(module), name .. ' is empty')\n"
                          "local uses = {\n"
                          "  qmi = function(qmi)\n"
                          "    assert(select(2, qmi.open '/').code == 'qmi.open_failed')\n"
                          "    local port = qmi.open('/dev/ptmx', { timeout_ms = 1000 })\n"
                          "    if port then assert(not port:request(0, 0, 0x27, {}, 1)) end\n"
                          "    assert(qmi.error_name(51) == 'DeviceStorageFull')\n"
                          "  end,\n"
                          "  crc = function(crc) assert(crc.crc16 '123456789' == 0x906e) end,\n"
                          "  hdlc = function(hdlc) hdlc.decoder(10):feed(hdlc.frame 'x') end,\n"
                          "}\n"
                          "if uses[name] then uses[name](module) end\n";

static int run(lua_State *L, const char *folder, const char *name)
{
    lua_getglobal(L, "package");
    lua_pushfstring(L, "%s/?.so", folder);
    lua_setfield(L, -2, "cpath");
    lua_pop(L, 1);
    if (luaL_loadbuffer(L, use, sizeof use - 1, "use") != 0)
        return 1;
    lua_pushstring(L, name);
    lua_getglobal(L, "require");
    lua_pushfstring(L, "moonflash.core.%s", name);
    return lua_pcall(L, 1, 1, 0) != 0 || lua_pcall(L, 2, 0, 0) != 0;
}

static int run_in_new_state(const char *folder, char **names, int count)
{
    lua_State *L = luaL_newstate();
    int failed = 0;

    luaL_openlibs(L);
    for (int i = 0; i < count && !failed; i++) {
        failed = run(L, folder, names[i]);
        if (failed)
            fprintf(stderr, "%s: %s\n", names[i], lua_tostring(L, -1));
    }
    lua_close(L);
    return failed;
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return EXIT_FAILURE;
    for (int i = 0; i < STATES; i++)
        if (run_in_new_state(argv[1], argv + 2, argc - 2))
            return EXIT_FAILURE;
    return EXIT_SUCCESS;
}

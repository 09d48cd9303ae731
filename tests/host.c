// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* A stand-in for the system's lua5.1 that finds the sanitizers loaded, as modules built with them need
 * it: lua5.1 FILE [ARGUMENT...], lua5.1 -e TEXT. */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The global `arg`: the file is number 0, what stands before it has negative numbers. */
static void set_arguments(lua_State *L, int argc, char **argv)
{
    lua_newtable(L);
    for (int i = 0; i < argc; i++) {
        lua_pushstring(L, argv[i]);
        lua_rawseti(L, -2, i - 1);
    }
    lua_setglobal(L, "arg");
}

static int run(lua_State *L, int argc, char **argv)
{
    int is_text = strcmp(argv[1], "-e") == 0 && argc > 2;
    int status;

    lua_getglobal(L, "debug");
    lua_getfield(L, -1, "traceback");
    status = is_text ? luaL_loadstring(L, argv[2]) : luaL_loadfile(L, argv[1]);
    if (status != 0)
        return status;
    luaL_checkstack(L, argc, "too many arguments");
    for (int i = is_text ? argc : 2; i < argc; i++)
        lua_pushstring(L, argv[i]);
    return lua_pcall(L, is_text ? 0 : argc - 2, 0, 2);
}

int main(int argc, char **argv)
{
    lua_State *L = luaL_newstate();
    int status;

    if (L == NULL || argc < 2)
        return EXIT_FAILURE;
    luaL_openlibs(L);
    set_arguments(L, argc, argv);
    status = run(L, argc, argv);
    if (status != 0 && lua_isstring(L, -1))
        fprintf(stderr, "lua5.1: %s\n", lua_tostring(L, -1));
    lua_close(L);
    return status == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

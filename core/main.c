/* The program: a small host that embeds Lua 5.1, finds its modules and runs moonflash.cli. In the
 * build tree the modules lie beside it; installed, where MF_LUA_DIR and MF_CMODULE_DIR say,
 * relative to the program, so it works from any prefix. */
#include <lauxlib.h>
#include <limits.h>
#include <lua.h>
#include <lualib.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_SCRIPT = 10 };

/* The folder of the running program, without a trailing slash; "." if it cannot be told. */
static void program_folder(char *out, size_t capacity)
{
    ssize_t length = readlink("/proc/self/exe", out, capacity - 1);
    char *slash;

    out[length > 0 ? length : 0] = '\0';
    slash = strrchr(out, '/');
    if (slash == NULL)
        snprintf(out, capacity, ".");
    else
        *slash = '\0';
}

static void prepend(lua_State *L, const char *field, const char *format, const char *folder)
{
    lua_getglobal(L, "package");
    lua_getfield(L, -1, field);
    luaL_gsub(L, format, "@", folder);
    lua_insert(L, -2);
    lua_concat(L, 2);
    lua_setfield(L, -2, field);
    lua_pop(L, 1);
}

static void find_modules(lua_State *L, const char *folder)
{
    char tree[PATH_MAX + 32];

    snprintf(tree, sizeof tree, "%s/lua/moonflash/place.lua", folder);
    if (access(tree, R_OK) == 0) {
        prepend(L, "path", "@/lua/?.lua;@/source/lua/?.lua;@/source/lua/?/init.lua;", folder);
        prepend(L, "cpath", "@/lua/?.so;", folder);
    } else {
        prepend(L, "path", "@/" MF_LUA_DIR "/?.lua;@/" MF_LUA_DIR "/?/init.lua;", folder);
        prepend(L, "cpath", "@/" MF_CMODULE_DIR "/?.so;", folder);
    }
}

/* Calls require "moonflash.cli" and the function it gives with the arguments; its result is the
 * exit status. */
static int run(lua_State *L)
{
    int argc = (int)lua_tonumber(L, 1);
    char **argv = lua_touserdata(L, 2);

    lua_getglobal(L, "require");
    lua_pushliteral(L, "moonflash.cli");
    lua_call(L, 1, 1);
    luaL_checkstack(L, argc, "too many arguments");
    for (int i = 1; i < argc; i++)
        lua_pushstring(L, argv[i]);
    lua_call(L, argc - 1, 1);
    return 1;
}

int main(int argc, char **argv)
{
    char folder[PATH_MAX];
    lua_State *L = luaL_newstate();
    int status = EXIT_SCRIPT;

    if (L == NULL) {
        fprintf(stderr, "moonflash: not enough memory\n");
        return EXIT_SCRIPT;
    }
    signal(SIGPIPE, SIG_IGN);
    luaL_openlibs(L);
    program_folder(folder, sizeof folder);
    find_modules(L, folder);
    lua_pushcfunction(L, run);
    lua_pushnumber(L, argc);
    lua_pushlightuserdata(L, argv);
    if (lua_pcall(L, 2, 1, 0) == 0)
        status = (int)lua_tonumber(L, -1);
    else
        fprintf(stderr, "moonflash: %s\n", lua_tostring(L, -1));
    lua_close(L);
    return status;
}

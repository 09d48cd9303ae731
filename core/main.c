// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* The program: embeds Lua, sets the paths of its modules and runs moonflash.cli. In the build tree
 * the modules are beside the program. Installed, they are in MF_LUA_DIR and MF_CMODULE_DIR, which are
 * relative to the program, so it works under any prefix. */
#include <fcntl.h>
#include <lauxlib.h>
#include <limits.h>
#include <lua.h>
#include <lualib.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    EXIT_SCRIPT = 10,
    GC_PAUSE = 110 /* per cent: 0.4 MB less at the peak; on a router memory is scarcer than time */
};

/* The folder of the running program, without a trailing slash; "." if it is unknown. */
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

/* Lua searches the current folder first. In /tmp any user may have put a cjson.lua there, which would
 * run with the rights of this program. */
static void forget_current_folder(lua_State *L, const char *field)
{
    luaL_Buffer kept;
    const char *template;
    size_t length;

    lua_getglobal(L, "package");
    lua_getfield(L, -1, field);
    template = lua_tostring(L, -1);
    luaL_buffinit(L, &kept);
    for (; *template != '\0'; template += length + (template[length] == ';')) {
        length = strcspn(template, ";");
        if (strncmp(template, "./", 2) == 0)
            continue;
        luaL_addlstring(&kept, template, length);
        luaL_addchar(&kept, ';');
    }
    luaL_pushresult(&kept);
    lua_setfield(L, -3, field);
    lua_pop(L, 2);
}

static void find_modules(lua_State *L, const char *folder)
{
    char tree[PATH_MAX + 32];

    forget_current_folder(L, "path");
    forget_current_folder(L, "cpath");
    snprintf(tree, sizeof tree, "%s/lua/moonflash/base/install.lua", folder);
    if (access(tree, R_OK) == 0) {
        prepend(L, "path", "@/lua/?.lua;@/source/lua/?.lua;@/source/lua/?/init.lua;", folder);
        prepend(L, "cpath", "@/lua/?.so;", folder);
    } else {
        prepend(L, "path", "@/" MF_LUA_DIR "/?.lua;@/" MF_LUA_DIR "/?/init.lua;", folder);
        prepend(L, "cpath", "@/" MF_CMODULE_DIR "/?.so;", folder);
    }
}

/* Scripts are written for Lua 5.1: what they find under another name in Lua 5.4. */
static void add_names_of_5_1(lua_State *L)
{
#if LUA_VERSION_NUM >= 502
    lua_getglobal(L, "table");
    lua_getfield(L, -1, "unpack");
    lua_setglobal(L, "unpack");
    lua_getglobal(L, "load");
    lua_setglobal(L, "loadstring");
    lua_pop(L, 1);
#else
    (void)L;
#endif
}

static void require(lua_State *L, const char *name)
{
    lua_getglobal(L, "require");
    lua_pushstring(L, name);
    lua_call(L, 1, 1);
}

/* Calls require "moonflash.cli".main with the arguments; its result is the exit status. */
static int run(lua_State *L)
{
    int argc = (int)lua_tonumber(L, 1);
    char **argv = lua_touserdata(L, 2);

    require(L, "moonflash.cli");
    lua_getfield(L, -1, "main");
    luaL_checkstack(L, argc, "too many arguments");
    for (int i = 1; i < argc; i++)
        lua_pushstring(L, argv[i]);
    lua_call(L, argc > 1 ? argc - 1 : 0, 1); /* before Linux 5.18 argc may be 0 */
    return 1;
}

/* With a closed standard stream the modem's port would get its number, and messages would be printed
 * to the modem. */
static void keep_standard_streams(void)
{
    int descriptor = open("/dev/null", O_RDWR);

    while (descriptor >= 0 && descriptor <= STDERR_FILENO)
        descriptor = dup(descriptor);
    if (descriptor >= 0)
        close(descriptor);
}

/* Resets what the parent process may have set and exec keeps: blocked signals, an ignored SIGCHLD
 * (which loses the exit status of children), a umask with which all users could write new files. */
static void reset_inherited(void)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGCHLD, SIG_DFL);
    signal(SIGPIPE, SIG_IGN);
    umask(umask(S_IWOTH) | S_IWOTH);
}

/* Prints the first line of an error; the rest lists the paths where Lua searched. */
static void say_error(lua_State *L)
{
    const char *message = lua_tostring(L, -1);

    if (message == NULL)
        message = "unknown error";
    fprintf(stderr, "moonflash: cannot start: %.*s\n", (int)strcspn(message, "\n"), message);
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
    keep_standard_streams();
    reset_inherited();
    lua_gc(L, LUA_GCSETPAUSE, GC_PAUSE);
    luaL_openlibs(L);
    add_names_of_5_1(L);
    program_folder(folder, sizeof folder);
    find_modules(L, folder);
    lua_pushcfunction(L, run);
    lua_pushinteger(L, argc);
    lua_pushlightuserdata(L, argv);
    if (lua_pcall(L, 2, 1, 0) == 0)
        status = (int)lua_tonumber(L, -1);
    else
        say_error(L);
    lua_close(L);
    return status;
}

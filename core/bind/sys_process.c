// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/*** Children, signals and locks of moonflash.core.sys.
 *
 *   sys.spawn(argv, { stdin=, stdout=, stderr=, group=bool, environment= })
 *                              --> process id: the program runs | sys.not_found, sys.denied, ...
 *                                  argv[1] is searched in PATH; no shell. A stream is a descriptor, nil:
 *                                  inherited, false: /dev/null; the child has no other descriptors.
 *                                  group: its own process group. environment: { NAME = value | false },
 *                                  changes to the inherited one
 *   sys.wait(pid, ms)          --> exit status, or 128 + signal | sys.timeout, sys.interrupted
 *   sys.kill(pid, signal_name) --> true | sys.not_found; "TERM" or "SIGTERM"; -pid: its group
 *
 *   sys.catch_signals()        --> true: SIGINT and SIGTERM end every wait of all moonflash modules
 *                                  with *.interrupted; SIGHUP and SIGPIPE are ignored, SIGCHLD is not.
 *                                  Nests
 *   sys.release_signals()      --> ends one catch_signals; the last one acknowledges what is pending
 *                                  and restores the handlers of the host program
 *   sys.interrupts()           --> how many were caught since the start, name of the last or nil
 *   sys.pending_interrupts()   --> how many of them were not acknowledged; 0 while they are deferred
 *   sys.clear_interrupt()      --> acknowledges them: waits are possible again
 *   sys.defer_interrupts()     --> from now on interrupts end no wait; they stay pending. Nests
 *   sys.resume_interrupts()    --> ends one defer_interrupts; after the last one pending interrupts
 *                                  end waits again
 *   sys.hook(f, steps)         --> calls f every so many instructions of Lua, also in coroutines made
 *                                  from now on. Without arguments: no hook
 *
 *   sys.lock(path [, role])    --> lock | sys.locked with the holder as evidence: "pid 71 ROLE: COMMAND
 *                                  LINE". Creates the file and its folders
 *   lock:release()             --> true. The end of the process releases it, too
 *
 * @module moonflash.core.sys.process
 */
#include "bind/sys.h"
#include "driver/lock.h"
#include "driver/process.h"
#include "driver/signals.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define LOCK_CLASS "moonflash.sys.lock"
#define HOOK_KEY "moonflash.sys.hook"

enum { MOST_STRINGS = 4096, MOST_HOLDER = 256 };

/* --- children -------------------------------------------------------------------------------- */

/* Pushes a C array of the strings of a table. The table keeps the strings alive. */
static const char **push_list(lua_State *L, int table)
{
    size_t count = lua_rawlen(L, table);
    const char **list;

    luaL_argcheck(L, count <= MOST_STRINGS, table, "too many strings");
    list = lua_newuserdata(L, (count + 1) * sizeof *list);
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, table, (int)i + 1);
        luaL_argcheck(L, lua_type(L, -1) == LUA_TSTRING, table, "a list of strings expected");
        list[i] = lua_tostring(L, -1);
        lua_pop(L, 1);
    }
    list[count] = NULL;
    return list;
}

/* Whether the table on top of the stack has the name of a variable "NAME=VALUE". */
static int is_replaced(lua_State *L, const char *variable)
{
    int replaced;

    lua_pushlstring(L, variable, strcspn(variable, "="));
    lua_rawget(L, -2);
    replaced = !lua_isnil(L, -1);
    lua_pop(L, 1);
    return replaced;
}

/* Appends "NAME=VALUE" for every field of the table `given` to the list `strings`. */
static void add_variables(lua_State *L, int given, int strings)
{
    lua_pushnil(L);
    while (lua_next(L, given)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            luaL_error(L, "option environment: names must be strings");
        if (lua_type(L, -1) == LUA_TSTRING) {
            lua_pushfstring(L, "%s=%s", lua_tostring(L, -2), lua_tostring(L, -1));
            lua_rawseti(L, strings, (int)lua_rawlen(L, strings) + 1);
        } else if (lua_toboolean(L, -1)) {
            luaL_error(L, "option environment: values must be strings or false");
        }
        lua_pop(L, 1);
    }
}

/* The environment of this process with the changes of the option. The stack keeps it alive. */
static const char *const *check_environment(lua_State *L, int options)
{
    int given, strings, count = 0;

    lua_getfield(L, options, "environment");
    if (lua_isnil(L, -1))
        return (const char *const *)environ;
    if (!lua_istable(L, -1))
        luaL_error(L, "option environment: table expected");
    given = lua_gettop(L);
    lua_newtable(L);
    strings = lua_gettop(L);
    for (char **variable = environ; *variable != NULL; variable++) {
        lua_pushvalue(L, given);
        if (!is_replaced(L, *variable)) {
            lua_pushstring(L, *variable);
            lua_rawseti(L, strings, ++count);
        }
        lua_pop(L, 1);
    }
    add_variables(L, given, strings);
    return push_list(L, strings);
}

static int check_stream(lua_State *L, int options, const char *name)
{
    int stream = MF_SPAWN_INHERIT;

    lua_getfield(L, options, name);
    if (lua_isboolean(L, -1) && !lua_toboolean(L, -1))
        stream = MF_SPAWN_NULL;
    else if (!lua_isnil(L, -1))
        stream = mf_sys_check_int(L, lua_gettop(L));
    lua_pop(L, 1);
    return stream;
}

static int process_spawn(lua_State *L)
{
    static const char *const names[] = {"stdin", "stdout", "stderr"};
    struct mf_spawn spawn;
    pid_t pid;
    int error;

    lua_settop(L, 2);
    if (lua_isnil(L, 2)) {
        lua_newtable(L);
        lua_replace(L, 2);
    }
    luaL_checktype(L, 2, LUA_TTABLE);
    luaL_checktype(L, 1, LUA_TTABLE);
    spawn.argv = push_list(L, 1);
    luaL_argcheck(L, spawn.argv[0] != NULL, 1, "a program expected");
    spawn.environment = check_environment(L, 2);
    spawn.group = mf_option_boolean(L, 2, "group", 0);
    for (int i = 0; i < 3; i++)
        spawn.streams[i] = check_stream(L, 2, names[i]);
    error = mf_spawn(&spawn, &pid);
    if (error != 0)
        return mf_sys_fail(L, error, "run", spawn.argv[0]);
    mf_push_whole(L, (uint64_t)pid);
    return 1;
}

static const char *process_text(lua_State *L, int pid)
{
    return lua_pushfstring(L, "process %d", pid);
}

static int process_wait(lua_State *L)
{
    int pid = mf_sys_check_int(L, 1), status;
    int64_t deadline = mf_sys_check_deadline(L, 2);
    int result;

    luaL_argcheck(L, pid > 0, 1, "a process id expected");
    result = mf_wait_process(pid, deadline, mf_interrupt(L), &status);
    if (result == MF_STREAM_TIMEOUT)
        return mf_fail(L, "sys.timeout", process_text(L, pid), NULL);
    if (result == MF_STREAM_INTERRUPTED)
        return mf_fail(L, "sys.interrupted", process_text(L, pid), NULL);
    if (result < 0)
        return mf_sys_fail(L, errno, "wait for", process_text(L, pid));
    lua_pushinteger(L, status);
    return 1;
}

static int process_kill(lua_State *L)
{
    int pid = (int)luaL_checkinteger(L, 1);
    int number = mf_signal_number(luaL_checkstring(L, 2));

    /* 0, 1 and -1 are the own group, init and all processes */
    luaL_argcheck(L, pid > 1 || pid < -1, 1, "a process id or minus a group expected");
    luaL_argcheck(L, number != 0, 2, "no such signal");
    return mf_sys_result(L, kill(pid, number) == 0 ? 0 : errno, "signal", process_text(L, pid));
}

/* --- signals --------------------------------------------------------------------------------- */

static int process_catch_signals(lua_State *L)
{
    int descriptor = mf_catch_signals();

    if (descriptor < 0)
        return mf_sys_fail(L, errno, "catch", "signals");
    lua_pushinteger(L, descriptor);
    lua_setfield(L, LUA_REGISTRYINDEX, MF_INTERRUPT_KEY);
    lua_pushboolean(L, 1);
    return 1;
}

static int process_release_signals(lua_State *L)
{
    return mf_release_signals() ? 0 : luaL_error(L, "the signals are not caught");
}

static int process_interrupts(lua_State *L)
{
    int last;

    lua_pushinteger(L, mf_interrupts(&last));
    lua_pushstring(L, mf_signal_name(last));
    return 2;
}

static int process_pending_interrupts(lua_State *L)
{
    lua_pushinteger(L, mf_pending_interrupts());
    return 1;
}

static int process_clear_interrupt(lua_State *L)
{
    (void)L;
    mf_acknowledge_interrupts();
    return 0;
}

static int process_defer_interrupts(lua_State *L)
{
    (void)L;
    mf_defer_interrupts();
    return 0;
}

static int process_resume_interrupts(lua_State *L)
{
    return mf_resume_interrupts() ? 0 : luaL_error(L, "no interrupts are deferred");
}

static void call_hook(lua_State *L, lua_Debug *where)
{
    (void)where;
    lua_getfield(L, LUA_REGISTRYINDEX, HOOK_KEY);
    if (lua_isfunction(L, -1))
        lua_call(L, 0, 0);
    else
        lua_pop(L, 1);
}

static int process_hook(lua_State *L)
{
    int steps = lua_isnoneornil(L, 1) ? 0 : mf_sys_check_int(L, 2);

    lua_settop(L, 1);
    if (steps > 0)
        luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_setfield(L, LUA_REGISTRYINDEX, HOOK_KEY);
    lua_sethook(L, steps > 0 ? call_hook : NULL, steps > 0 ? LUA_MASKCOUNT : 0, steps);
    return 0;
}

/* --- the lock -------------------------------------------------------------------------------- */

static int process_lock(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1), *role = luaL_optstring(L, 2, "");
    int *descriptor = lua_newuserdata(L, sizeof *descriptor);
    char holder[MOST_HOLDER];
    int error;

    *descriptor = -1;
    luaL_getmetatable(L, LOCK_CLASS);
    lua_setmetatable(L, -2);
    error = mf_lock(path, role, descriptor, holder, sizeof holder);
    if (error == EWOULDBLOCK)
        return mf_fail(L, "sys.locked", path, holder);
    return error == 0 ? 1 : mf_sys_fail(L, error, "lock", path);
}

static int lock_release(lua_State *L)
{
    int *descriptor = luaL_checkudata(L, 1, LOCK_CLASS);

    if (*descriptor >= 0)
        mf_unlock(*descriptor);
    *descriptor = -1;
    lua_pushboolean(L, 1);
    return 1;
}

void mf_sys_open_process(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"release", lock_release}, {"__gc", lock_release}, {NULL, NULL}};

    mf_new_class(L, LOCK_CLASS, methods);
}

const luaL_Reg mf_sys_process[] = {
    {"spawn", process_spawn},
    {"wait", process_wait},
    {"kill", process_kill},
    {"catch_signals", process_catch_signals},
    {"release_signals", process_release_signals},
    {"interrupts", process_interrupts},
    {"pending_interrupts", process_pending_interrupts},
    {"clear_interrupt", process_clear_interrupt},
    {"defer_interrupts", process_defer_interrupts},
    {"resume_interrupts", process_resume_interrupts},
    {"hook", process_hook},
    {"lock", process_lock},
    {NULL, NULL},
};

// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/*** The functions of the operating system that an updater needs. Times are ms.
 * Functions that fail return nil and a failure sys.*, see lua/moonflash/base/failure.lua.
 *
 *   local sys = require "moonflash.core.sys"
 *   sys.clock_ms()            --> ms of the monotonic clock, the same for all processes
 *   sys.sleep_ms(ms)          --> true | sys.interrupted
 *   sys.user_id()             --> the effective user id
 *   sys.process_id()
 *
 * Files and folders are in sys_files.c, descriptors and terminals in sys_descriptors.c, children, signals
 * and locks in sys_process.c, each with its synopsis.
 *
 * @module moonflash.core.sys
 */
#include "bind/sys.h"

#include "stream/wait.h"

#include <errno.h>
#include <unistd.h>

MF_MODULE int luaopen_moonflash_core_sys(lua_State *L);

static int sys_clock_ms(lua_State *L)
{
    mf_push_whole(L, (uint64_t)mf_now_ms());
    return 1;
}

static int sys_sleep_ms(lua_State *L)
{
    int result = mf_wait(NULL, 0, mf_sys_check_deadline(L, 1), mf_interrupt(L));

    if (result == MF_STREAM_INTERRUPTED)
        return mf_fail(L, "sys.interrupted", "wait", NULL);
    return mf_sys_result(L, result == MF_STREAM_FAILED ? errno : 0, "sleep", "");
}

static int sys_user_id(lua_State *L)
{
    mf_push_whole(L, geteuid());
    return 1;
}

static int sys_process_id(lua_State *L)
{
    mf_push_whole(L, (uint64_t)getpid());
    return 1;
}

static const luaL_Reg functions[] = {
    {"clock_ms", sys_clock_ms},
    {"sleep_ms", sys_sleep_ms},
    {"user_id", sys_user_id},
    {"process_id", sys_process_id},
    {NULL, NULL},
};

static void add(lua_State *L, const luaL_Reg *list)
{
    for (; list->name != NULL; list++) {
        lua_pushcfunction(L, list->func);
        lua_setfield(L, -2, list->name);
    }
}

MF_MODULE int luaopen_moonflash_core_sys(lua_State *L)
{
    mf_sys_open_files(L);
    mf_sys_open_descriptors(L);
    mf_sys_open_process(L);
    mf_new_module(L, functions);
    add(L, mf_sys_files);
    add(L, mf_sys_descriptors);
    add(L, mf_sys_process);
    return 1;
}

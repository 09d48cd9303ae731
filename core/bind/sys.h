// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* The parts of moonflash.core.sys. Each adds its functions to the module's table. */
#ifndef MF_BIND_SYS_H
#define MF_BIND_SYS_H

#include "bind/bind.h"

extern const luaL_Reg mf_sys_files[];
extern const luaL_Reg mf_sys_descriptors[];
extern const luaL_Reg mf_sys_process[];

/* Registers the classes that the functions need. */
void mf_sys_open_files(lua_State *L);
void mf_sys_open_descriptors(lua_State *L);
void mf_sys_open_process(lua_State *L);

/* --- shared by the parts: sys_common.c --------------------------------------------------------- */

/* Pushes nil and a failure for an errno, about "DOING WHAT", with strerror as evidence. Returns 2. */
int mf_sys_fail(lua_State *L, int error, const char *doing, const char *what);

/* Pushes true, or the failure of mf_sys_fail when error is not 0. */
int mf_sys_result(lua_State *L, int error, const char *doing, const char *what);

/* A descriptor or another number from 0 to INT_MAX among the arguments; raises for other values. */
int mf_sys_check_int(lua_State *L, int index);

/* A time to wait in ms among the arguments, as a deadline for mf_wait. */
int64_t mf_sys_check_deadline(lua_State *L, int index);

#endif

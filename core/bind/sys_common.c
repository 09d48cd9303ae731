// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* Shared by the parts of moonflash.core.sys: failures and arguments. */
#include "bind/sys.h"
#include "stream/wait.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

static const struct {
    int error;
    const char *code;
} codes[] = {
    {EAGAIN, "sys.again"},      {EPIPE, "sys.closed"},        {ECONNRESET, "sys.closed"},
    {EIO, "sys.closed"},        {ECONNREFUSED, "sys.closed"}, {ENOENT, "sys.not_found"},
    {ENOTDIR, "sys.not_found"}, {ESRCH, "sys.not_found"},     {EACCES, "sys.denied"},
    {EPERM, "sys.denied"},
};

static const char *code_of(int error)
{
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i].error == error)
            return codes[i].code;
    return "sys.failed";
}

/* strerror brings some 40 kB of glibc into memory. Listing modems meets only missing files, so it does
 * without. */
static const char *text_of(int error)
{
    return error == ENOENT ? "No such file or directory" : strerror(error);
}

int mf_sys_fail(lua_State *L, int error, const char *doing, const char *what)
{
    const char *subject = lua_pushfstring(L, "%s %s", doing, what);

    return mf_fail(L, code_of(error), subject, text_of(error));
}

int mf_sys_result(lua_State *L, int error, const char *doing, const char *what)
{
    if (error != 0)
        return mf_sys_fail(L, error, doing, what);
    lua_pushboolean(L, 1);
    return 1;
}

int mf_sys_check_int(lua_State *L, int index)
{
    return (int)mf_check_whole(L, index, INT_MAX);
}

int64_t mf_sys_check_deadline(lua_State *L, int index)
{
    return mf_now_ms() + mf_sys_check_int(L, index);
}

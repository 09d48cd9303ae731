// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/*** Files and folders of moonflash.core.sys.
 *
 *   sys.list(path)                 --> { name, ... } in byte order
 *   sys.read_file(path[, limit])   --> its bytes, or the first `limit` bytes. Without a limit a file of
 *                                      more than 16 MiB is a failure
 *   sys.write_file(path, bytes)    --> true: the file has exactly these bytes
 *   sys.rename(from, to)           --> true: atomic, replaces `to`
 *   sys.link(path)                 --> the target of a symbolic link
 *   sys.real_path(path)            --> the absolute path, all links resolved
 *   sys.symlink(target, path)      --> true
 *   sys.make_folder(path)          --> true: the folder and its parents exist
 *   sys.remove(path)               --> true: removes one file, link or empty folder
 *   sys.remove_tree(path)          --> true: removes it and all below; does not follow links
 *   sys.stat(path)                 --> { kind="file|folder|link|character|block|socket|fifo|other",
 *                                        size=, mode= (permission bits), uid= }; of a link itself
 *   sys.access(path, "rw")         --> true | sys.denied, ...: any of the letters r w x
 *   sys.temporary_folder()         --> path of a new private folder below TMPDIR or /tmp
 *
 * @module moonflash.core.sys.files
 */
#include "bind/sys.h"
#include "driver/files.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BYTES_CLASS "moonflash.sys.bytes"
#define NAMES_CLASS "moonflash.sys.names"

enum { MOST_READ = 16 << 20, PERMISSIONS = 07777 };

/* --- heap memory of the driver: a userdata owns it, because Lua may raise -------------------- */

static int free_bytes(lua_State *L)
{
    mf_bytes_free(lua_touserdata(L, 1));
    return 0;
}

static int free_names(lua_State *L)
{
    mf_names_free(lua_touserdata(L, 1));
    return 0;
}

static void *new_owner(lua_State *L, size_t size, const char *class)
{
    void *owner = lua_newuserdata(L, size);

    memset(owner, 0, size);
    luaL_getmetatable(L, class);
    lua_setmetatable(L, -2);
    return owner;
}

void mf_sys_open_files(lua_State *L)
{
    static const luaL_Reg bytes[] = {{"__gc", free_bytes}, {NULL, NULL}};
    static const luaL_Reg names[] = {{"__gc", free_names}, {NULL, NULL}};

    mf_new_class(L, BYTES_CLASS, bytes);
    mf_new_class(L, NAMES_CLASS, names);
}

/* --- files ----------------------------------------------------------------------------------- */

static int files_read_file(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    int whole = lua_isnoneornil(L, 2);
    size_t limit = whole ? (size_t)MOST_READ + 1 : (size_t)mf_check_whole(L, 2, INT_MAX);
    struct mf_bytes *bytes = new_owner(L, sizeof *bytes, BYTES_CLASS);
    int error = mf_read_file(path, limit, bytes);

    if (error == 0 && whole && bytes->length == limit)
        error = EFBIG;
    if (error == 0)
        lua_pushlstring(L, bytes->length > 0 ? bytes->data : "", bytes->length);
    mf_bytes_free(bytes);
    return error == 0 ? 1 : mf_sys_fail(L, error, "read", path);
}

static int files_write_file(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    size_t length;
    const char *bytes = luaL_checklstring(L, 2, &length);

    return mf_sys_result(L, mf_write_file(path, bytes, length), "write", path);
}

static int files_rename(lua_State *L)
{
    const char *from = luaL_checkstring(L, 1), *to = luaL_checkstring(L, 2);

    return mf_sys_result(L, rename(from, to) == 0 ? 0 : errno, "rename", from);
}

static int files_remove(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);

    return mf_sys_result(L, remove(path) == 0 ? 0 : errno, "remove", path);
}

/* --- links ----------------------------------------------------------------------------------- */

static int files_link(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    char target[PATH_MAX];
    ssize_t length = readlink(path, target, sizeof target);

    if (length < 0)
        return mf_sys_fail(L, errno, "read the link", path);
    lua_pushlstring(L, target, (size_t)length);
    return 1;
}

static int files_real_path(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    char real[PATH_MAX];

    if (realpath(path, real) == NULL)
        return mf_sys_fail(L, errno, "follow", path);
    lua_pushstring(L, real);
    return 1;
}

static int files_symlink(lua_State *L)
{
    const char *target = luaL_checkstring(L, 1), *path = luaL_checkstring(L, 2);

    return mf_sys_result(L, symlink(target, path) == 0 ? 0 : errno, "make the link", path);
}

/* --- folders --------------------------------------------------------------------------------- */

static int files_list(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    struct mf_names *names = new_owner(L, sizeof *names, NAMES_CLASS);
    int error = mf_list(path, names);

    if (error != 0)
        return mf_sys_fail(L, error, "list", path);
    lua_createtable(L, names->count, 0);
    for (int i = 0; i < names->count; i++) {
        lua_pushstring(L, names->entries[i]->d_name);
        lua_rawseti(L, -2, i + 1);
    }
    mf_names_free(names);
    return 1;
}

static int files_make_folder(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);

    return mf_sys_result(L, mf_make_folder(path), "make the folder", path);
}

static int files_remove_tree(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);

    luaL_argcheck(L, path[strspn(path, "/.")] != '\0', 1, "will not remove this tree");
    return mf_sys_result(L, mf_remove_tree(path), "remove", path);
}

static int files_temporary_folder(lua_State *L)
{
    const char *above = getenv("TMPDIR");
    char path[PATH_MAX];
    int length;

    if (above == NULL || *above == '\0')
        above = "/tmp";
    length = snprintf(path, sizeof path, "%s/moonflash-XXXXXX", above);
    if (length >= (int)sizeof path)
        return mf_sys_fail(L, ENAMETOOLONG, "make a folder below", above);
    if (mkdtemp(path) == NULL)
        return mf_sys_fail(L, errno, "make a folder below", above);
    lua_pushstring(L, path);
    return 1;
}

/* --- attributes of a path -------------------------------------------------------------------- */

static const char *kind_of(mode_t mode)
{
    static const struct {
        mode_t format;
        const char *name;
    } kinds[] = {
        {S_IFREG, "file"},  {S_IFDIR, "folder"},  {S_IFLNK, "link"}, {S_IFCHR, "character"},
        {S_IFBLK, "block"}, {S_IFSOCK, "socket"}, {S_IFIFO, "fifo"},
    };

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if ((mode & S_IFMT) == kinds[i].format)
            return kinds[i].name;
    return "other";
}

static void set_whole(lua_State *L, const char *name, uint64_t value)
{
    mf_push_whole(L, value);
    lua_setfield(L, -2, name);
}

static int files_stat(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    struct stat seen;

    if (lstat(path, &seen) != 0)
        return mf_sys_fail(L, errno, "look at", path);
    lua_createtable(L, 0, 4);
    lua_pushstring(L, kind_of(seen.st_mode));
    lua_setfield(L, -2, "kind");
    set_whole(L, "size", (uint64_t)seen.st_size);
    set_whole(L, "mode", seen.st_mode & PERMISSIONS);
    set_whole(L, "uid", seen.st_uid);
    return 1;
}

static int check_access_mode(lua_State *L, int index)
{
    static const char letters[] = "rwx";
    static const int bits[] = {R_OK, W_OK, X_OK};
    const char *text = luaL_checkstring(L, index);
    int mode = F_OK;

    for (; *text != '\0'; text++) {
        const char *letter = strchr(letters, *text);

        luaL_argcheck(L, letter != NULL, index, "letters r, w, x expected");
        mode |= bits[letter - letters];
    }
    return mode;
}

static int files_access(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    int mode = check_access_mode(L, 2);

    return mf_sys_result(L, access(path, mode) == 0 ? 0 : errno, "access", path);
}

const luaL_Reg mf_sys_files[] = {
    {"list", files_list},
    {"read_file", files_read_file},
    {"write_file", files_write_file},
    {"rename", files_rename},
    {"link", files_link},
    {"real_path", files_real_path},
    {"symlink", files_symlink},
    {"make_folder", files_make_folder},
    {"remove", files_remove},
    {"remove_tree", files_remove_tree},
    {"stat", files_stat},
    {"access", files_access},
    {"temporary_folder", files_temporary_folder},
    {NULL, NULL},
};

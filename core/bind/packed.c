/* moonflash.core.packed: Lua chunks out of a file of gzip members, for the compact installation.
 *
 *   local packed = require "moonflash.core.packed"
 *   local chunk, message = packed.load("library.gz", 1710, 4096, 812, "@moonflash/lock.lua")
 *       -- the 812 bytes that begin 4096 bytes into what the member at 1710 unpacks to
 */
#include "driver/packed.h"

#include "bind/bind.h"

enum { BLOCK = 1024, LARGEST = 1 << 24 };

MF_MODULE int luaopen_moonflash_core_packed(lua_State *L);

struct text {
    struct mf_packed *packed;
    size_t left;
    char block[BLOCK];
};

/* A lua_Reader: a text that is cut short is a chunk that does not parse. */
static const char *next_block(lua_State *L, void *data, size_t *size)
{
    struct text *text = data;
    ssize_t count =
        mf_packed_read(text->packed, text->block, text->left < BLOCK ? text->left : BLOCK);

    (void)L;
    *size = count > 0 ? (size_t)count : 0;
    text->left -= *size;
    return *size > 0 ? text->block : NULL;
}

static int packed_load(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    size_t offset = (size_t)mf_check_whole(L, 2, LARGEST),
           skip = (size_t)mf_check_whole(L, 3, LARGEST);
    struct text text = {.left = (size_t)mf_check_whole(L, 4, LARGEST)};
    const char *name = luaL_checkstring(L, 5);
    int status;

    text.packed = mf_packed_open(path, offset, skip);
    if (text.packed == NULL) {
        lua_pushnil(L);
        lua_pushfstring(L, "cannot read %s", path);
        return 2;
    }
    status = lua_load(L, next_block, &text, name); /* raises nothing: reports it by its status */
    mf_packed_close(text.packed);
    if (status == 0 && text.left == 0)
        return 1;
    if (status == 0)
        lua_pushfstring(L, "%s is damaged", path);
    lua_pushnil(L);
    lua_insert(L, -2);
    return 2;
}

static const luaL_Reg functions[] = {{"load", packed_load}, {NULL, NULL}};

MF_MODULE int luaopen_moonflash_core_packed(lua_State *L)
{
    mf_new_module(L, functions);
    return 1;
}

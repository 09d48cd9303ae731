/* What all readers have in common in Lua: reader:read(n[, ms]) reader:size() reader:rewind().
 * Their userdata begin with a struct mf_reader and have a __tostring that names them. */
#ifndef MF_BIND_READER_H
#define MF_BIND_READER_H

#include "bind/bind.h"

/* A class of readers: mf_new_class with the methods above added. */
void mf_new_reader_class(lua_State *L, const char *name, const luaL_Reg *methods);

/* nil and a failure source.* for what a read or rewind of the reader at `index` returned. */
int mf_fail_reader(lua_State *L, int index, ssize_t result);

#endif

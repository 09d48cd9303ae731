#include "bind/bind.h"

MF_MODULE int luaopen_moonflash_core_sys(lua_State *L);

MF_MODULE int luaopen_moonflash_core_sys(lua_State *L)
{
    lua_newtable(L);
    return 1;
}

/* The failure of a QDL conversation in sentences for people. */
#ifndef MF_BIND_QDL_FAILURE_H
#define MF_BIND_QDL_FAILURE_H

#include "protocol/qdl.h"

#include <lua.h>

/* Pushes the failure, nil if there is none. Returns 1. */
int mf_push_qdl_failure(lua_State *L, const struct mf_qdl *qdl);

#endif

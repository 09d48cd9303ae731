// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* The settings inside an image, as Lua tables. */
#ifndef MF_BIND_NVUP_ENTRIES_H
#define MF_BIND_NVUP_ENTRIES_H

#include "protocol/nvup_entries.h"

#include <lua.h>

/* Calls the function at `function` with a table for each entry in the bytes that `entries` was fed:
 *   record   number of the NVUP record, from 1
 *   offset   in bytes, where the entry begins in the file
 *   size     in bytes, of its value
 *   kind     "file", "variable", "item", "other", "nothing"; "broken" where the data of the record
 *            makes no sense, and there the fields below are missing
 *   name     unless it is an item
 *   item     number of an item
 *   value    its first 64 bytes
 *   image    if the value is a CWE object: its type, product, version, date and size
 * May raise. */
void mf_report_nvup_entries(lua_State *L, int function, struct mf_nvup_entries *entries);

#endif

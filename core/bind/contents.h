/* The settings inside an image on its way through a verifier: finds the data of NVUP records in what
 * passes and tells Lua about each entry. */
#ifndef MF_BIND_CONTENTS_H
#define MF_BIND_CONTENTS_H

#include "protocol/nvup.h"

#include <lua.h>

struct mf_contents {
    struct mf_nvup nvup;
    unsigned next;       /* the first record that was not looked at */
    unsigned record;     /* the one whose data is read ... */
    uint64_t start, end; /* ... and where that is in the file */
    bool reading;
};

/* Looks at the last `length` bytes that `cwe` was fed. Calls the function at `function` with a table
 * for each entry: record (from 1), offset and size (bytes; where the entry begins in the file, and
 * how long its value is), kind ("file", "variable", "item", "other", "nothing"), name, item (its
 * number), value (its first bytes), image (type, product, version, date, size of a CWE object in the
 * value); and with kind "broken" where the data makes no sense any more. It may raise. */
void mf_contents_look(lua_State *L, int function, struct mf_contents *contents,
                      const struct mf_cwe *cwe, const uint8_t *bytes, size_t length);

#endif

// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* Invariant: whatever bytes a target of Lua (tests/fuzz/NAME.lua, NAME from FUZZ_TARGET) is given, it
 * raises nothing, leaves no descriptor open and no memory behind, and ends within a number of lines.
 *
 * A line of the product that follows on another one is a counter for libFuzzer, as an edge of C is;
 * FUZZ_BLIND=1 leaves them out. At the end it says how many lines and pairs of them were reached. */
#include <fcntl.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COUNTERS = 1 << 14, PLACES = 1 << 16, SOURCES = 1 << 8 };
enum { LINES = 200000, LINES_PER_BYTE = 2000 };
enum { ROUND = 256, KEPT_KIB = 1024 };

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *input, size_t length);

/* --- the core's modules, part of this program --------------------------------------------------- */

#define MODULES(X) X(bytes) X(crc) X(cwe) X(hdlc) X(port) X(source) X(sys) X(uevent) ARCHIVE(X)
#ifdef MF_WITHOUT_ARCHIVE
#define ARCHIVE(X)
#else
#define ARCHIVE(X) X(archive)
#endif
#define DECLARE(name) int luaopen_moonflash_core_##name(lua_State *L);
#define ROW(name) {"moonflash.core." #name, luaopen_moonflash_core_##name},

MODULES(DECLARE)

static const luaL_Reg modules[] = {MODULES(ROW){NULL, NULL}};

static lua_State *L;

static void stop(const char *problem)
{
    fprintf(stderr, "%s\n", problem);
    abort();
}

static void preload_modules(void)
{
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "preload");
    for (const luaL_Reg *module = modules; module->name != NULL; module++) {
        lua_pushcfunction(L, module->func);
        lua_setfield(L, -2, module->name);
    }
    lua_pop(L, 2);
}

/* --- lines --------------------------------------------------------------------------------------- */

#ifdef __clang__
__attribute__((section("__libfuzzer_extra_counters")))
#endif
static uint8_t counters[COUNTERS];
static bool reached[PLACES], followed[COUNTERS];
static bool blind;
static uint64_t lines_left;
static uint32_t place_before;

/* Chunks by the address of their name, which stays while they are loaded. */
static struct {
    const char *name;
    uint32_t hash;
    bool counts;
} sources[SOURCES];

static unsigned source_of(const char *name)
{
    unsigned row = (unsigned)((uintptr_t)name >> 4) % SOURCES;
    uint32_t hash = 2166136261u;

    if (sources[row].name == name)
        return row;
    for (const char *at = name; *at != '\0'; at++)
        hash = (hash ^ (uint8_t)*at) * 16777619u;
    sources[row].name = name;
    sources[row].hash = hash;
    sources[row].counts = strstr(name, "/moonflash/") != NULL;
    return row;
}

static void at_line(lua_State *state, lua_Debug *where)
{
    unsigned row;
    uint32_t place, pair;

    if (lines_left-- == 0)
        stop("does not end");
    lua_getinfo(state, "S", where);
    row = source_of(where->source);
    if (!sources[row].counts)
        return;
    place = sources[row].hash + (uint32_t)where->currentline * 2654435761u;
    reached[place % PLACES] = true;
    pair = (place ^ place_before) % COUNTERS;
    followed[pair] = true;
    if (!blind && counters[pair] < UINT8_MAX)
        counters[pair]++;
    place_before = place >> 1;
}

/* --- what is left behind ------------------------------------------------------------------------- */

static int lowest_free_descriptor(void)
{
    int descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC);

    close(descriptor);
    return descriptor;
}

/* What Lua keeps must not grow from round to round. */
static void check_memory(void)
{
    static int first;
    int now;

    lua_gc(L, LUA_GCCOLLECT, 0);
    lua_gc(L, LUA_GCCOLLECT, 0);
    now = lua_gc(L, LUA_GCCOUNT, 0);
    if (first == 0)
        first = now;
    if (now > first + KEPT_KIB)
        stop("keeps memory");
}

/* --- the target ---------------------------------------------------------------------------------- */

static void call(int arguments, int results)
{
    int handler = lua_gettop(L) - arguments;

    lua_getglobal(L, "debug");
    lua_getfield(L, -1, "traceback");
    lua_remove(L, -2);
    lua_insert(L, handler);
    if (lua_pcall(L, arguments, results, handler) != 0)
        stop(lua_tostring(L, -1) != NULL ? lua_tostring(L, -1) : "raises something");
    lua_remove(L, handler);
}

static void finish(void)
{
    unsigned lines = 0, pairs = 0;

    lua_sethook(L, NULL, 0, 0);
    lua_getfield(L, LUA_REGISTRYINDEX, "finish");
    if (!lua_isnil(L, -1))
        call(0, 0);
    lua_close(L);
    for (unsigned place = 0; place < PLACES; place++)
        lines += reached[place];
    for (unsigned pair = 0; pair < COUNTERS; pair++)
        pairs += followed[pair];
    fprintf(stderr, "%s: %u lines of Lua reached, %u pairs of them\n", getenv("FUZZ_TARGET"), lines,
            pairs);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const char *name = getenv("FUZZ_TARGET");

    (void)argc, (void)argv;
    if (name == NULL)
        stop("FUZZ_TARGET names the target");
    blind = getenv("FUZZ_BLIND") != NULL;
    L = luaL_newstate();
    luaL_openlibs(L);
    preload_modules();
    lua_getglobal(L, "require");
    lua_pushfstring(L, "tests.fuzz.%s", name);
    call(1, 1);
    lua_getfield(L, -1, "finish");
    lua_setfield(L, LUA_REGISTRYINDEX, "finish");
    lua_getfield(L, -1, "check");
    lua_replace(L, -2);
    lua_sethook(L, at_line, LUA_MASKLINE, 0);
    atexit(finish);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t length)
{
    static unsigned long runs;
    int descriptor = lowest_free_descriptor();

    lines_left = LINES + (uint64_t)length * LINES_PER_BYTE;
    place_before = 0;
    lua_pushvalue(L, 1);
    lua_pushlstring(L, (const char *)input, length);
    call(1, 0);
    if (lowest_free_descriptor() != descriptor)
        stop("leaves a descriptor open");
    if (++runs % ROUND == 0)
        check_memory();
    return 0;
}

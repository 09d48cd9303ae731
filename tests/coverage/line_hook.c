// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* Which Lua lines ran: loading this module hooks the state, and new coroutines inherit the hook (one
 * written in Lua they would not, and it would be slow). What was seen goes into a map of the file
 * LINE_HOOK_FILE, which all processes share: a process that is killed has already said all it saw. */
#include <fcntl.h>
#include <lauxlib.h>
#include <lua.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MOST_FILES = 1024, NAME_SIZE = 128, MOST_LINES = 896 };

/* What tests/coverage/report.lua reads. */
struct source {
    char name[NAME_SIZE];
    char seen[MOST_LINES]; /* '1' for a line that ran */
};

static struct source *sources;

static int open_map(void)
{
    const char *path = getenv("LINE_HOOK_FILE");

    return path != NULL ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666) : -1;
}

/* The place of a name, or the free one where it belongs. */
static struct source *look_up(const char *name)
{
    struct source *source = sources;

    while (source < sources + MOST_FILES && source->name[0] != '\0' && strcmp(source->name, name))
        source++;
    return source < sources + MOST_FILES ? source : NULL;
}

/* Processes add names one at a time. No descriptor stays open: tests count them. */
static struct source *add(const char *name)
{
    int descriptor = open_map();
    struct source *source;

    if (descriptor < 0)
        return NULL;
    flock(descriptor, LOCK_EX);
    source = look_up(name);
    if (source != NULL && source->name[0] == '\0')
        snprintf(source->name, sizeof source->name, "%s", name);
    close(descriptor);
    return source;
}

/* The latest file is most often the next one too. */
static struct source *find_source(const char *name)
{
    static struct source *latest;

    if (latest == NULL || strcmp(latest->name, name) != 0)
        latest = look_up(name);
    if (latest == NULL || latest->name[0] == '\0' || strcmp(latest->name, name) != 0)
        latest = add(name);
    return latest;
}

static void saw_line(lua_State *L, lua_Debug *at)
{
    const char *name;
    struct source *source;

    lua_getinfo(L, "S", at);
    name = at->source[0] == '@' ? strstr(at->source, "lua/moonflash/") : NULL;
    source = name != NULL ? find_source(name) : NULL;
    if (source != NULL && at->currentline > 0 && at->currentline < MOST_LINES)
        source->seen[at->currentline] = '1';
}

int luaopen_line_hook(lua_State *L);

int luaopen_line_hook(lua_State *L)
{
    size_t size = MOST_FILES * sizeof *sources;
    int descriptor = open_map();
    void *map = MAP_FAILED;

    if (descriptor >= 0 && ftruncate(descriptor, (off_t)size) == 0)
        map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (descriptor >= 0)
        close(descriptor);
    if (map == MAP_FAILED)
        return 0;
    sources = map;
    lua_sethook(L, saw_line, LUA_MASKLINE, 0);
    return 0;
}

// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/*** Descriptors, sockets and terminals of moonflash.core.sys. Descriptors are plain numbers; those
 * made here are close-on-exec and non-blocking.
 *
 *   sys.open(path, "r|w|rw|a")    --> fd; w and a create the file
 *   sys.read(fd, most)            --> bytes, at least one | sys.again: none have arrived |
 *                                     sys.closed: the end, or a hang-up
 *   sys.write(fd, bytes)          --> how many were written, at least one | sys.again | sys.closed.
 *                                     Neither blocks, also when the descriptor does
 *   sys.close(fd)                 --> true; of a pty both ends
 *   sys.pipe()                    --> read fd, write fd
 *   sys.poll({ {fd=, read=bool, write=bool}, ... }, ms)
 *                                 --> the tables whose descriptors are ready, with the fields readable,
 *                                     writable and hangup; {} after ms | sys.interrupted
 *   sys.datagram(path)            --> fd of a datagram socket bound to a path of any length
 *   sys.receive_from(fd)          --> bytes, address of the sender (an opaque string) | sys.again
 *   sys.send_to(fd, address, bytes) --> true | sys.again: its queue is full | sys.closed: it is gone
 *   sys.pty()                     --> fd of the master, path of the slave: raw; no hang-up between two
 *                                     users of the path, a hang-up for its users at close
 *   sys.is_terminal(fd)           --> boolean
 *   sys.terminal_width(fd)        --> columns | nil: no terminal, or unknown
 *
 * @module moonflash.core.sys.descriptors
 */
#include "bind/sys.h"
#include "driver/terminal.h"
#include "driver/unix_socket.h"
#include "stream/wait.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Registry: the slave that is kept open for each master of a pty. */
#define SLAVES "moonflash.sys.slaves"

enum { MOST_AT_ONCE = 1 << 20, MOST_ON_STACK = 1 << 16, MOST_DATAGRAM = 1 << 16 };

static int fail_descriptor(lua_State *L, int error, const char *doing, int descriptor)
{
    return mf_sys_fail(L, error, doing, lua_pushfstring(L, "descriptor %d", descriptor));
}

static int push_descriptor(lua_State *L, int descriptor)
{
    lua_pushinteger(L, descriptor);
    return 1;
}

/* --- bytes ----------------------------------------------------------------------------------- */

static int check_open_flags(lua_State *L, int index)
{
    static const char *const names[] = {"r", "w", "rw", "a", NULL};
    static const int flags[] = {O_RDONLY, O_WRONLY | O_CREAT | O_TRUNC, O_RDWR,
                                O_WRONLY | O_CREAT | O_APPEND};

    return flags[luaL_checkoption(L, index, NULL, names)] | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
}

static int descriptors_open(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    int descriptor = open(path, check_open_flags(L, 2), 0666);

    if (descriptor < 0)
        return mf_sys_fail(L, errno, "open", path);
    return push_descriptor(L, descriptor);
}

static int is_blocking(int descriptor)
{
    int flags = fcntl(descriptor, F_GETFL);

    return flags >= 0 && (flags & O_NONBLOCK) == 0;
}

/* 0 when a call on a descriptor does not block, else an errno value: EAGAIN. Descriptors of the host
 * program may be in blocking mode. */
static int ready_now(int descriptor, short events)
{
    struct pollfd one = {.fd = descriptor, .events = events};
    int result = is_blocking(descriptor) ? mf_wait(&one, 1, mf_now_ms(), -1) : 1;

    if (result == MF_STREAM_TIMEOUT)
        return EAGAIN;
    return result < 0 ? errno : 0;
}

static int descriptors_read(lua_State *L)
{
    int descriptor = mf_sys_check_int(L, 1);
    size_t most = (size_t)mf_check_whole(L, 2, MOST_AT_ONCE);
    char buffer[MOST_ON_STACK];
    char *bytes = most <= sizeof buffer ? buffer : lua_newuserdata(L, most);
    int error = ready_now(descriptor, POLLIN);
    ssize_t count = -1;

    luaL_argcheck(L, most > 0, 2, "at least one byte");
    if (error == 0) {
        do
            count = read(descriptor, bytes, most);
        while (count < 0 && errno == EINTR);
        error = count < 0 ? errno : 0;
    }
    if (error != 0)
        return fail_descriptor(L, error, "read", descriptor);
    if (count == 0)
        return mf_fail(L, "sys.closed", lua_pushfstring(L, "read descriptor %d", descriptor), NULL);
    lua_pushlstring(L, bytes, (size_t)count);
    return 1;
}

/* A pipe with room takes so many bytes at once; more of them block in blocking mode. */
static size_t without_blocking(int descriptor, size_t length)
{
    return length > PIPE_BUF && is_blocking(descriptor) ? PIPE_BUF : length;
}

static int descriptors_write(lua_State *L)
{
    int descriptor = mf_sys_check_int(L, 1);
    size_t length;
    const char *bytes = luaL_checklstring(L, 2, &length);
    int error = ready_now(descriptor, POLLOUT);
    ssize_t count = -1;

    if (error == 0) {
        do
            count = write(descriptor, bytes, without_blocking(descriptor, length));
        while (count < 0 && errno == EINTR);
        error = count < 0 ? errno : 0;
    }
    if (error != 0)
        return fail_descriptor(L, error, "write", descriptor);
    mf_push_whole(L, (uint64_t)count);
    return 1;
}

/* Removes the slave of a master from the table. Returns it, or -1. */
static int take_slave(lua_State *L, int master)
{
    int slave = -1;

    lua_getfield(L, LUA_REGISTRYINDEX, SLAVES);
    lua_rawgeti(L, -1, master);
    if (lua_isnumber(L, -1)) {
        slave = (int)lua_tonumber(L, -1);
        lua_pushnil(L);
        lua_rawseti(L, -3, master);
    }
    lua_pop(L, 2);
    return slave;
}

static int descriptors_close(lua_State *L)
{
    int descriptor = mf_sys_check_int(L, 1);
    int slave = take_slave(L, descriptor);

    if (slave >= 0)
        close(slave);
    if (close(descriptor) != 0 && errno != EINTR)
        return fail_descriptor(L, errno, "close", descriptor);
    lua_pushboolean(L, 1);
    return 1;
}

static int descriptors_pipe(lua_State *L)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return mf_sys_fail(L, errno, "make", "a pipe");
    return push_descriptor(L, ends[0]) + push_descriptor(L, ends[1]);
}

/* --- waiting --------------------------------------------------------------------------------- */

static short events_of(lua_State *L, int entry)
{
    short events = 0;

    if (mf_option_boolean(L, entry, "read", 0))
        events |= POLLIN;
    if (mf_option_boolean(L, entry, "write", 0))
        events |= POLLOUT;
    return events;
}

static int check_entries(lua_State *L, int list, struct pollfd *descriptors)
{
    int count = 0;

    luaL_checktype(L, list, LUA_TTABLE);
    for (;; count++) {
        lua_rawgeti(L, list, count + 1);
        if (lua_isnil(L, -1))
            break;
        luaL_argcheck(L, count < MF_WAIT_MOST, list, "too many descriptors");
        luaL_argcheck(L, lua_istable(L, -1), list, "tables with fd, read, write expected");
        lua_getfield(L, -1, "fd");
        descriptors[count].fd = mf_sys_check_int(L, lua_gettop(L));
        descriptors[count].events = events_of(L, lua_gettop(L) - 1);
        descriptors[count].revents = 0;
        lua_pop(L, 2);
    }
    lua_pop(L, 1);
    return count;
}

static void set_boolean(lua_State *L, const char *name, int value)
{
    lua_pushboolean(L, value);
    lua_setfield(L, -2, name);
}

/* Pushes a table of the entries that have events. */
static void push_ready(lua_State *L, int list, const struct pollfd *descriptors, int count)
{
    int ready = 0;

    lua_newtable(L);
    for (int i = 0; i < count; i++) {
        short seen = descriptors[i].revents;

        lua_rawgeti(L, list, i + 1);
        set_boolean(L, "readable", seen & POLLIN);
        set_boolean(L, "writable", seen & POLLOUT);
        set_boolean(L, "hangup", seen & (POLLHUP | POLLERR));
        if (seen != 0)
            lua_rawseti(L, -2, ++ready);
        else
            lua_pop(L, 1);
    }
}

static int descriptors_poll(lua_State *L)
{
    struct pollfd descriptors[MF_WAIT_MOST];
    int count = check_entries(L, 1, descriptors);
    int result = mf_wait(descriptors, count, mf_sys_check_deadline(L, 2), mf_interrupt(L));

    if (result == MF_STREAM_INTERRUPTED)
        return mf_fail(L, "sys.interrupted", "wait", NULL);
    if (result == MF_STREAM_FAILED)
        return mf_sys_fail(L, errno, "wait for", "descriptors");
    for (int i = 0; i < count; i++)
        if (descriptors[i].revents & POLLNVAL)
            return luaL_error(L, "descriptor %d is not open", descriptors[i].fd);
    push_ready(L, 1, descriptors, count);
    return 1;
}

/* --- datagrams ------------------------------------------------------------------------------- */

static int descriptors_datagram(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    int descriptor = mf_datagram_bind(path);

    if (descriptor < 0)
        return mf_sys_fail(L, errno, "bind a socket to", path);
    return push_descriptor(L, descriptor);
}

static int descriptors_receive_from(lua_State *L)
{
    int descriptor = mf_sys_check_int(L, 1);
    char *bytes = lua_newuserdata(L, MOST_DATAGRAM);
    struct sockaddr_un address;
    socklen_t length = sizeof address;
    ssize_t count = recvfrom(descriptor, bytes, MOST_DATAGRAM, MSG_DONTWAIT,
                             (struct sockaddr *)&address, &length);

    if (count < 0)
        return fail_descriptor(L, errno, "receive from", descriptor);
    lua_pushlstring(L, bytes, (size_t)count);
    lua_pushlstring(L, (const char *)&address, length);
    return 2;
}

static int descriptors_send_to(lua_State *L)
{
    int descriptor = mf_sys_check_int(L, 1);
    size_t address_length, length;
    const char *opaque = luaL_checklstring(L, 2, &address_length);
    const char *bytes = luaL_checklstring(L, 3, &length);
    struct sockaddr_un address;
    ssize_t count;

    luaL_argcheck(L, address_length <= sizeof address, 2, "no address of receive_from");
    memcpy(&address, opaque, address_length);
    count = sendto(descriptor, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL,
                   (const struct sockaddr *)&address, (socklen_t)address_length);
    if (count < 0)
        return fail_descriptor(L, errno, "send by", descriptor);
    lua_pushboolean(L, 1);
    return 1;
}

/* --- terminals ------------------------------------------------------------------------------- */

static int descriptors_pty(lua_State *L)
{
    struct mf_pty pty;
    int error;

    lua_getfield(L, LUA_REGISTRYINDEX, SLAVES);
    error = mf_open_pty(&pty);
    if (error != 0)
        return mf_sys_fail(L, error, "make", "a pseudo terminal");
    lua_pushinteger(L, pty.slave);
    lua_rawseti(L, -2, pty.master);
    push_descriptor(L, pty.master);
    lua_pushstring(L, pty.path);
    return 2;
}

static int descriptors_is_terminal(lua_State *L)
{
    lua_pushboolean(L, isatty(mf_sys_check_int(L, 1)));
    return 1;
}

static int descriptors_terminal_width(lua_State *L)
{
    int width = mf_terminal_width(mf_sys_check_int(L, 1));

    if (width > 0)
        lua_pushinteger(L, width);
    else
        lua_pushnil(L);
    return 1;
}

void mf_sys_open_descriptors(lua_State *L)
{
    lua_newtable(L);
    lua_setfield(L, LUA_REGISTRYINDEX, SLAVES);
}

const luaL_Reg mf_sys_descriptors[] = {
    {"open", descriptors_open},
    {"read", descriptors_read},
    {"write", descriptors_write},
    {"close", descriptors_close},
    {"pipe", descriptors_pipe},
    {"poll", descriptors_poll},
    {"datagram", descriptors_datagram},
    {"receive_from", descriptors_receive_from},
    {"send_to", descriptors_send_to},
    {"pty", descriptors_pty},
    {"is_terminal", descriptors_is_terminal},
    {"terminal_width", descriptors_terminal_width},
    {NULL, NULL},
};

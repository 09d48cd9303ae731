// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

#include "driver/uevent.h"

#include "driver/unix_socket.h"

#include <ctype.h>
#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { KERNEL_GROUP = 1, RECEIVE_BUFFER = 1 << 20 };

/* --- opening --------------------------------------------------------------------------------- */

static int close_keeping_errno(int descriptor)
{
    int error = errno;

    close(descriptor);
    errno = error;
    return -1;
}

/* The reset of a modem makes many events. Only root can exceed the system's limit. */
static void enlarge_buffer(int descriptor)
{
    int size = RECEIVE_BUFFER;

    if (setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

int mf_uevent_open_kernel(void)
{
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = KERNEL_GROUP};
    int descriptor =
        socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);

    if (descriptor < 0)
        return -1;
    enlarge_buffer(descriptor);
    if (bind(descriptor, (const struct sockaddr *)&address, sizeof address) != 0)
        return close_keeping_errno(descriptor);
    return descriptor;
}

int mf_uevent_open_simulator(const char *path)
{
    int descriptor = mf_datagram_connect(path);

    if (descriptor >= 0 && send(descriptor, "+", 1, MSG_NOSIGNAL) != 1)
        return close_keeping_errno(descriptor);
    return descriptor;
}

/* --- receiving ------------------------------------------------------------------------------- */

static ssize_t receive_error(int error)
{
    if (error == EAGAIN || error == EINTR)
        return MF_UEVENT_NONE;
    return error == ENOBUFS ? MF_UEVENT_OVERRUN : MF_UEVENT_FAILED;
}

ssize_t mf_uevent_receive(int descriptor, char out[MF_UEVENT_MOST])
{
    union {
        struct sockaddr any;
        struct sockaddr_nl netlink;
        struct sockaddr_storage room;
    } sender = {0};
    struct iovec part = {.iov_base = out, .iov_len = MF_UEVENT_MOST};
    struct msghdr message = {
        .msg_name = &sender, .msg_namelen = sizeof sender, .msg_iov = &part, .msg_iovlen = 1};
    ssize_t length = recvmsg(descriptor, &message, 0);

    if (length < 0)
        return receive_error(errno);
    if (message.msg_flags & MSG_TRUNC)
        return MF_UEVENT_NONE;
    if (sender.any.sa_family == AF_NETLINK && sender.netlink.nl_pid != 0)
        return MF_UEVENT_NONE;
    return length;
}

/* --- the text -------------------------------------------------------------------------------- */

/* Takes the bytes up to the next NUL or the end. Returns their number. */
static size_t take_line(struct mf_uevent_text *text, const char **line)
{
    size_t left = (size_t)(text->end - text->at);
    size_t length = strnlen(text->at, left);

    *line = text->at;
    text->at += length < left ? length + 1 : length;
    return length;
}

/* Splits a line at the first separator; false without one. */
static bool cut(const char *line, size_t length, char separator, struct mf_uevent_field *field)
{
    const char *at = memchr(line, separator, length);

    if (at == NULL)
        return false;
    field->name = line;
    field->name_length = (size_t)(at - line);
    field->value = at + 1;
    field->value_length = length - field->name_length - 1;
    return true;
}

static bool is_word(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)bytes[i]) && bytes[i] != '_')
            return false;
    return length > 0;
}

bool mf_uevent_begin(struct mf_uevent_text *text, const char *bytes, size_t length,
                     struct mf_uevent_field *action_at_path)
{
    const char *line;
    size_t line_length;

    *text = (struct mf_uevent_text){bytes, bytes + length};
    line_length = take_line(text, &line);
    /* a udev daemon's messages begin with "libudev" and have no @ */
    return cut(line, line_length, '@', action_at_path) &&
           is_word(action_at_path->name, action_at_path->name_length) &&
           action_at_path->value_length > 0 && action_at_path->value[0] == '/';
}

bool mf_uevent_next(struct mf_uevent_text *text, struct mf_uevent_field *field)
{
    while (text->at < text->end) {
        const char *line;
        size_t length = take_line(text, &line);

        if (cut(line, length, '=', field) && is_word(field->name, field->name_length))
            return true;
    }
    return false;
}

// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

#include "driver/port.h"

#include "driver/terminal_writer.h"
#include "driver/unix_socket.h"
#include "stream/wait.h"

#include <errno.h>
#include <fcntl.h>
#include <libserialport.h>
#include <limits.h>
#include <linux/serial.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

enum {
    CONNECT_MS = 2000,  /* for a socket whose listener is slow to accept */
    LINGER_MS = 500,    /* for written bytes to leave before a close */
    LINGER_STEP_MS = 5, /* between two looks at them */
    DISCARDED_AT_ONCE = 512,
    SEND_SIZE = 2097152 /* a message of a download protocol: the line is idle between two writes */
};

static ssize_t port_send(struct mf_channel *self, const uint8_t *bytes, size_t length);

static enum mf_port_result refused(struct mf_port *port, int error)
{
    port->channel.error = error;
    switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ENODEV:
    case ENXIO:
    case ECONNREFUSED:
        return MF_PORT_NOT_FOUND;
    case EACCES:
    case EPERM:
        return MF_PORT_DENIED;
    case EBUSY:
    case EWOULDBLOCK:
        return MF_PORT_BUSY;
    case ENOTTY:
        return MF_PORT_NOT_A_DEVICE;
    case EINTR:
        return MF_PORT_INTERRUPTED;
    default:
        return MF_PORT_FAILED;
    }
}

/* Raw 115200 8N1 without flow control. libserialport 0.1.1 can leave IXON set, which would remove 0x11
 * and 0x13 from an image, so every terminal is set here. The settings are read back: tcsetattr
 * succeeds when any one of them could be made. */
static int set_raw(int descriptor)
{
    struct termios settings;

    if (tcgetattr(descriptor, &settings) != 0)
        return -1;
    cfmakeraw(&settings);
    settings.c_iflag &= ~(tcflag_t)(IXOFF | IXANY | INPCK | IGNPAR);
    settings.c_cflag &= ~(tcflag_t)(CSTOPB | CRTSCTS);
    settings.c_cflag |= CLOCAL | CREAD;
    settings.c_cc[VMIN] = 1; /* so a read of 0 bytes always means a hang-up */
    settings.c_cc[VTIME] = 0;
    cfsetispeed(&settings, B115200);
    cfsetospeed(&settings, B115200);
    if (tcsetattr(descriptor, TCSANOW, &settings) != 0 || tcgetattr(descriptor, &settings) != 0)
        return -1;
    if (settings.c_iflag & (IXON | IXOFF | ISTRIP | ICRNL | INLCR | IGNCR)) {
        errno = EINVAL;
        return -1;
    }
    return 0;
}

/* Whether another program took exclusive use, as ModemManager does. The kernel enforces it only
 * against other users than root. */
static bool is_used_exclusively(int descriptor)
{
    int held = 0;

    return ioctl(descriptor, TIOCGEXCL, &held) == 0 && held != 0;
}

/* Takes exclusive use of hardware. The flock keeps other copies of this program away, also from pseudo
 * terminals and when they run as root. The writer opens the terminal, which TIOCEXCL would refuse to it. */
static int take_exclusive_use(struct mf_port *port)
{
    int descriptor = port->channel.descriptor;

    if (flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return -1;
    port->writer = mf_terminal_writer_open(descriptor);
    if (port->writer != NULL) {
        port->channel.send = port_send;
        port->channel.write_size = SEND_SIZE;
    }
    port->is_exclusive = port->is_hardware && ioctl(descriptor, TIOCEXCL) == 0;
    return 0;
}

static int set_flags(int descriptor)
{
    int flags = fcntl(descriptor, F_GETFL);

    if (flags < 0 || fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) != 0)
        return -1;
    return fcntl(descriptor, F_SETFD, FD_CLOEXEC);
}

static int set_up(struct mf_port *port)
{
    int descriptor = port->channel.descriptor;
    struct stat status;

    if (set_flags(descriptor) != 0 || fstat(descriptor, &status) != 0)
        return -1;
    port->is_socket = S_ISSOCK(status.st_mode);
    if (port->is_socket)
        return 0;
    if (!isatty(descriptor)) {
        errno = ENOTTY;
        return -1;
    }
    return take_exclusive_use(port) == 0 ? set_raw(descriptor) : -1;
}

static enum mf_port_result finish_opening(struct mf_port *port)
{
    int error;

    if (set_up(port) == 0)
        return MF_PORT_OK;
    error = errno;
    mf_port_close(port);
    return refused(port, error);
}

static enum mf_port_result open_socket(struct mf_port *port, const char *path)
{
    port->channel.descriptor = mf_stream_connect(path, CONNECT_MS, port->channel.interrupt);
    return port->channel.descriptor < 0 ? refused(port, errno) : finish_opening(port);
}

/* libserialport knows the ports that /sys lists as hardware. It refuses some of them: ports whose
 * modem lines cannot be set, such as a modem's download port (the kernel's usb_wwan answers EINVAL
 * for a port without send_setup). Such a port stays open as it is. */
static void open_serial(struct mf_port *port, const char *path)
{
    struct sp_port *serial = NULL;

    port->is_hardware = sp_get_port_by_name(path, &serial) == SP_OK;
    if (!port->is_hardware)
        return;
    if (sp_open(serial, SP_MODE_READ_WRITE) != SP_OK) {
        sp_free_port(serial);
        return;
    }
    close(port->channel.descriptor);
    port->serial = serial;
    sp_get_port_handle(serial, &port->channel.descriptor);
}

/* Opens the port directly first: that gives the errno, and the port stays open when libserialport closes
 * it again, so no byte of the modem is lost. */
static enum mf_port_result open_terminal(struct mf_port *port, const char *path)
{
    port->channel.descriptor = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (port->channel.descriptor < 0)
        return refused(port, errno);
    if (is_used_exclusively(port->channel.descriptor)) {
        mf_port_close(port);
        return refused(port, EBUSY);
    }
    open_serial(port, path);
    return finish_opening(port);
}

enum mf_port_result mf_port_open(struct mf_port *port, const char *path)
{
    char resolved[PATH_MAX];
    struct stat status;

    if (realpath(path, resolved) == NULL || stat(resolved, &status) != 0)
        return refused(port, errno);
    if (S_ISSOCK(status.st_mode))
        return open_socket(port, resolved);
    if (S_ISCHR(status.st_mode))
        return open_terminal(port, resolved);
    return refused(port, ENOTTY);
}

enum mf_port_result mf_port_adopt(struct mf_port *port, int descriptor)
{
    port->channel.descriptor = descriptor;
    return finish_opening(port);
}

/* --- bytes -------------------------------------------------------------------------------- */

static bool means_gone(int error)
{
    return error == EIO || error == ENODEV || error == ENXIO || error == EPIPE ||
           error == ECONNRESET;
}

/* The result of a read or write that moved nothing; 0: wait and try again. */
static ssize_t explain(struct mf_port *port, ssize_t moved, bool hung_up)
{
    if (moved == 0)
        return MF_STREAM_CLOSED;
    if (errno == EINTR)
        return 0;
    if (errno == EAGAIN)
        return hung_up ? MF_STREAM_CLOSED : 0;
    if (means_gone(errno))
        return MF_STREAM_CLOSED;
    port->channel.error = errno;
    return MF_STREAM_FAILED;
}

/* Waits for `events`. Returns 0 or an mf_stream_result; sets whether there was only a hang-up. */
static ssize_t wait_for(struct mf_port *port, short events, int64_t deadline, bool *hung_up)
{
    struct pollfd wanted = {.fd = port->channel.descriptor, .events = events};
    int ready = mf_wait(&wanted, 1, deadline, port->channel.interrupt);

    if (ready == MF_STREAM_FAILED)
        port->channel.error = errno;
    *hung_up = ready > 0 && !(wanted.revents & events);
    return ready > 0 ? 0 : ready;
}

/* A read (in) or a write (out). */
struct movement {
    const uint8_t *out;
    uint8_t *in;
    size_t length;
    int timeout_ms;
};

/* MSG_NOSIGNAL: a closed socket is an error of this call, not a signal. */
static ssize_t attempt(const struct mf_port *port, const struct movement *movement)
{
    int descriptor = port->channel.descriptor;

    if (movement->in != NULL)
        return read(descriptor, movement->in, movement->length);
    if (port->is_socket)
        return send(descriptor, movement->out, movement->length, MSG_NOSIGNAL);
    return write(descriptor, movement->out, movement->length);
}

static ssize_t move(struct mf_port *port, const struct movement *movement)
{
    int64_t deadline = movement->timeout_ms > 0 ? mf_now_ms() + movement->timeout_ms : 0;
    bool hung_up = false;

    if (port->channel.descriptor < 0)
        return MF_STREAM_CLOSED;
    for (;;) {
        ssize_t result = attempt(port, movement);

        if (result > 0)
            return result;
        result = explain(port, result, hung_up);
        if (result == 0)
            result = wait_for(port, movement->in != NULL ? POLLIN : POLLOUT, deadline, &hung_up);
        if (result != 0)
            return result;
    }
}

static ssize_t port_read(struct mf_channel *self, uint8_t *out, size_t capacity, int timeout_ms)
{
    struct movement in = {.in = out, .length = capacity, .timeout_ms = timeout_ms};

    return move((struct mf_port *)self, &in);
}

static ssize_t port_write(struct mf_channel *self, const uint8_t *bytes, size_t length,
                          int timeout_ms)
{
    struct movement out = {.out = bytes, .length = length, .timeout_ms = timeout_ms};

    return move((struct mf_port *)self, &out);
}

static ssize_t port_send(struct mf_channel *self, const uint8_t *bytes, size_t length)
{
    struct mf_port *port = (struct mf_port *)self;
    ssize_t count;

    if (self->descriptor < 0)
        return MF_STREAM_CLOSED;
    count = mf_terminal_writer_write(port->writer, bytes, length, self->interrupt);
    if (count > 0)
        return count;
    count = explain(port, count, false);
    return count != 0 ? count : MF_STREAM_TIMEOUT;
}

void mf_port_init(struct mf_port *port)
{
    *port = (struct mf_port){
        .channel = {.read = port_read, .write = port_write, .descriptor = -1, .interrupt = -1}};
}

/* tcflush does not work on sockets, so bytes are read; from a port that never falls silent only a
 * bounded number of times. */
int mf_port_discard(struct mf_port *port)
{
    uint8_t dropped[DISCARDED_AT_ONCE];
    ssize_t count = 1;
    int rounds;

    for (rounds = 0; rounds < DISCARDED_AT_ONCE && count > 0; rounds++)
        count = port->channel.read(&port->channel, dropped, sizeof dropped, 0);
    return count == MF_STREAM_CLOSED ? MF_STREAM_CLOSED : 0;
}

/* --- closing ------------------------------------------------------------------------------ */

static bool still_pending(int descriptor)
{
    struct pollfd gone = {.fd = descriptor};
    int pending = 0;

    if (poll(&gone, 1, 0) != 0)
        return false;
    return ioctl(descriptor, TIOCOUTQ, &pending) == 0 && pending > 0;
}

/* In close(2) the kernel waits up to 30 s for a device that takes no more bytes, unless closing_wait
 * is set. */
static void give_up_output(int descriptor)
{
    struct serial_struct serial;

    if (ioctl(descriptor, TIOCGSERIAL, &serial) == 0) {
        serial.closing_wait = ASYNC_CLOSING_WAIT_NONE;
        (void)ioctl(descriptor, TIOCSSERIAL, &serial);
    }
    tcflush(descriptor, TCOFLUSH);
}

/* An interrupt does not shorten this wait: the last frame may be the reset of the modem. */
static void let_output_leave(int descriptor)
{
    int64_t deadline = mf_now_ms() + LINGER_MS;

    while (still_pending(descriptor)) {
        if (mf_now_ms() >= deadline) {
            give_up_output(descriptor);
            return;
        }
        mf_wait(NULL, 0, mf_now_ms() + LINGER_STEP_MS, -1);
    }
}

void mf_port_close(struct mf_port *port)
{
    int descriptor = port->channel.descriptor;

    if (descriptor < 0)
        return;
    if (!port->is_socket)
        let_output_leave(descriptor);
    if (port->is_exclusive)
        (void)ioctl(descriptor, TIOCNXCL);
    mf_terminal_writer_close(port->writer);
    port->writer = NULL;
    port->channel.send = NULL;
    port->channel.write_size = 0;
    port->channel.descriptor = -1;
    port->is_hardware = port->is_exclusive = false;
    if (port->serial == NULL) {
        close(descriptor);
        return;
    }
    sp_close(port->serial);
    sp_free_port(port->serial);
    port->serial = NULL;
}

// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* Ports over what Lua cannot set up: a pseudo terminal as the kernel makes it, sockets, a reader
 * that comes late. */
#include "check.h"
#include "driver/port.h"
#include "stream/wait.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static struct {
    int master, slave;
    char path[64];
} pty;

static void make_pty(void)
{
    pty.master = posix_openpt(O_RDWR | O_NOCTTY);
    CHECK(grantpt(pty.master) == 0 && unlockpt(pty.master) == 0);
    CHECK_EQUAL(ptsname_r(pty.master, pty.path, sizeof pty.path), 0);
    pty.slave = open(pty.path, O_RDWR | O_NOCTTY);
    CHECK(pty.slave >= 0);
}

static void drop_pty(void)
{
    close(pty.slave);
    close(pty.master);
}

static void open_port(struct mf_port *port)
{
    make_pty();
    mf_port_init(port);
    CHECK_EQUAL(mf_port_open(port, pty.path), MF_PORT_OK);
}

/* The kernel's own settings echo, translate line ends and take 0x11 and 0x13 for flow control. */
static void test_a_cooked_terminal_becomes_raw(void)
{
    struct termios settings;
    struct mf_port port;

    open_port(&port);
    CHECK_EQUAL(tcgetattr(pty.slave, &settings), 0);
    CHECK_EQUAL(settings.c_iflag & (IXON | IXOFF | ICRNL | INLCR | IGNCR | ISTRIP | BRKINT), 0);
    CHECK_EQUAL(settings.c_lflag & (ICANON | ECHO | ISIG | IEXTEN), 0);
    CHECK_EQUAL(settings.c_oflag & OPOST, 0);
    CHECK_EQUAL(settings.c_cflag & (CSIZE | PARENB | CSTOPB | CRTSCTS), CS8);
    CHECK_EQUAL(cfgetospeed(&settings), B115200);
    mf_port_close(&port);
    drop_pty();
}

static void test_flow_control_bytes_do_not_stop_the_output(void)
{
    struct mf_port port;
    uint8_t bytes[8];

    open_port(&port);
    CHECK_EQUAL(write(pty.master, "\x13", 1), 1);
    CHECK_EQUAL(port.channel.read(&port.channel, bytes, sizeof bytes, 1000), 1);
    CHECK_EQUAL(bytes[0], 0x13);
    CHECK_EQUAL(port.channel.write(&port.channel, (const uint8_t *)"x", 1, 1000), 1);
    CHECK_EQUAL(read(pty.master, bytes, sizeof bytes), 1);
    mf_port_close(&port);
    drop_pty();
}

static void test_what_was_written_survives_the_close(void)
{
    struct mf_port port;
    uint8_t bytes[8];

    open_port(&port);
    CHECK_EQUAL(port.channel.write(&port.channel, (const uint8_t *)"reset", 5, 1000), 5);
    mf_port_close(&port);
    mf_port_close(&port);
    CHECK_EQUAL(read(pty.master, bytes, sizeof bytes), 5);
    drop_pty();
}

static void test_an_interrupt_ends_a_wait_but_not_the_bytes(void)
{
    struct mf_port port;
    uint8_t bytes[8];
    int interrupt[2];

    open_port(&port);
    CHECK_EQUAL(pipe(interrupt), 0);
    CHECK_EQUAL(write(interrupt[1], "!", 1), 1);
    port.channel.interrupt = interrupt[0];
    CHECK(port.channel.read(&port.channel, bytes, sizeof bytes, 60000) == MF_STREAM_INTERRUPTED);
    CHECK_EQUAL(write(pty.master, "x", 1), 1);
    CHECK_EQUAL(port.channel.read(&port.channel, bytes, sizeof bytes, 60000), 1);
    close(interrupt[0]);
    close(interrupt[1]);
    mf_port_close(&port);
    drop_pty();
}

static void test_nothing_moves_through_a_closed_port(void)
{
    struct mf_port port;
    uint8_t byte = 0;

    mf_port_init(&port);
    CHECK(port.channel.read(&port.channel, &byte, 1, 1000) == MF_STREAM_CLOSED);
    CHECK(port.channel.write(&port.channel, &byte, 1, 1000) == MF_STREAM_CLOSED);
    CHECK(mf_port_discard(&port) == MF_STREAM_CLOSED);
    mf_port_close(&port);
}

static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);

    strcpy(address.sun_path, path);
    CHECK_EQUAL(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    CHECK_EQUAL(listen(listener, 1), 0);
    return listener;
}

/* Also for root, and the other program keeps what it has. */
static void test_a_terminal_that_is_taken_is_busy(void)
{
    struct termios before, after;
    struct mf_port port;
    int taken = 0;

    make_pty();
    if (ioctl(pty.slave, TIOCGEXCL, &taken) != 0) {
        printf("not tested: this kernel does not tell who has exclusive use\n");
        drop_pty();
        return;
    }
    CHECK_EQUAL(ioctl(pty.slave, TIOCEXCL), 0);
    CHECK_EQUAL(tcgetattr(pty.slave, &before), 0);
    mf_port_init(&port);
    CHECK_EQUAL(mf_port_open(&port, pty.path), MF_PORT_BUSY);
    CHECK_EQUAL(ioctl(pty.slave, TIOCGEXCL, &taken), 0);
    CHECK_EQUAL(taken, 1);
    CHECK_EQUAL(tcgetattr(pty.slave, &after), 0);
    CHECK_EQUAL(after.c_lflag, before.c_lflag);
    drop_pty();
}

/* The program must hear of the end as an error, not by a signal that kills it. */
static void test_a_socket_is_a_port(void)
{
    char folder[] = "/tmp/moonflash.XXXXXX", path[64];
    struct mf_port port;
    uint8_t bytes[8];
    int listener, peer;

    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/socket", folder);
    listener = listen_at(path);
    mf_port_init(&port);
    CHECK_EQUAL(mf_port_open(&port, path), MF_PORT_OK);
    peer = accept(listener, NULL, NULL);
    CHECK_EQUAL(port.channel.write(&port.channel, (const uint8_t *)"hello", 5, 1000), 5);
    CHECK_EQUAL(read(peer, bytes, sizeof bytes), 5);
    CHECK_EQUAL(write(peer, "you", 3), 3);
    CHECK_EQUAL(port.channel.read(&port.channel, bytes, sizeof bytes, 1000), 3);
    close(peer);
    CHECK(port.channel.read(&port.channel, bytes, sizeof bytes, 1000) == MF_STREAM_CLOSED);
    CHECK(port.channel.write(&port.channel, bytes, 1, 1000) == MF_STREAM_CLOSED);
    mf_port_close(&port);
    close(listener);
    CHECK_EQUAL(mf_port_open(&port, path), MF_PORT_NOT_FOUND);
    CHECK_EQUAL(port.channel.error, ECONNREFUSED);
    unlink(path);
    rmdir(folder);
}

/* Connects until the backlog of a listener is full; the connections are left open. */
static void fill_backlog(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int result;

    strcpy(address.sun_path, path);
    do {
        int client = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

        result = connect(client, (struct sockaddr *)&address, sizeof address);
        if (result != 0)
            close(client);
    } while (result == 0);
    CHECK_EQUAL(errno, EAGAIN);
}

static void test_a_socket_that_nobody_accepts_ends_the_wait(void)
{
    char folder[] = "/tmp/moonflash.XXXXXX", path[64];
    struct mf_port port;
    int listener, ends[2];
    int64_t begun;

    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/socket", folder);
    listener = listen_at(path);
    fill_backlog(path);
    mf_port_init(&port);
    begun = mf_now_ms();
    CHECK_EQUAL(mf_port_open(&port, path), MF_PORT_FAILED);
    CHECK_EQUAL(port.channel.error, ETIMEDOUT);
    CHECK(mf_now_ms() - begun >= 1000);
    CHECK_EQUAL(port.channel.descriptor, -1);
    CHECK_EQUAL(pipe(ends), 0);
    CHECK_EQUAL(write(ends[1], "x", 1), 1);
    port.channel.interrupt = ends[0];
    CHECK_EQUAL(mf_port_open(&port, path), MF_PORT_INTERRUPTED);
    port.channel.interrupt = -1;
    CHECK(accept(listener, NULL, NULL) >= 0);
    CHECK_EQUAL(mf_port_open(&port, path), MF_PORT_OK);
    mf_port_close(&port);
    close(listener);
    unlink(path);
    rmdir(folder);
}

static void test_what_is_no_port_is_refused_and_closed(void)
{
    struct mf_port port;
    int ends[2];

    CHECK_EQUAL(pipe(ends), 0);
    mf_port_init(&port);
    CHECK_EQUAL(mf_port_adopt(&port, ends[0]), MF_PORT_NOT_A_DEVICE);
    CHECK(fcntl(ends[0], F_GETFD) < 0);
    close(ends[1]);
}

/* --- sends, which block ------------------------------------------------------------------------ */

static uint8_t image[1 << 20]; /* more than any terminal holds */

/* Nothing reads the other end of the terminal. Returns what was taken before. */
static ssize_t fill(struct mf_port *port)
{
    ssize_t count = port->channel.send(&port->channel, image, sizeof image);

    CHECK(count > 0 && count < (ssize_t)sizeof image);
    return count;
}

static void test_a_send_that_gets_no_room_ends(void)
{
    struct mf_port port;
    ssize_t count;

    open_port(&port);
    do /* the kernel may make more room a moment later */
        count = port.channel.send(&port.channel, image, sizeof image);
    while (count > 0);
    CHECK(count == MF_STREAM_TIMEOUT);
    mf_port_close(&port);
    drop_pty();
}

static void test_a_send_after_one_that_was_ended_blocks_again(void)
{
    struct mf_port port;
    uint8_t bytes[4096];
    ssize_t taken, more;
    pid_t reader;
    int status;

    open_port(&port);
    taken = fill(&port);
    reader = fork();
    if (reader == 0) {
        for (size_t got = 0; got < sizeof image; got += (size_t)more)
            if ((more = read(pty.master, bytes, sizeof bytes)) <= 0)
                _exit(1);
        _exit(0);
    }
    while (taken < (ssize_t)sizeof image) {
        more = port.channel.send(&port.channel, image + taken, sizeof image - (size_t)taken);
        CHECK(more > 0 || more == MF_STREAM_TIMEOUT);
        taken += more > 0 ? more : 0;
    }
    CHECK_EQUAL(waitpid(reader, &status, 0), reader);
    CHECK_EQUAL(status, 0);
    mf_port_close(&port);
    drop_pty();
}

/* What has arrived can be read although the terminal takes nothing. */
static void test_bytes_that_arrive_and_an_interrupt_end_a_send(void)
{
    struct mf_port port;
    uint8_t answer[8];
    int interrupt[2];

    open_port(&port);
    CHECK_EQUAL(pipe(interrupt), 0);
    CHECK_EQUAL(write(pty.master, "no", 2), 2);
    fill(&port);
    CHECK_EQUAL(port.channel.read(&port.channel, answer, sizeof answer, 0), 2);
    CHECK_EQUAL(write(interrupt[1], "!", 1), 1);
    port.channel.interrupt = interrupt[0];
    CHECK(port.channel.send(&port.channel, image, sizeof image) < (ssize_t)sizeof image);
    CHECK(port.channel.read(&port.channel, answer, sizeof answer, 60000) == MF_STREAM_INTERRUPTED);
    port.channel.interrupt = -1;
    close(interrupt[0]);
    close(interrupt[1]);
    mf_port_close(&port);
    drop_pty();
}

static void test_a_send_ends_when_the_modem_leaves(void)
{
    struct mf_port port;

    open_port(&port);
    close(pty.slave);
    fill(&port);
    close(pty.master);
    CHECK(port.channel.send(&port.channel, image, sizeof image) == MF_STREAM_CLOSED);
    mf_port_close(&port);
    CHECK(port.channel.send == NULL);
}

static void test_a_socket_has_no_send(void)
{
    struct mf_port port;
    int ends[2];

    CHECK_EQUAL(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    mf_port_init(&port);
    CHECK_EQUAL(mf_port_adopt(&port, ends[0]), MF_PORT_OK);
    CHECK(port.channel.send == NULL);
    mf_port_close(&port);
    close(ends[1]);
}

/* --------------------------------------------------------------------------------------------- */

static void test_no_descriptor_is_left_open(void)
{
    struct mf_port port;
    int before = dup(0), after;

    close(before);
    for (int i = 0; i < 3; i++) {
        open_port(&port);
        fill(&port);
        mf_port_close(&port);
        drop_pty();
        CHECK_EQUAL(mf_port_open(&port, "/dev/null"), MF_PORT_NOT_A_DEVICE);
        CHECK_EQUAL(mf_port_open(&port, "/dev/no such port"), MF_PORT_NOT_FOUND);
    }
    after = dup(0);
    close(after);
    CHECK_EQUAL(after, before);
}

int main(void)
{
    test_a_cooked_terminal_becomes_raw();
    test_flow_control_bytes_do_not_stop_the_output();
    test_what_was_written_survives_the_close();
    test_an_interrupt_ends_a_wait_but_not_the_bytes();
    test_nothing_moves_through_a_closed_port();
    test_a_terminal_that_is_taken_is_busy();
    test_a_socket_is_a_port();
    test_a_socket_that_nobody_accepts_ends_the_wait();
    test_what_is_no_port_is_refused_and_closed();
    test_a_send_that_gets_no_room_ends();
    test_a_send_after_one_that_was_ended_blocks_again();
    test_bytes_that_arrive_and_an_interrupt_end_a_send();
    test_a_send_ends_when_the_modem_leaves();
    test_a_socket_has_no_send();
    test_no_descriptor_is_left_open();
    return check_result();
}

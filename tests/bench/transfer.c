/* What the transfer costs beside a plain loop that writes the same file to the same terminal.
 *
 *     bench_transfer [MEGABYTES]
 *
 * A child reads the other side of a pseudo terminal and answers as a loader does. Each row is one
 * size of write(2): wall and CPU time of both, and the ratios. */
#include "driver/transfer.h"

#include "driver/port.h"
#include "driver/wait.h"
#include "protocol/octets.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ONE_READ = 65536, ROUNDS = 3, GO_AHEAD = '!' };

struct cost {
    double wall, cpu; /* seconds */
};

static struct {
    int master;
    char path[64];
    uint32_t size;
    FILE *image;
} rig;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

/* --- the child: a loader that looks at nothing but lengths ---------------------------------- */

static void answer(const uint8_t *payload, size_t length)
{
    uint8_t frame[64];
    size_t frame_length = mf_hdlc_frame(frame, sizeof frame, payload, length);

    if (write(rig.master, frame, frame_length) != (ssize_t)frame_length)
        die("answer");
}

static void answer_command(uint8_t command)
{
    static const uint8_t opened[] = {0x26, 0, 0, 1, 0, 0, 0, 0}, done[] = {0x2a, 0, 0, 0, 0};
    uint8_t hello[49] = {0x02};

    if (command == 0x01)
        answer(hello, sizeof hello);
    else if (command == 0x25)
        answer(opened, sizeof opened);
    else if (command == 0x29)
        answer(done, sizeof done);
}

static void answer_write(uint16_t sequence)
{
    uint8_t payload[9] = {0x28};

    mf_put_u16le(payload + 1, sequence);
    answer(payload, sizeof payload);
}

/* Takes the command at `bytes`; returns its length, 0 when it is not complete. */
static size_t take_command(const uint8_t *bytes, size_t length, uint32_t *data_left)
{
    const uint8_t *end;

    if (bytes[0] == 0x27 && length >= 13) {
        *data_left = mf_get_u32le(bytes + 7);
        return 13;
    }
    end = length > 1 ? memchr(bytes + 1, MF_HDLC_FLAG, length - 1) : NULL;
    if (bytes[0] == 0x27 || end == NULL)
        return 0;
    answer_command(bytes[1]);
    return (size_t)(end - bytes) + 1;
}

static void serve(void)
{
    static uint8_t bytes[2 * ONE_READ];
    size_t have = 0, at;
    uint32_t data_left = 0;
    uint16_t sequence = 0;
    ssize_t count;

    while ((count = read(rig.master, bytes + have, ONE_READ)) > 0) {
        size_t step = 1;

        have += (size_t)count;
        for (at = 0; at < have && step > 0; at += step) {
            if (data_left == 0) {
                step = take_command(bytes + at, have - at, &data_left);
                continue;
            }
            step = have - at < data_left ? have - at : data_left;
            data_left -= (uint32_t)step;
            if (data_left == 0)
                answer_write(sequence++);
        }
        memmove(bytes, bytes + at, have - at);
        have -= at;
    }
}

static void drain(void)
{
    static uint8_t bytes[ONE_READ];
    uint32_t left = rig.size;
    uint8_t go_ahead = GO_AHEAD;
    ssize_t count;

    while (left > 0 && (count = read(rig.master, bytes, sizeof bytes)) > 0)
        left -= (uint32_t)count;
    if (write(rig.master, &go_ahead, 1) != 1)
        die("go ahead");
    while (read(rig.master, bytes, sizeof bytes) > 0)
        ; /* until the port is closed: a hang-up would take the answer away */
}

/* --- the two ways ---------------------------------------------------------------------------- */

static ssize_t file_read(struct mf_reader *self, uint8_t *out, size_t capacity, int timeout_ms)
{
    (void)self, (void)timeout_ms;
    return read(fileno(rig.image), out, capacity);
}

static void carry(struct mf_port *port, uint32_t write_size)
{
    static struct mf_qdl qdl;
    static uint8_t buffer[MF_TRANSFER_BUFFER(MF_QDL_CHUNK)];
    uint8_t head[MF_QDL_HEAD];
    struct mf_reader reader = {.read = file_read, .size = rig.size, .descriptor = -1};
    struct mf_transfer transfer = {.qdl = &qdl,
                                   .channel = &port->channel,
                                   .reader = &reader,
                                   .buffer = buffer,
                                   .chunk = MF_QDL_CHUNK,
                                   .write_size = write_size,
                                   .stall_ms = 10000,
                                   .source_ms = 10000,
                                   .interrupt = -1};

    mf_qdl_init(&qdl);
    if (read(fileno(rig.image), head, sizeof head) != sizeof head)
        die("head");
    mf_qdl_image(&qdl, MF_QDL_IMAGE_TYPE_CWE, head, rig.size, MF_QDL_CHUNK);
    if (mf_transfer_run(&transfer) != MF_TRANSFER_DONE)
        die("transfer");
}

static void write_all(int descriptor, const uint8_t *bytes, size_t length, uint32_t write_size)
{
    while (length > 0) {
        ssize_t count = write(descriptor, bytes, length < write_size ? length : write_size);

        if (count < 0)
            die("write");
        bytes += count;
        length -= (size_t)count;
    }
}

static void plainly(struct mf_port *port, uint32_t write_size)
{
    static uint8_t bytes[MF_QDL_CHUNK];
    int descriptor = port->channel.descriptor;
    ssize_t count;

    fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK);
    while ((count = read(fileno(rig.image), bytes, sizeof bytes)) > 0)
        write_all(descriptor, bytes, (size_t)count, write_size);
    if (read(descriptor, bytes, 1) != 1)
        die("go ahead");
}

/* --- measuring -------------------------------------------------------------------------------- */

static double cpu_seconds(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void open_rig(struct mf_port *port)
{
    rig.master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (rig.master < 0 || grantpt(rig.master) != 0 || unlockpt(rig.master) != 0 ||
        ptsname_r(rig.master, rig.path, sizeof rig.path) != 0)
        die("pty");
    mf_port_init(port);
    if (mf_port_open(port, rig.path) != MF_PORT_OK)
        die(rig.path);
    lseek(fileno(rig.image), 0, SEEK_SET);
}

static struct cost measure(void (*child)(void), void (*way)(struct mf_port *, uint32_t),
                           uint32_t write_size)
{
    struct mf_port port;
    struct cost cost;
    pid_t pid;

    open_rig(&port);
    pid = fork();
    if (pid == 0) {
        mf_port_close(&port);
        child();
        _exit(0);
    }
    close(rig.master);
    cost = (struct cost){(double)mf_now_ms() / 1e3, cpu_seconds()};
    way(&port, write_size);
    cost = (struct cost){(double)mf_now_ms() / 1e3 - cost.wall, cpu_seconds() - cost.cpu};
    mf_port_close(&port);
    waitpid(pid, NULL, 0);
    return cost;
}

/* The best of some rounds: what disturbs a measurement only ever makes it longer. */
static struct cost best(void (*child)(void), void (*way)(struct mf_port *, uint32_t),
                        uint32_t write_size)
{
    struct cost least = {1e9, 1e9};

    for (int round = 0; round < ROUNDS; round++) {
        struct cost cost = measure(child, way, write_size);

        least.wall = cost.wall < least.wall ? cost.wall : least.wall;
        least.cpu = cost.cpu < least.cpu ? cost.cpu : least.cpu;
    }
    return least;
}

static void make_image(uint32_t megabytes)
{
    uint8_t block[4096];

    rig.size = megabytes << 20;
    rig.image = tmpfile();
    if (rig.image == NULL)
        die("image");
    for (uint32_t i = 0; i < rig.size / sizeof block; i++) {
        memset(block, (int)i, sizeof block);
        if (fwrite(block, sizeof block, 1, rig.image) != 1)
            die("image");
    }
    fflush(rig.image);
}

int main(int argc, char **argv)
{
    static const uint32_t write_sizes[] = {512, 2048, 4096, 16384, 65536, 1 << 20};

    make_image(argc > 1 ? (uint32_t)atoi(argv[1]) : 64);
    printf("%10s %22s %22s %16s\n", "write size", "transfer wall, cpu s", "plain wall, cpu s",
           "ratio wall, cpu");
    for (size_t i = 0; i < sizeof write_sizes / sizeof *write_sizes; i++) {
        struct cost plain = best(drain, plainly, write_sizes[i]);
        struct cost ours = best(serve, carry, write_sizes[i]);

        printf("%10u %14.3f %7.3f %14.3f %7.3f %8.2f %7.2f\n", write_sizes[i], ours.wall, ours.cpu,
               plain.wall, plain.cpu, ours.wall / plain.wall, ours.cpu / plain.cpu);
    }
    fclose(rig.image);
    return 0;
}

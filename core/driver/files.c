// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

#include "driver/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST_READ = 4096 };

void mf_bytes_free(struct mf_bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct mf_bytes){0};
}

void mf_names_free(struct mf_names *names)
{
    for (int i = 0; i < names->count; i++)
        free(names->entries[i]);
    free(names->entries);
    *names = (struct mf_names){0};
}

/* --- whole files ---------------------------------------------------------------------------- */

static ssize_t read_some(int descriptor, char *out, size_t capacity)
{
    ssize_t count;

    do
        count = read(descriptor, out, capacity);
    while (count < 0 && errno == EINTR);
    return count;
}

static int resize(struct mf_bytes *bytes, size_t capacity)
{
    char *data = realloc(bytes->data, capacity);

    if (data == NULL)
        return ENOMEM;
    bytes->data = data;
    return 0;
}

static int read_all(int descriptor, size_t limit, struct mf_bytes *out)
{
    size_t capacity = 0;

    while (out->length < limit) {
        ssize_t count;

        if (out->length == capacity) {
            capacity = capacity == 0 ? FIRST_READ : capacity * 2;
            if (capacity > limit)
                capacity = limit;
            if (resize(out, capacity) != 0)
                return ENOMEM;
        }
        count = read_some(descriptor, out->data + out->length, capacity - out->length);
        if (count < 0)
            return errno;
        if (count == 0)
            return 0;
        out->length += (size_t)count;
    }
    return 0;
}

int mf_read_file(const char *path, size_t limit, struct mf_bytes *out)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    int error;

    if (descriptor < 0)
        return errno;
    error = read_all(descriptor, limit, out);
    close(descriptor);
    return error;
}

static int write_all(int descriptor, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t count = write(descriptor, bytes, length);

        if (count < 0 && errno != EINTR)
            return errno;
        if (count > 0) {
            bytes += count;
            length -= (size_t)count;
        }
    }
    return 0;
}

int mf_write_file(const char *path, const char *bytes, size_t length)
{
    int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    int descriptor = open(path, flags, 0644);
    int error;

    if (descriptor < 0)
        return errno;
    error = write_all(descriptor, bytes, length);
    /* some file systems (NFS, quotas) report only here that the bytes were not written */
    if (close(descriptor) != 0 && error == 0 && errno != EINTR)
        error = errno;
    return error;
}

/* --- folders -------------------------------------------------------------------------------- */

static int is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static int is_entry(const struct dirent *entry)
{
    return !is_dots(entry->d_name);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

int mf_list(const char *path, struct mf_names *out)
{
    int count = scandir(path, &out->entries, is_entry, by_name);

    if (count < 0)
        return errno;
    out->count = count;
    return 0;
}

static int make_one(const char *path)
{
    struct stat seen;

    if (mkdir(path, 0755) == 0)
        return 0;
    if (errno != EEXIST)
        return errno;
    if (stat(path, &seen) != 0)
        return errno;
    return S_ISDIR(seen.st_mode) ? 0 : ENOTDIR;
}

int mf_make_folder(const char *path)
{
    char part[PATH_MAX];
    size_t length = strlen(path);

    if (length == 0)
        return ENOENT;
    if (length >= sizeof part)
        return ENAMETOOLONG;
    for (size_t end = 1; end <= length; end++) {
        int error;

        if (path[end] != '/' && path[end] != '\0')
            continue;
        memcpy(part, path, end);
        part[end] = '\0';
        error = make_one(part);
        if (error != 0)
            return error;
    }
    return 0;
}

static int remove_at(int folder, const char *name);

// NOLINTNEXTLINE(misc-no-recursion): a descriptor a level, so they end before the stack does
static int empty_folder(int descriptor)
{
    DIR *folder = fdopendir(descriptor);
    const struct dirent *entry;
    int error = 0;

    if (folder == NULL) {
        error = errno;
        close(descriptor);
        return error;
    }
    while (error == 0 && (entry = readdir(folder)) != NULL)
        if (is_entry(entry))
            error = remove_at(descriptor, entry->d_name);
    closedir(folder);
    return error;
}

/* Works on descriptors, not on paths: a folder that is replaced by a link meanwhile is not entered. */
// NOLINTNEXTLINE(misc-no-recursion)
static int remove_at(int folder, const char *name)
{
    int descriptor, error;

    if (unlinkat(folder, name, 0) == 0)
        return 0;
    if (errno != EISDIR)
        return errno;
    descriptor = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (descriptor < 0)
        return errno;
    error = empty_folder(descriptor);
    if (error == 0 && unlinkat(folder, name, AT_REMOVEDIR) != 0)
        error = errno;
    return error;
}

int mf_remove_tree(const char *path)
{
    return remove_at(AT_FDCWD, path);
}

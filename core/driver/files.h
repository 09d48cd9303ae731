// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* Whole files and folders. All functions return 0 or an errno value. */
#ifndef MF_DRIVER_FILES_H
#define MF_DRIVER_FILES_H

#include <dirent.h>
#include <stddef.h>

/* Heap memory; the caller frees it with mf_bytes_free. All zero: empty. */
struct mf_bytes {
    char *data;
    size_t length;
};

struct mf_names {
    struct dirent **entries;
    int count;
};

void mf_bytes_free(struct mf_bytes *bytes);
void mf_names_free(struct mf_names *names);

/* Reads at most `limit` bytes of a file. Does not wait for a pipe. */
int mf_read_file(const char *path, size_t limit, struct mf_bytes *out);

/* Creates or replaces a file with exactly these bytes. */
int mf_write_file(const char *path, const char *bytes, size_t length);

/* Lists the names in a folder in byte order, without "." and "..". */
int mf_list(const char *path, struct mf_names *out);

/* Creates a folder and its parents; existing ones are no error. */
int mf_make_folder(const char *path);

/* Removes a file, a link, or a folder with its contents, without following a link. */
int mf_remove_tree(const char *path);

#endif

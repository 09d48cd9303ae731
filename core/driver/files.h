/* Files and folders: the loops around system calls that a binding should not hold. All functions
 * return 0 or an errno. Descriptors opened here are close-on-exec and closed again. */
#ifndef MF_DRIVER_FILES_H
#define MF_DRIVER_FILES_H

#include <dirent.h>
#include <stddef.h>

/* Heap memory of a call, freed by its owner with mf_bytes_free. All zero: empty. */
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

/* Gives at most `limit` bytes of a file; what is longer is cut off. Does not wait for a pipe. */
int mf_read_file(const char *path, size_t limit, struct mf_bytes *out);

/* Makes the file, or replaces its content, with exactly these bytes. */
int mf_write_file(const char *path, const char *bytes, size_t length);

/* The names in a folder in byte order, without "." and "..". */
int mf_list(const char *path, struct mf_names *out);

/* Makes a folder and those above it; one that is there already is well. */
int mf_make_folder(const char *path);

/* Removes a file, a link or a folder with all that is in it, without following a link. */
int mf_remove_tree(const char *path);

#endif

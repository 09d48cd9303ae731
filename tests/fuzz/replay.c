// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* Gives a fuzz target every file of a folder: its kept corpus, in the normal test run. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *input, size_t length);

enum { MOST = 1 << 20 };

static int replay(const char *folder, const char *name)
{
    static uint8_t bytes[MOST];
    char path[4096];
    FILE *file;
    size_t length;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "rb");
    if (file == NULL)
        return 0;
    length = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    LLVMFuzzerTestOneInput(bytes, length);
    return 1;
}

int main(int argc, char **argv)
{
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    struct dirent *entry;
    int count = 0;

    if (folder == NULL)
        return 1;
    if (LLVMFuzzerInitialize != NULL)
        LLVMFuzzerInitialize(&argc, &argv);
    while ((entry = readdir(folder)) != NULL)
        if (entry->d_name[0] != '.')
            count += replay(argv[1], entry->d_name);
    closedir(folder);
    printf("%d inputs\n", count);
    return count > 0 ? 0 : 1;
}

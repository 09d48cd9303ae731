#!/bin/sh
# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# Part of the .swu that make-swu makes. SWUpdate runs it before and after it writes the images to their folder.
images=@FOLDER@/moonflash-images

forget() {
    rm -rf "$images.before" "$images"
}

case $1 in
preinst)
    # $images.before is kept: after a power cut it still has the version to go back to.
    rm -rf "$images"
    mkdir -p "$images"
    ;;
postinst)
    if moonflash-deploy update "$images" && moonflash-deploy verify "$images"; then
        forget
        exit 0
    fi
    if moonflash-deploy rollback "$images"; then
        forget
    else
        echo "the images are kept; to try again: moonflash-deploy rollback $images" >&2
    fi
    exit 1
    ;;
esac

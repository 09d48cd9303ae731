#!/bin/sh
# Part of the .swu that make-swu makes: SWUpdate runs it before and after it puts the images into
# their folder.
images=@FOLDER@/moonflash-images

forget() {
    rm -rf "$images.before" "$images"
}

case $1 in
preinst)
    # What ran before an update that the power cut is still the way back when it is installed again.
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

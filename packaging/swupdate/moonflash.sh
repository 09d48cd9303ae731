#!/bin/sh
# Part of the .swu that make-swu makes: SWUpdate runs it before and after it puts the images into
# their folder.
images=@FOLDER@

case $1 in
preinst)
    rm -rf "$images" "$images.before"
    mkdir -p "$images"
    ;;
postinst)
    moonflash-deploy update "$images" && moonflash-deploy verify "$images"
    status=$?
    [ "$status" = 0 ] || moonflash-deploy rollback "$images"
    rm -rf "$images" "$images.before"
    exit "$status"
    ;;
esac

#!/bin/sh
# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# README's commands on a fresh Debian: sh tests/fresh.sh [bookworm|trixie] [PART...]
#   demo      sh tests/demo.sh
#   tests     sh tests/run.sh, and a second run
#   install   the commands of README's Install, each block in one go, and those of "Try it without a modem"
#   lean      the same, without the packages that others only recommend
#   blank     sh tests/run.sh in a folder whose path has a blank and a letter that is not in ASCII
# Without a suite it is bookworm, without parts all of them. Each part has a minimal root of its own: debootstrap's
# minbase and the files of HEAD, in a mount namespace. The commands are read from README.md.
#   KEEP=1    leaves the roots behind and says where
# The roots are unpacked from ~/.cache/moonflash-fresh/SUITE.tar, which is made anew after a week. The mirror is the
# one of this machine's apt. This needs the rights of root, and debootstrap, git and unshare.
# The exit status is 0 when all parts passed.
set -e
cd "$(dirname "$0")/.."
. tests/packages.sh

cache=${XDG_CACHE_HOME:-${HOME:-/var/tmp}/.cache}/moonflash-fresh
all_parts="demo tests install lean blank"

fail() {
    echo "fresh: $*" >&2
    exit 1
}

# --- README's commands -----------------------------------------------------------------------------

# readme_command BEGINNING: the indented line that begins so, without the remark after two blanks
readme_command() {
    awk -v beginning="$1" 'index($0, "    " beginning) == 1 { sub(/^ +/, ""); sub(/  .*/, ""); print; exit }' README.md |
        grep . || fail "README.md has no command: $1"
}

# The first indented block of README's Install.
readme_install() {
    awk '/^## / { here = $0 == "## Install"; next }
        here && /^    / { print substr($0, 5); seen = 1; next }
        here && seen { exit }' README.md | grep . || fail "README.md has no commands below Install"
}

# readme_block BEGINNING: the whole indented block with the line that begins so
readme_block() {
    awk -v beginning="$1" '
        /^    / { block = block substr($0, 5) "\n"; found = found || index($0, "    " beginning) == 1; next }
        found { exit }
        { block = "" }
        END { if (found) printf "%s", block }' README.md | grep . || fail "README.md has no block with: $1"
}

# --- roots -----------------------------------------------------------------------------------------

# The address of the Debian mirror that this machine's apt uses.
mirror() {
    # shellcheck disable=SC2016 # for apt-get to expand
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' 'Component: main' | head -n 1
}

make_archive() {
    from=$(mirror)
    [ -n "$from" ] || { apt-get update && from=$(mirror); }
    [ -n "$from" ] || fail "this machine's apt has no mirror of Debian"
    eval "$(apt-config shell http_proxy Acquire::http::Proxy)"
    [ -z "$http_proxy" ] || export http_proxy
    echo "fresh: making a root of $suite"
    new=$work/new
    debootstrap --variant=minbase "$suite" "$new" "$from" >"$work/debootstrap.log" 2>&1 || {
        grep -qi 'unknown key\|keyring' "$work/debootstrap.log" || { tail "$work/debootstrap.log" >&2 && exit 1; }
        echo "fresh: this machine's keyring has no key of $suite: its signature is not checked" >&2
        rm -rf "$new"
        debootstrap --no-check-gpg --variant=minbase "$suite" "$new" "$from" >"$work/debootstrap.log" 2>&1 ||
            { tail "$work/debootstrap.log" >&2 && exit 1; }
    }
    tar -C "$new" --one-file-system -cf "$archive.new" .
    mv "$archive.new" "$archive"
    rm -rf "$new"
}

# make_root PART: a new root, in $root, that asks no questions
make_root() {
    root=$work/$1
    mkdir "$root"
    tar -C "$root" -xf "$archive"
    cp /etc/resolv.conf /etc/hosts "$root/etc/"
    {
        echo 'APT::Get::Assume-Yes "true";'
        apt-config dump | grep -E '^Acquire::https?::Proxy' || true
        [ "$1" != lean ] || echo 'APT::Install-Recommends "false";'
    } >"$root/etc/apt/apt.conf.d/90fresh"
}

# in_root FOLDER: runs the commands of standard input in the root, in that folder below /root with the files of HEAD
in_root() {
    mkdir -p "$root/root/$1"
    [ -e "$root/root/$1/README.md" ] || git archive HEAD | tar -C "$root/root/$1" -x
    cat >"$root/root/commands"
    # shellcheck disable=SC2016 # for the inner shell to expand
    unshare --mount --pid --fork --kill-child sh -ec '
        mount --bind "$1" "$1" # a mount point, or programs in it may not make namespaces of their own
        mount -t proc proc "$1/proc"
        mount -t sysfs -o ro sysfs "$1/sys"
        mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts "$1/dev/pts"
        mkdir -p "$1/dev/shm"
        mount -t tmpfs tmpfs "$1/dev/shm"
        exec chroot "$1" env -i HOME=/root TERM=dumb \
            PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
            sh -c '\''cd "/root/$1" && exec sh -ex /root/commands'\'' sh "$2"
    ' sh "$root" "$1" </dev/null
}

# --- parts -----------------------------------------------------------------------------------------

part_demo() {
    readme_command "sh tests/demo.sh" | in_root moonflash
}

part_tests() {
    readme_command "sh tests/run.sh" | in_root moonflash || return 1
    echo "fresh: the second run"
    readme_command "sh tests/run.sh" | in_root moonflash
}

part_blank() {
    readme_command "sh tests/run.sh" | in_root "my projects é/moonflash"
}

# What an installed moonflash must be able to do.
check_installed() {
    cat <<'END'
[ ! -e build/tests ]
cd /
moonflash --version
moonflash devices
lua5.1 -e 'print(require("moonflash")._VERSION, #require("moonflash").models())'
lua5.1 -e 'require "moonflash.core.qmi" require "moonflash.core.archive" require "moonflash.core.usb"'
END
}

# try_modem FOLDER: README's blocks for a simulated modem, the one that simulates it beside the other
try_modem() {
    echo "cd /root/moonflash"
    echo "{ $(readme_block "build/moonflash simulate mc7455 --dir $1"); } >$1.ready &"
    echo "while [ ! -s $1.ready ]; do sleep 0.1; done"
    echo "set +e"
    readme_block "build/moonflash --root $1" || return 1
    echo "[ \$? = 0 ] || exit 1"
    echo "set -e"
}

part_install() {
    { readme_install && check_installed && try_modem /tmp/modem && try_modem /tmp/broken; } | in_root moonflash
}

part_lean() {
    part_install
}

# run_part PART: its root, its commands, and a line of the summary
run_part() {
    began=$(date +%s)
    echo "fresh: $suite $1"
    make_root "$1"
    outcome=passed
    "part_$1" || outcome=FAILED
    [ "$outcome" = passed ] || status=1
    summary="$summary
fresh: $suite $1: $outcome, $(($(date +%s) - began)) s"
    if [ -n "$KEEP" ]; then
        summary="$summary, in $root"
    else
        rm -rf --one-file-system "$root"
    fi
}

finish() {
    trap - EXIT
    [ -n "$KEEP" ] || rm -rf --one-file-system "$work"
}

suite=bookworm
case $1 in
bookworm | trixie)
    suite=$1
    shift
    ;;
esac
for part in "$@"; do
    case " $all_parts " in *" $part "*) ;; *) fail "there is no part $part; there are: $all_parts" ;; esac
done
[ "$(id -u)" = 0 ] || fail "this needs the rights of root"
install_packages debootstrap git util-linux

mkdir -p "$cache"
archive=$cache/$suite.tar
work=$(mktemp -d "${TMPDIR:-/var/tmp}/moonflash-fresh-XXXXXX")
trap finish EXIT
trap 'exit 130' INT TERM
[ -n "$(find "$archive" -mtime -7 2>/dev/null)" ] || make_archive
status=0
summary=
# shellcheck disable=SC2086 # a list of words
[ $# != 0 ] || set -- $all_parts
for part in "$@"; do run_part "$part"; done
echo "$summary"
exit $status

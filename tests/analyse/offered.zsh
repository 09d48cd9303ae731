# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# .zshrc of a shell that writes to the file OFFERED what zsh offers at the end of each line of LINES, the lines apart by
# a line "==", and ends. Its completion functions are in FUNCTIONS.
PS1=
fpath=($FUNCTIONS $fpath)
autoload -Uz compinit
compinit -u -D

# Instead of the builtin: writes the matches down. Calls that only compute something are left alone.
compadd() {
    local -a found
    local options=(${@[1,(i)--]})
    if [[ -z ${(M)options:#-[a-zA-Z]#[OAD]} ]]; then
        builtin compadd -A found "$@"
        [[ -z $found ]] || print -rl -- $IPREFIX${^found} >>$OFFERED
    fi
    builtin compadd "$@"
}

ls() {
    print -rl usb1 1-0:1.0 1-1 1-1.4 # places
}

zle-line-init() {
    local line
    for line in ${(f)LINES_TO_COMPLETE}; do
        BUFFER=$line CURSOR=$#line
        zle list-choices
        print -r '==' >>$OFFERED
    done
    exit
}
zle -N zle-line-init

#!/bin/sh
# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# strip_comments.sh FOLDER: empties every line of the Lua files below FOLDER that holds nothing but a comment.
# Lines keep their numbers, so errors still name the right one. Strings and long comments are not touched.
set -e

find "$1" -name '*.lua' | while IFS= read -r file; do
    awk '
    # Sets `ending` to what ends a string or long comment that is still open at the end of the line.
    function scan(rest, token) {
        while (rest != "") {
            if (ending != "" && !match(rest, ending)) return
            if (ending == "" && !match(rest, /--\[=*\[|\[=*\[|--|["\047]/)) return
            token = substr(rest, RSTART, RLENGTH)
            rest = substr(rest, RSTART + RLENGTH)
            if (ending != "") ending = ""
            else if (token == "--") return
            else if (token ~ /\[$/) { gsub(/[^=]/, "", token); ending = "\\]" token "\\]" }
            else ending = "^([^\\\\" token "]|\\\\.)*" token
        }
    }
    ending == "" && /^[ \t]*--/ && !/^[ \t]*--\[=*\[/ { print ""; next }
    { scan($0); print }' "$file" >"$file.stripped"
    cat "$file.stripped" >"$file" # keeps the mode
    rm "$file.stripped"
done

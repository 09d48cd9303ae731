#!/bin/sh
# pack.sh OUT FILE...: packs Lua files, named from here (moonflash/job.lua), into OUT/moonflash/library.gz
# and writes OUT/moonflash.lua, by which Lua finds them.
#
# library.gz is a row of gzip members, so `zcat` shows it. The first is the index: the files without .lua and
# their bytes, as they follow each other; where the next member begins, "-" and where that is, counted from the
# end of the index. The others hold the files without comments, indentation and most blanks; lines stay lines, so
# that errors name them.
set -e

MEMBER=170000 # bytes: two members. Measured: smaller ones add up to more, larger ones take longer to unpack

template=$(cd "$(dirname "$0")" && pwd)/moonflash.lua.in
out=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$out/moonflash"

size() {
    echo $(($(wc -c <"$1")))
}

# Without comments, indentation, and blanks beside , = { }, but for what stands in strings. Lines with strings of
# another kind than "..." keep their blanks.
strip() {
    awk 'function tighten(line, parts, count, i) {
            count = split(line, parts, "\"")
            line = ""
            for (i = 1; i <= count; i++) {
                if (i % 2) gsub(/ *, */, ",", parts[i])
                if (i % 2) gsub(/ *= */, "=", parts[i])
                if (i % 2) gsub(/[{] /, "{", parts[i])
                if (i % 2) gsub(/ [}]/, "}", parts[i])
                line = line (i > 1 ? "\"" : "") parts[i]
            }
            return line
        }
        !long { sub(/^ +/, ""); sub(/^--.*/, ""); sub(/ +-- [^"]*$/, "") }
        !long && !/\[\[/ && !/\\/ && !/\047/ { $0 = tighten($0) }
        /\[\[/ { long = 1 } /\]\]/ { long = 0 } { print }' "$1"
}

close_member() {
    gzip -9 -n -c "$work/member" >>"$work/members"
    skip=0
    : >"$work/member"
}

skip=0
: >"$work/member"
echo 'return [[' >"$work/index"
for file in "$@"; do
    strip "$file" >"$work/text"
    length=$(size "$work/text")
    if [ $((skip + length)) -gt $MEMBER ]; then
        close_member
        echo "- $(size "$work/members")" >>"$work/index"
    fi
    echo "${file%.lua} $length" >>"$work/index"
    cat "$work/text" >>"$work/member"
    skip=$((skip + length))
done
close_member
echo ']]' >>"$work/index"

gzip -9 -n -c "$work/index" >"$work/first"
sed -e "s/@INDEX_LENGTH@/$(size "$work/index")/" -e "s/@FIRST@/$(size "$work/first")/" "$template" >"$out/moonflash.lua"
cat "$work/first" "$work/members" >"$out/moonflash/library.gz"

# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# offered.fish COMPLETION LINE...: what fish offers at the end of each line, the lines apart by a line "==".
source $argv[1]
function ls
    printf '%s\n' usb1 1-0:1.0 1-1 1-1.4 # places
end
for line in $argv[2..-1]
    complete -C $line
    echo ==
end

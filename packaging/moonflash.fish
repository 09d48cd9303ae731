# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# Completion of moonflash for fish. tests/analyse/completion_spec.lua checks it in a real fish against the tables of
# commands and options.

# Folders of scripts: root's own, those of this installation, those of the source tree.
set -g __moonflash_folders /etc/moonflash/scripts \
    (status dirname)/../../moonflash/scripts (status dirname)/../scripts

# The words before the cursor without options and their values: the command and its arguments.
function __moonflash_words
    set -l takes_value -w --cdc-wdm -t --tty -d --vid-pid -s --busnum-devnum --place --serial --root \
        --storage-index --carrier --config-version --firmware-version --route --chunk-size --timeout-scale --model \
        --skip --transport -L --log --trace --dir --usb-port --images --time-scale --fault
    set -l words
    set -l is_value no
    set -l ended no
    for word in (commandline -opc)[2..-1]
        if test "$words[1]" = run -a (count $words) -ge 2 -o $ended = yes
            set -a words $word
        else if test $is_value = yes
            set is_value no
        else if test "$word" = --
            set ended yes
        else if contains -- "$word" $takes_value
            set is_value yes
        else if not string match -q -- '-?*' "$word"
            set -a words $word
        end
    end
    test -z "$words" || printf '%s\n' $words
end

# Whether the command is one of these; '' is none yet.
function __moonflash_command
    set -l words (__moonflash_words)
    contains -- "$words[1]" $argv
end

# Whether the cursor is behind the script of `run`, where all words belong to the script.
function __moonflash_in_script
    set -l words (__moonflash_words)
    test "$words[1]" = run -a (count $words) -ge 2
end

function __moonflash_first_argument
    test (count (__moonflash_words)) -eq 1
end

# Names of models: the files in the folders "models".
function __moonflash_models
    for path in $__moonflash_folders/models/*.lua
        string replace -r '.*/(.*)\.lua$' '$1' $path
    end
end

# Names of scripts, as `run` takes them.
function __moonflash_scripts
    for folder in $__moonflash_folders
        for path in $folder/*.lua $folder/*/*.lua
            string replace -- $folder/ '' $path | string replace -r '^models/' '' | string replace -r '\.lua$' ''
        end
    end
end

# Ports, unless another path is begun.
function __moonflash_nodes
    set -l begun (commandline -ct)
    string match -q '*/*' -- $begun || set begun /dev/
    __fish_complete_path $begun
end

# Interfaces and root hubs are no modems.
function __moonflash_places
    ls /sys/bus/usb/devices 2>/dev/null | string match -rv ':|^usb'
end

# Faults, as the program lists them; `name=` when a value follows.
function __moonflash_faults
    moonflash simulate list 2>/dev/null |
        string replace -rf '^([a-z][a-z0-9-]*)(=?)\S*\s+(\S.*)$' '$1$2\t$3'
end

complete -c moonflash -f

# Commands
complete -c moonflash -n "__moonflash_command ''" -a devices -d 'modems present: place, model, mode, ports, what is missing'
complete -c moonflash -n "__moonflash_command ''" -a status -d 'one modem: what it runs, prefers and stores, its state and what to do'
complete -c moonflash -n "__moonflash_command ''" -a inspect -d 'the records of each image, every checksum, whether they fit together'
complete -c moonflash -n "__moonflash_command ''" -a plan -d 'what update would do; changes nothing'
complete -c moonflash -n "__moonflash_command ''" -a update -d 'bring the modem to the firmware in FILE...'
complete -c moonflash -n "__moonflash_command ''" -a recover -d 'from any state back to a working modem'
complete -c moonflash -n "__moonflash_command ''" -a switch -d 'use images that the modem already stores'
complete -c moonflash -n "__moonflash_command ''" -a run -d 'run a script of your own'
complete -c moonflash -n "__moonflash_command ''" -a qmi -d 'one request by name or number, like `qmi dms 0x0023`'
complete -c moonflash -n "__moonflash_command ''" -a at -d 'AT commands on the modem\'s AT port, like `at ATI`'
complete -c moonflash -n "__moonflash_command ''" -a simulate -d 'simulated modems until interrupted; prints their root when ready'
complete -c moonflash -n "__moonflash_command ''" -a replay -d 'run a recorded session again, without its modem'
complete -c moonflash -n "__moonflash_command ''" -a test-script -d 'a script against the simulator and its faults'

# Arguments
complete -c moonflash -n '__moonflash_command inspect plan update recover replay run test-script' -F
complete -c moonflash -n '__moonflash_command run test-script; and __moonflash_first_argument' -a '(__moonflash_scripts)'
complete -c moonflash -n '__moonflash_command simulate' -a '(__moonflash_models) list'

# Which modem
complete -c moonflash -n 'not __moonflash_in_script' -s w -l cdc-wdm -x -a '(__moonflash_nodes)' -d 'the modem with this QMI or MBIM port'
complete -c moonflash -n 'not __moonflash_in_script' -s t -l tty -x -a '(__moonflash_nodes)' -d 'the modem with this serial port'
complete -c moonflash -n 'not __moonflash_in_script' -s d -l vid-pid -x -d 'the modem with these USB ids'
complete -c moonflash -n 'not __moonflash_in_script' -s s -l busnum-devnum -x -d 'the modem with this bus and device number'
complete -c moonflash -n 'not __moonflash_in_script' -l place -x -a '(__moonflash_places)' -d 'the modem at this USB port path, like 1-1.4'
complete -c moonflash -n 'not __moonflash_in_script' -l serial -x -d 'the modem with this serial number'
complete -c moonflash -n 'not __moonflash_in_script' -l root -x -a '(__fish_complete_directories)' -d 'look for /sys and /dev below DIR (also MOONFLASH_ROOT)'

# How to update
complete -c moonflash -n 'not __moonflash_in_script' -l force -d 'send the images even if the modem already stores or runs them'
complete -c moonflash -n 'not __moonflash_in_script' -l storage-index -x -d 'store the images in this slot'
complete -c moonflash -n 'not __moonflash_in_script' -l carrier -x -d 'the carrier, if the images do not name it'
complete -c moonflash -n 'not __moonflash_in_script' -l config-version -x -d 'the version of the settings, if the images do not name it'
complete -c moonflash -n 'not __moonflash_in_script' -l firmware-version -x -d 'the version of the firmware, if the images do not name it'
complete -c moonflash -n 'not __moonflash_in_script' -l route -x -a 'preference firmware-id boot-download boothold impref' -d 'how to enter download mode'
complete -c moonflash -n 'not __moonflash_in_script' -l chunk-size -x -d 'how much to send between two answers of the modem'
complete -c moonflash -n 'not __moonflash_in_script' -l timeout-scale -x -d 'wait X times as long as usual'
complete -c moonflash -n 'not __moonflash_in_script' -l model -r -F -a '(__moonflash_models)' -d 'treat the modem as this model, or as the model of a script: --model ./mine.lua'
complete -c moonflash -n 'not __moonflash_in_script' -l all -d 'update every modem that the selection and the images fit, one after the other'
complete -c moonflash -n 'not __moonflash_in_script' -l keep-services -d 'do not pause ModemManager and network interfaces'
complete -c moonflash -n 'not __moonflash_in_script' -l bind-driver -d 'give a serial driver the ids of the modem, if it does not know them'
complete -c moonflash -n 'not __moonflash_in_script' -l skip -x -a 'autosuspend driver holders hypervisor images memory node permission power session' -d 'continue in spite of this finding (may be repeated)'

# How to open the ports
complete -c moonflash -n 'not __moonflash_in_script' -l qmi -d 'speak QMI'
complete -c moonflash -n 'not __moonflash_in_script' -l mbim -d 'speak QMI inside MBIM'
complete -c moonflash -n 'not __moonflash_in_script' -s p -l proxy -d 'share the port with other programs'
complete -c moonflash -n 'not __moonflash_in_script' -l transport -x -a 'auto tty usb' -d 'reach serial ports by their driver, or over USB without one'

# What to print
complete -c moonflash -n 'not __moonflash_in_script' -l json -d 'print one JSON object per line; text for people goes to standard error'
complete -c moonflash -n 'not __moonflash_in_script' -s v -l verbose -d 'print more'
complete -c moonflash -n 'not __moonflash_in_script' -s q -l quiet -d 'print only results, warnings and errors'
complete -c moonflash -n 'not __moonflash_in_script' -s L -l log -r -F -d 'append everything, with times, to FILE'
complete -c moonflash -n 'not __moonflash_in_script' -l trace -r -F -d 'write all messages to and from the modem to FILE, without identifiers'
complete -c moonflash -n 'not __moonflash_in_script' -l no-progress -d 'do not show progress'
complete -c moonflash -n '__moonflash_command devices status' -l watch -d 'look again every 2 s, until Ctrl-C'
complete -c moonflash -n 'not __moonflash_in_script' -s h -l help -d 'show this help, or the help of a command'
complete -c moonflash -n 'not __moonflash_in_script' -l version -d 'show the version'

# Simulation
complete -c moonflash -n '__moonflash_command simulate' -l dir -x -a '(__fish_complete_directories)' -d 'where its sys, dev and uevent are made; a temporary folder if not given'
complete -c moonflash -n '__moonflash_command simulate' -l usb -d 'attach them to this computer as USB devices, by the kernel\'s vhci_hcd (root)'
complete -c moonflash -n '__moonflash_command simulate' -l usb-port -x -d 'serve them as USB devices on this TCP port, for `usbip attach` of any computer'
complete -c moonflash -n '__moonflash_command simulate' -l images -x -a '(__fish_complete_directories)' -d 'write small images for these modems to DIR (of --firmware-version, --carrier ...)'
complete -c moonflash -n '__moonflash_command replay simulate test-script' -l time-scale -x -d 'take X times as long as a real modem (replay, test-script: 0.01 if not given)'
complete -c moonflash -n '__moonflash_command simulate' -l fault -x -a '(__moonflash_faults)' -d 'show this fault (may be repeated); N:FAULT for the Nth modem alone'

#compdef moonflash
# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# Completion of moonflash for zsh, installed as _moonflash. tests/analyse/completion_spec.lua checks it in a real zsh
# against the tables of commands and options.

# Folders of scripts: root's own, those of this installation, those of the source tree.
_moonflash_here=${${(%):-%x}:A:h}
_moonflash_folders=(/etc/moonflash/scripts $_moonflash_here/../../moonflash/scripts $_moonflash_here/../scripts)

_moonflash_commands() {
    local -a commands=(
        'devices:modems present\: place, model, mode, ports, what is missing'
        'status:one modem\: what it runs, prefers and stores, its state and what to do'
        'inspect:the records of each image, every checksum, whether they fit together'
        'plan:what update would do; changes nothing'
        'update:bring the modem to the firmware in FILE...'
        'recover:from any state back to a working modem'
        'switch:use images that the modem already stores'
        'run:run a script of your own'
        'qmi:one request by name or number, like `qmi dms 0x0023`'
        'at:AT commands on the modem'\''s AT port, like `at ATI`'
        'simulate:simulated modems until interrupted; prints their root when ready'
        'replay:run a recorded session again, without its modem'
        'test-script:a script against the simulator and its faults'
    )
    _describe -t commands command commands
}

# Names of models: the files in the folders "models".
_moonflash_models() {
    compadd "$@" -- ${^_moonflash_folders}/models/*.lua(N:t:r)
}

_moonflash_models_and_files() {
    _alternative 'models:model:_moonflash_models' 'files:file:_files'
}

# _arguments gives a function the options of compadd, which _alternative does not take.
_moonflash_models_and_list() {
    _alternative 'models:model:_moonflash_models' 'list:list:(list)'
}

# Names of scripts, as `run` takes them.
_moonflash_script_names() {
    local folder
    local -a names
    for folder in $_moonflash_folders; do
        names=($folder/*.lua(N) $folder/*/*.lua(N))
        compadd "$@" -- ${${${names#$folder/}#models/}%.lua}
    done
}

_moonflash_scripts() {
    _alternative 'scripts:script:_moonflash_script_names' 'files:file:_files'
}

# Ports, unless another path is begun.
_moonflash_nodes() {
    if [[ $PREFIX == */* ]]; then _files; else _path_files -W /dev -P /dev/; fi
}

# Interfaces and root hubs are no modems.
_moonflash_places() {
    compadd "$@" -- ${${(f)"$(ls /sys/bus/usb/devices 2>/dev/null)"}:#(*:*|usb*)}
}

# Faults, as the program lists them; `name=` when a value follows.
_moonflash_faults() {
    local line
    local -a plain valued
    for line in ${(M)${(f)"$(moonflash simulate list 2>/dev/null)"}:#[a-z]*[a-z0-9=\]] ##*}; do
        line=${line%% *}
        case $line in
        *:) ;;
        *=*) valued+=(${line%%=*}=) ;;
        *) plain+=($line) ;;
        esac
    done
    compadd "$@" -- $plain
    compadd "$@" -S '' -- $valued
}

_moonflash() {
    local curcontext=$curcontext state line ret=1
    local -A opt_args
    local -a options simulation time_scale
    options=(
        # Which modem
        '(-w --cdc-wdm)'{-w+,--cdc-wdm=}'[the modem with this QMI or MBIM port]:path:_moonflash_nodes'
        '(-t --tty)'{-t+,--tty=}'[the modem with this serial port]:path:_moonflash_nodes'
        '(-d --vid-pid)'{-d+,--vid-pid=}'[the modem with these USB ids]:vid[\:pid]:'
        '(-s --busnum-devnum)'{-s+,--busnum-devnum=}'[the modem with this bus and device number]:[bus\:]dev:'
        '(--place)--place=[the modem at this USB port path, like 1-1.4]:place:_moonflash_places'
        '(--serial)--serial=[the modem with this serial number]:serial:'
        '(--root)--root=[look for /sys and /dev below DIR (also MOONFLASH_ROOT)]:dir:_directories'
        # How to update
        '(--force)--force[send the images even if the modem already stores or runs them]'
        '(--storage-index)--storage-index=[store the images in this slot]:n:'
        '(--carrier)--carrier=[the carrier, if the images do not name it]:name:'
        '(--config-version)--config-version=[the version of the settings, if the images do not name it]:version:'
        '(--firmware-version)--firmware-version=[the version of the firmware, if the images do not name it]:version:'
        '(--route)--route=[how to enter download mode]:route:(preference firmware-id boot-download boothold impref)'
        '(--chunk-size)--chunk-size=[how much to send between two answers of the modem]:bytes:'
        '(--timeout-scale)--timeout-scale=[wait X times as long as usual]:x:'
        '(--model)--model=[treat the modem as this model, or as the model of a script: --model ./mine.lua]:name:_moonflash_models_and_files'
        '(--all)--all[update every modem that the selection and the images fit, one after the other]'
        '(--keep-services)--keep-services[do not pause ModemManager and network interfaces]'
        '(--bind-driver)--bind-driver[give a serial driver the ids of the modem, if it does not know them]'
        '*--skip=[continue in spite of this finding (may be repeated)]:finding:(autosuspend driver holders hypervisor images memory node permission power session)'
        # How to open the ports
        '(--qmi)--qmi[speak QMI]'
        '(--mbim)--mbim[speak QMI inside MBIM]'
        '(-p --proxy)'{-p,--proxy}'[share the port with other programs]'
        '(--transport)--transport=[reach serial ports by their driver, or over USB without one]:transport:(auto tty usb)'
        # What to print
        '(--json)--json[print one JSON object per line; text for people goes to standard error]'
        '(-v --verbose)'{-v,--verbose}'[print more]'
        '(-q --quiet)'{-q,--quiet}'[print only results, warnings and errors]'
        '(-L --log)'{-L+,--log=}'[append everything, with times, to FILE]:file:_files'
        '(--trace)--trace=[write all messages to and from the modem to FILE, without identifiers]:file:_files'
        '(--no-progress)--no-progress[do not show progress]'
        '(-h --help)'{-h,--help}'[show this help, or the help of a command]'
        '(--version)--version[show the version]'
    )
    simulation=(
        '(--dir)--dir=[where its sys, dev and uevent are made; a temporary folder if not given]:dir:_directories'
        "(--usb --usb-port)--usb[attach them to this computer as USB devices, by the kernel's vhci_hcd (root)]"
        '(--usb-port --usb)--usb-port=[serve them as USB devices on this TCP port, for `usbip attach` of any computer]:port:'
        '(--images)--images=[write small images for these modems to DIR (of --firmware-version, --carrier ...)]:dir:_directories'
        '*--fault=[show this fault (may be repeated); N:FAULT for the Nth modem alone]:fault:_moonflash_faults'
    )
    time_scale=('(--time-scale)--time-scale=[take X times as long as a real modem (replay, test-script: 0.01 if not given)]:x:')

    _arguments -C -s -S -A '-*' $options '1:command:_moonflash_commands' '*:: :->arguments' && ret=0
    [[ $state == arguments ]] || return ret
    case $words[1] in
    inspect | plan | update | recover) _arguments -s -S $options '*:file:_files' ;;
    replay) _arguments -s -S $options $time_scale '*:file:_files' ;;
    run) _arguments -s -S -A '-*' $options '1:script:_moonflash_scripts' '*:argument:_files' ;;
    test-script)
        _arguments -s -S $options $time_scale '1:script:_moonflash_scripts' '*:file:_files'
        ;;
    simulate)
        _arguments -s -S $options $simulation $time_scale \
            '*:model:_moonflash_models_and_list'
        ;;
    devices | status) _arguments -s -S $options '(--watch)--watch[look again every 2 s, until Ctrl-C]' '*: :' ;;
    *) _arguments -s -S $options '*: :' ;;
    esac
}

_moonflash "$@"

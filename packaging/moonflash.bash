# Completion of moonflash for bash.
# shellcheck disable=SC2207,SC2010 # completions are words, and so are the names of USB places

_moonflash_commands="devices status inspect plan update recover switch run qmi at simulate replay test-script"
_moonflash_flags="--force --all --keep-services --bind-driver --qmi --mbim -p --proxy --json -v --verbose
    -q --quiet --no-progress -h --help --version"
_moonflash_values="-w --cdc-wdm -t --tty -d --vid-pid -s --busnum-devnum --place --serial --root --storage-index
    --carrier --config-version --firmware-version --route --chunk-size --timeout-scale --model --skip -L --log
    --trace"

# The command that was given already, if any; the value of an option is none.
_moonflash_command() {
    local at=1 word
    while [ "$at" -lt "$COMP_CWORD" ]; do
        word=${COMP_WORDS[at]}
        if [[ " $_moonflash_values " == *[[:space:]]"$word"[[:space:]]* ]]; then
            at=$((at + 1))
        elif [[ $word != -* ]]; then
            echo "$word"
            return
        fi
        at=$((at + 1))
    done
}

# Files (-f) or folders (-d), blanks in their names and all.
_moonflash_paths() {
    mapfile -t COMPREPLY < <(compgen "$1" -- "$2")
}

# The value of an option; false if what was typed before is none that takes one.
_moonflash_value() {
    case $1 in
    -w | --cdc-wdm | -t | --tty) _moonflash_paths -f "${2:-/dev/}" ;;
    --root | --dir | --images) _moonflash_paths -d "$2" ;;
    -L | --log | --trace) _moonflash_paths -f "$2" ;;
    --route) COMPREPLY=($(compgen -W "preference firmware-id boot-download boothold impref" -- "$2")) ;;
    --place)
        COMPREPLY=($(compgen -W "$(ls /sys/bus/usb/devices 2>/dev/null | grep -v :)" -- "$2"))
        ;;
    --model) COMPREPLY=($(compgen -W "mc7354 mc7455 em7305" -- "$2")) ;;
    --fault | --time-scale) COMPREPLY=() ;;
    *)
        [[ " $_moonflash_values " == *[[:space:]]"$1"[[:space:]]* ]] || return 1
        COMPREPLY=()
        ;;
    esac
    return 0
}

_moonflash() {
    local word=${COMP_WORDS[COMP_CWORD]} command more=
    _moonflash_value "${COMP_WORDS[COMP_CWORD - 1]}" "$word" && return
    command=$(_moonflash_command)
    case $command in
    simulate) more="--dir --images --time-scale --fault" ;;
    replay | test-script) more="--time-scale" ;;
    esac
    if [[ $word == -* ]]; then
        COMPREPLY=($(compgen -W "$_moonflash_flags $_moonflash_values $more" -- "$word"))
        return
    fi
    case $command in
    '') COMPREPLY=($(compgen -W "$_moonflash_commands" -- "$word")) ;;
    simulate) COMPREPLY=($(compgen -W "mc7354 mc7455 em7305 list" -- "$word")) ;;
    inspect | plan | update | recover | run | replay | test-script) _moonflash_paths -f "$word" ;;
    esac
}

complete -o filenames -F _moonflash moonflash

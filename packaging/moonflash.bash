# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# Completion of moonflash for bash. tests/packaging/documents_spec.lua checks the lists against the tables of
# commands and options.
# shellcheck disable=SC2207,SC2010 # completions are words without blanks, and so are the names of USB port paths

_moonflash_commands="devices status inspect plan update recover switch run qmi at simulate replay test-script"
_moonflash_flags="--force --all --keep-services --bind-driver --qmi --mbim -p --proxy --json -v --verbose
    -q --quiet --no-progress -h --help --version"
_moonflash_values="-w --cdc-wdm -t --tty -d --vid-pid -s --busnum-devnum --place --serial --root --storage-index
    --carrier --config-version --firmware-version --route --chunk-size --timeout-scale --model --skip
    --transport -L --log --trace"
_moonflash_more_values="--dir --usb-port --images --time-scale --fault"
_moonflash_routes="preference firmware-id boot-download boothold impref"
_moonflash_transports="auto tty usb"
_moonflash_findings="autosuspend driver holders hypervisor images memory node permission power session"

# Folders of scripts: root's own, those of this installation, those of the source tree.
_moonflash_here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
_moonflash_scripts=(/etc/moonflash/scripts "$_moonflash_here/../../moonflash/scripts" "$_moonflash_here/../scripts")

# The functions below that complete a text add to COMPREPLY. They use the variables of _moonflash: `words`,
# `command` ...

# Joins the words as they were typed, the one at the cursor last: bash also splits them at = and :.
_moonflash_join() {
    local rest=$COMP_LINE at blanks
    words=()
    for ((at = 0; at <= COMP_CWORD; at++)); do
        blanks=${rest%%[![:space:]]*}
        rest=${rest#"$blanks"}
        rest=${rest#"${COMP_WORDS[at]}"}
        if [[ $at -gt 0 && -z $blanks ]]; then
            words[-1]+=${COMP_WORDS[at]}
        else
            words+=("${COMP_WORDS[at]}")
        fi
    done
}

# The part of the word at the cursor that bash does not replace: up to its last = or :.
_moonflash_kept() {
    local word=${words[-1]} last=${COMP_WORDS[COMP_CWORD]}
    if [[ $last == *[!=:]* ]]; then
        echo "${word%"$last"}"
    else
        echo "$word"
    fi
}

_moonflash_takes_value() {
    [[ " $_moonflash_values $_moonflash_more_values " == *[[:space:]]"$1"[[:space:]]* ]]
}

_moonflash_is_script_given() {
    [[ $command == run && $given -gt 0 ]]
}

# Reads the words before the cursor: the command, the number of its arguments, the option whose value is at the
# cursor, and whether -- has ended the options.
_moonflash_look() {
    local at
    command='' given=0 option='' ended=''
    for ((at = 1; at < ${#words[@]} - 1; at++)); do
        if _moonflash_is_script_given; then
            return
        elif [[ -z $ended ]] && _moonflash_takes_value "${words[at]}"; then
            option=${words[at]}
            at=$((at + 1))
        elif [[ -z $ended && ${words[at]} == -?* ]]; then
            [[ ${words[at]} != -- ]] || ended=yes
        elif [[ -z $command ]]; then
            command=${words[at]}
        else
            given=$((given + 1))
        fi
        [[ $at -eq $((${#words[@]} - 1)) ]] || option=''
    done
}

# Files (-f) or folders (-d); their names may have blanks.
_moonflash_paths() {
    local found
    mapfile -t found < <(compgen "$1" -- "$2")
    COMPREPLY+=("${found[@]}")
}

_moonflash_words() {
    COMPREPLY+=($(compgen -W "$1" -- "$2"))
}

# Names of models: the files in the folders "models".
_moonflash_models() {
    local folder path name
    for folder in "${_moonflash_scripts[@]}"; do
        for path in "$folder"/models/*.lua; do
            name=${path##*/}
            name=${name%.lua}
            [[ ! -f $path || $name != "$1"* ]] || COMPREPLY+=("$name")
        done
    done
}

# Names of scripts, as `run` takes them.
_moonflash_script_names() {
    local folder path name
    for folder in "${_moonflash_scripts[@]}"; do
        for path in "$folder"/*.lua "$folder"/*/*.lua; do
            name=${path#"$folder/"}
            name=${name#models/}
            name=${name%.lua}
            [[ ! -f $path || $name != "$1"* ]] || COMPREPLY+=("$name")
        done
    done
}

# Faults, as the program lists them; `name=` when a value follows.
_moonflash_faults() {
    _moonflash_words "$(moonflash simulate list 2>/dev/null |
        awk '/^[a-z]/ && NF > 1 && $1 !~ /:$/ { sub(/=.*/, "=", $1); print $1 }')" "$1"
    compopt +o filenames 2>/dev/null # which would put a \ before =
    [[ ${COMPREPLY[0]} != *= ]] || compopt -o nospace 2>/dev/null
}

# The value of an option. Interfaces and root hubs are no modems.
_moonflash_value() {
    case $1 in
    -w | --cdc-wdm | -t | --tty) _moonflash_paths -f "${2:-/dev/}" ;;
    --root | --dir | --images) _moonflash_paths -d "$2" ;;
    -L | --log | --trace) _moonflash_paths -f "$2" ;;
    --route) _moonflash_words "$_moonflash_routes" "$2" ;;
    --transport) _moonflash_words "$_moonflash_transports" "$2" ;;
    --place) _moonflash_words "$(ls /sys/bus/usb/devices 2>/dev/null | grep -v -e : -e '^usb')" "$2" ;;
    --model)
        _moonflash_models "$2"
        _moonflash_paths -f "$2"
        ;;
    --skip) _moonflash_words "$_moonflash_findings" "$2" ;;
    --fault) _moonflash_faults "$2" ;;
    esac
}

_moonflash_option() {
    local more=
    case $command in
    simulate) more="--usb $_moonflash_more_values" ;;
    devices | status) more=--watch ;;
    replay | test-script) more="--time-scale" ;;
    esac
    _moonflash_words "$_moonflash_flags $_moonflash_values $more" "$1"
}

_moonflash_argument() {
    case $command in
    '') _moonflash_words "$_moonflash_commands" "$1" ;;
    simulate)
        _moonflash_models "$1"
        _moonflash_words list "$1"
        ;;
    run | test-script)
        [[ $given -gt 0 ]] || _moonflash_script_names "$1"
        _moonflash_paths -f "$1"
        ;;
    inspect | plan | update | recover | replay) _moonflash_paths -f "$1" ;;
    esac
}

_moonflash() {
    local words command given option ended word kept
    _moonflash_join
    _moonflash_look
    word=${words[-1]} kept=$(_moonflash_kept) COMPREPLY=()
    if _moonflash_is_script_given; then
        _moonflash_paths -f "$word"
    elif [[ -n $ended ]]; then
        _moonflash_argument "$word"
    elif [[ -n $option ]]; then
        _moonflash_value "$option" "$word"
    elif [[ $word == --*=* ]]; then
        _moonflash_value "${word%%=*}" "${word#*=}"
        COMPREPLY=("${COMPREPLY[@]/#/"${word%%=*}="}")
    elif [[ $word == -* ]]; then
        _moonflash_option "$word"
    else
        _moonflash_argument "$word"
    fi
    COMPREPLY=("${COMPREPLY[@]#"$kept"}")
}

complete -o filenames -F _moonflash moonflash

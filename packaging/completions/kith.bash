# Completion of kith and nanodns for bash. Commands, options, flags and settings are asked of the program
# itself, so they are those of the version that is run; only what it does not print stands here.

_kith_types="
    A A6 AAAA AFSDB AMTRELAY ANY APL ATMA AVC AXFR BRID CAA CDNSKEY CDS CERT CLA CNAME CSYNC DHCID
    DLV DNAME DNSKEY DOA DS DSYNC EID EUI48 EUI64 GPOS HHIT HINFO HIP HTTPS IPN IPSECKEY ISDN IXFR
    KEY KX L32 L64 LOC LP MB MD MF MG MINFO MR MX NAPTR NID NIMLOC NINFO NS NSAP NSAP-PTR NSEC
    NSEC3 NSEC3PARAM NULL NXT OPENPGPKEY PTR PX RESINFO RKEY RP RRSIG RT SIG SINK SMIMEA SOA SPF
    SRV SSHFP SVCB TA TALINK TLSA TXT URI WALLET WKS X25 ZONEMD"

# Commands below the words given, for example of `kith zone`: the first column under "Subcommands:".
_kith_commands() {
    "$@" --help 2>/dev/null | while IFS= read -r line; do
        case $line in
            Subcommands:) in_list=1 ;;
            "  "[a-z]*)
                [ -n "${in_list:-}" ] || continue
                line=${line:2}
                line=${line%%  *}
                printf '%s\n' "${line//,/}"
                ;;
        esac
    done
}

# Options of a command, one a line: "--port value" where it takes a value, "--json" where it does not.
# The program prints them as `  -p,--port UINT  text`; types of values are in capitals.
_kith_options() {
    "$@" --help 2>/dev/null | while read -r spelled kind _; do
        [[ $spelled == -* ]] || continue
        if [[ $kind =~ ^(TEXT|UINT|INT|FLOAT)(=.*)?$ ]]; then kind=" value"; else kind=""; fi
        IFS=, read -ra spellings <<<"$spelled"
        printf '%s\n' "${spellings[@]/%/$kind}"
    done
}

# Flags of `kith query`; what is wrong with an unknown one lists them.
_kith_flags() { "$1" query +? 2>&1 | grep -oE '[+][a-z]+=?' | sort -u; }

# Settings, out of the tables of `kith config doc`.
_kith_settings() { "$1" config doc 2>/dev/null | sed -n 's/^| `\([a-z_]*\)` |.*/\1/p' | sort -u; }

# The files whose names match a pattern, and folders.
_kith_files() {
    compopt -o filenames 2>/dev/null || true
    mapfile -t COMPREPLY < <({ compgen -d -- "$2"; compgen -f -X "!$1" -- "$2"; } | sort -u)
}

_kith_words() {
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then compopt -o nospace 2>/dev/null || true; fi
}

_kith() {
    COMPREPLY=()
    # Split at blanks only: readline also splits at the : and @ of addresses.
    local line=${COMP_LINE:0:COMP_POINT}
    local -a words
    read -ra words <<<"$line"
    local current=""
    if [[ $line != *[[:blank:]] ]]; then
        current=${words[-1]}
        unset 'words[-1]'
    fi
    [ "${#words[@]}" -gt 0 ] || return 0
    local program=${words[0]/#\~/$HOME}
    command -v -- "$program" >/dev/null || return 0

    # The command is one word or two; what follows it is counted without options and their values.
    local -a command=("$program")
    local options takes_value="" word plain=0
    local commands
    commands=$(_kith_commands "$program")
    options=$(_kith_options "$program")
    for word in "${words[@]:1}"; do
        if [ -n "$takes_value" ]; then
            takes_value=""
        elif [[ $word == -* ]]; then
            if grep -qxF -- "$word value" <<<"$options"; then takes_value=$word; fi
        elif [ -n "$commands" ]; then
            grep -qwF -- "$word" <<<"$commands" || return 0
            command+=("$word")
            commands=$(_kith_commands "${command[@]}")
            options=$(_kith_options "${command[@]}")
        elif [[ $word != [@+]* ]]; then
            plain=$((plain + 1))
        fi
    done
    local path="${command[*]:1}"

    if [ -n "$takes_value" ]; then
        case "$path $takes_value" in
            *" --log-level") _kith_words "trace debug info warn error off" "$current" ;;
            *" --backend") _kith_words "auto mdns avahi resolved unicast" "$current" ;;
            "key "*" --role" | "key "*" -r") _kith_words "csk ksk zsk host" "$current" ;;
            "key ds --digest" | "key ds -d") _kith_words "sha256 sha384 sha1" "$current" ;;
            "key export --format" | "key export -f") _kith_words "pem der bind" "$current" ;;
            "zone convert --to") _kith_words "zone relative json" "$current" ;;
            "zone sign --serial") _kith_words "keep increment unixtime date" "$current" ;;
            "transfer --key") ;; # the key itself
            *" --config" | *" -c") _kith_files '*.json' "$current" ;;
            *" --folder" | *" -K" | *" --state-directory" | "key "*" -d" | "journal "*" -d" | *" --hickory" | \
                *" --output" | *" -o" | *" --key" | *" --key-file" | *" -k" | "bench -f" | "bench --queries")
                _kith_files '*' "$current"
                ;;
        esac
        return 0
    fi
    if [[ $current == -* ]]; then
        _kith_words "${options// value/}" "$current"
    elif [[ $path == update && -z $(compgen -W "$commands" -- "$current") ]]; then
        _kith_files '*' "$current" # of commands, in place of an operation
    elif [ -n "$commands" ]; then
        _kith_words "$commands" "$current"
    elif [[ $path == query && $current == +* ]]; then
        _kith_words "$(_kith_flags "$program")" "$current"
    else
        case $path in
            query) [ "$plain" -eq 0 ] || _kith_words "$_kith_types IN CH" "${current^^}" ;;
            "config doc") [ "$plain" -gt 0 ] || _kith_words "$(_kith_settings "$program")" "$current" ;;
            serve | start | init | check) [ "$plain" -gt 0 ] || _kith_files '*.json' "$current" ;;
            "zone check" | "key list" | "key ds") _kith_files '*' "$current" ;;
            "zone diff") [ "$plain" -gt 1 ] || _kith_files '*' "$current" ;;
            "zone "* | "key import" | "key export") [ "$plain" -gt 0 ] || _kith_files '*' "$current" ;;
            mdns) [ "$plain" -ne 1 ] || _kith_words "$_kith_types" "${current^^}" ;;
        esac
    fi
    return 0
}

complete -F _kith kith nanodns

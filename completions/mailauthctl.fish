# fish completion of mailauthctl(8): asks the program what may stand at the cursor.
function __mailauthctl_complete
    set -l before (commandline -opc)
    set -l current (commandline -ct | string replace -r '^["\']' '')
    set -l program mailauthctl
    string match -q '*/mailauthctl' -- $before[1]; and set program $before[1]
    set -lx PATH $PATH /usr/local/sbin /usr/sbin
    set -l answer ($program __complete -- fish (count $before) $before "$current" </dev/null 2>/dev/null)
    set -l option (string match -r -- '^--[^=]*=' "$current")
    set -l path (string replace -- "$option" '' "$current")
    switch "$answer[1]"
        case ':files*'
            string replace -r -- '^' "$option" (__fish_complete_path "$path")
        case ':folders*'
            string replace -r -- '^' "$option" (__fish_complete_directories "$path" '')
        case '*'
            printf '%s\n' $answer[2..-1]
    end
end
complete -c mailauthctl -f -k -a '(__mailauthctl_complete)'

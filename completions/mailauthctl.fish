# fish completion of mailauthctl(8): asks the program what may stand at the cursor.
function __mailauthctl_complete
    set -l before (commandline -opc)
    set -l all (commandline -op)
    set -l current (commandline -oct)
    set -l at (count $before)
    set -q current[1]; or set current ''
    set -l behind $all[(math $at + 2)..-1]
    set -l program mailauthctl
    string match -q '*/mailauthctl' -- $before[1]; and set program $before[1]
    set -lx PATH $PATH /usr/local/sbin /usr/sbin
    set -l answer ($program __complete -- fish $at $before $current[1] $behind </dev/null 2>/dev/null)
    set -l option (string match -r -- '^--[^=]*=' $current[1])
    switch "$answer[1]"
        case ':files*'
            string replace -r '^' "$option" (__fish_complete_path (string replace -- "$option" '' $current[1]))
        case ':folders*'
            string replace -r '^' "$option" (__fish_complete_directories (string replace -- "$option" '' $current[1]) '')
        case '*'
            printf '%s\n' $answer[2..-1]
    end
end
complete -c mailauthctl -f -k -a '(__mailauthctl_complete)'

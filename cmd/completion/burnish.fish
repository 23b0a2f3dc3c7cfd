# fish completion for burnish; made by: burnish completion fish
function __burnish_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l found (burnish complete -- $words[2..-1] 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c burnish -f -a '(__burnish_complete)'

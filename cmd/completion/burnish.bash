# bash completion for burnish; made by: burnish completion bash
_burnish() {
	local IFS=$'\n' word=${COMP_WORDS[COMP_CWORD]} line=${COMP_LINE:0:COMP_POINT} found
	local -a words
	# The line is split at blanks alone, so that --flag=value stays one word.
	IFS=$' \t' read -ra words <<<"$line"
	case $line in *[[:blank:]]) words+=('') ;; esac
	found=$(burnish complete -- "${words[@]:1}" 2>/dev/null | cut -f1)
	COMPREPLY=($(compgen -W "$found" -- "${words[-1]}"))
	# bash replaces what follows the last "=" only.
	case ${words[-1]} in --*=*) COMPREPLY=("${COMPREPLY[@]#*=}") ;; esac
	if [ "${#COMPREPLY[@]}" -eq 0 ]; then
		compopt -o filenames
		[ "$word" != = ] || word=
		COMPREPLY=($(compgen -f -- "$word"))
	fi
}
complete -F _burnish burnish

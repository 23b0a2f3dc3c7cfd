#compdef burnish
# zsh completion for burnish; made by: burnish completion zsh
_burnish() {
	local line word
	local -a found
	for line in ${(f)"$(burnish complete -- "${(@Q)words[2,CURRENT]}" 2>/dev/null)"}; do
		word=${line%%$'\t'*}
		found+=("${word//:/\\:}:${line#*$'\t'}")
	done
	if (( ${#found} )); then
		_describe burnish found
	else
		_files
	fi
}
if [ "$funcstack[1]" = _burnish ]; then
	_burnish "$@"
else
	compdef _burnish burnish
fi

# bash completion of mailauthctl(8): asks the program what may stand at the cursor.
_mailauthctl() {
	local PATH=$PATH:/usr/local/sbin:/usr/sbin program=mailauthctl how
	[[ $1 != */mailauthctl ]] || program=$1
	COMPREPLY=()
	{
		IFS=$'\t' read -r how _
		mapfile -t COMPREPLY
	} < <("$program" __complete -- bash "${COMP_LINE:0:COMP_POINT}" \
		"${COMP_LINE:COMP_POINT}" "$COMP_WORDBREAKS" </dev/null 2>/dev/null)
	COMPREPLY=("${COMPREPLY[@]%%$'\t'*}")
	compopt -o nosort 2>/dev/null
	case $how in
	:open) compopt -o nospace ;;
	:files) compopt -o default ;;
	:folders) compopt -o dirnames ;;
	esac 2>/dev/null
}
complete -F _mailauthctl mailauthctl

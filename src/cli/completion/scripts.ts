/** @file The scripts by which shells ask crdguard what could be typed next; none of them knows a command or a flag. */

/** To be read by the shell at its start. */
export function completionScript(shell: "bash" | "zsh" | "fish"): string {
  return SCRIPTS[shell];
}

/** bash 3.2, as macOS has it, knows neither mapfile nor compopt. */
const BASH = `# crdguard completion for bash
_crdguard() {
  local answer directive line
  COMPREPLY=()
  answer=$("$1" __complete bash -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null) || return 0
  directive=\${answer##*:}
  while IFS= read -r line; do
    [[ $line == :* ]] || COMPREPLY+=("\${line%%$'\\t'*}")
  done <<<"$answer"
  if ((directive & 16)); then
    while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -d -- "$2")
    compopt -o filenames 2>/dev/null
  elif ! ((directive & 4)); then
    while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$2")
    compopt -o filenames 2>/dev/null
  fi
  if ((directive & 2)); then compopt -o nospace 2>/dev/null; fi
  return 0
}
complete -F _crdguard crdguard kubectl-crdguard
`;

const ZSH = `#compdef crdguard kubectl-crdguard
# crdguard completion for zsh
_crdguard() {
  local -a answer described rest
  local directive line value
  answer=("\${(@f)$("\${words[1]}" __complete zsh -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
  directive=\${answer[-1]#:}
  [[ $directive == <-> ]] || return 1
  for line in "\${(@)answer[1,-2]}"; do
    value=\${line%%$'\\t'*}
    described+=("\${value//:/\\\\:}:\${\${line#$value}#$'\\t'}")
  done
  ((directive & 2)) && rest=(-S '')
  local found=1
  ((\${#described})) && _describe -t crdguard crdguard described "\${rest[@]}" && found=0
  if ((directive & 16)) || ! ((directive & 4)); then
    [[ \${words[CURRENT]} == --*=* ]] && compset -P '*='
    if ((directive & 16)); then _files -/ && found=0; else _files && found=0; fi
  fi
  return found
}
if [[ \${funcstack[1]} == _crdguard ]]; then _crdguard "$@"; else compdef _crdguard crdguard kubectl-crdguard; fi
`;

const FISH = `# crdguard completion for fish
function __crdguard_complete
    set -l typed (commandline -opc)
    set -l current (commandline -ct)
    set -l program $typed[1]
    set -e typed[1]
    set -l answer ($program __complete fish -- $typed "$current" 2>/dev/null)
    test (count $answer) -gt 0; or return
    set -l directive (string replace ':' '' -- $answer[-1])
    set -e answer[-1]
    for line in $answer
        echo $line
    end
    set -l flag (string match -r -- '^--[^=]+=' "$current")
    set -l path (string replace -r -- '^--[^=]+=' '' "$current")
    if test (math "floor($directive / 16) % 2") -eq 1
        for found in (__fish_complete_directories "$path")
            echo "$flag$found"
        end
    else if test (math "floor($directive / 4) % 2") -eq 0
        for found in (__fish_complete_path "$path")
            echo "$flag$found"
        end
    end
end
complete -c crdguard -f -a '(__crdguard_complete)'
complete -c kubectl-crdguard -f -a '(__crdguard_complete)'
`;

const SCRIPTS = { bash: BASH, zsh: ZSH, fish: FISH } as const;

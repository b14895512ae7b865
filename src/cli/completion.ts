import { InvalidInputError } from '../errors.ts';

/** A command and its options, without the dashes. */
export interface Completable {
  readonly name: string;
  readonly options: readonly string[];
}

const SCRIPTS: Readonly<Record<string, (commands: readonly Completable[]) => string>> = { bash, zsh, fish };

export const HELP = `memory-manager completion bash | zsh | fish

Prints a script that completes commands and options in your shell.

  bash   source <(memory-manager completion bash), in ~/.bashrc
  zsh    source <(memory-manager completion zsh), in ~/.zshrc after compinit
  fish   memory-manager completion fish > ~/.config/fish/completions/memory-manager.fish`;

/** @throws InvalidInputError for another shell */
export function completionScript(shell: string, commands: readonly Completable[]): string {
  const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
  if (!script) throw new InvalidInputError(`completion supports ${Object.keys(SCRIPTS).join(', ')}, not "${shell}".`);
  return script(commands);
}

const names = (commands: readonly Completable[]): string => commands.map(({ name }) => name).join(' ');
const dashed = ({ options }: Completable): string => options.map((option) => `--${option}`).join(' ');
const cases = (commands: readonly Completable[], line: (command: Completable) => string): string =>
  commands.map((command) => `    ${command.name}) ${line(command)} ;;`).join('\n');

// Without a match bash and zsh fall back to files.
function bash(commands: readonly Completable[]): string {
  return `_memory_manager() {
  local found=""
  if [ "$COMP_CWORD" -eq 1 ]; then found="${names(commands)}"
  else case "\${COMP_WORDS[1]}" in
${cases(commands, (command) => `found="${dashed(command)}"`)}
  esac; fi
  COMPREPLY=($(compgen -W "$found" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _memory_manager memory-manager`;
}

function zsh(commands: readonly Completable[]): string {
  return `_memory_manager() {
  local -a found
  if (( CURRENT == 2 )); then found=(${names(commands)})
  else case "$words[2]" in
${cases(commands, (command) => `found=(${dashed(command)})`)}
  esac; fi
  if [[ CURRENT -eq 2 || "$PREFIX" == -* ]]; then compadd -- $found; else _files; fi
}
compdef _memory_manager memory-manager`;
}

function fish(commands: readonly Completable[]): string {
  const options = commands.flatMap(({ name, options }) =>
    options.map((option) => `complete -c memory-manager -n "__fish_seen_subcommand_from ${name}" -l ${option}`),
  );
  return [`complete -c memory-manager -n __fish_use_subcommand -f -a "${names(commands)}"`, ...options].join('\n');
}

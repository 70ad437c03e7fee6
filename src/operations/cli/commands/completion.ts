import type { Command } from 'commander';
import type { Tools } from '../program.js';

/** Beside those of the program: they are parsed by themselves. */
const ELSEWHERE: readonly (readonly [path: string, words: string])[] = [
  ['gleaner', 'key migrate'],
  ['gleaner key', 'create list revoke'],
];

export function completionCommand(program: Command, { terminal }: Tools): void {
  program
    .command('completion')
    .description('a script for bash, or for zsh after "autoload -U bashcompinit && bashcompinit"')
    .addHelpText('after', '\nExample:\n  source <(gleaner completion)')
    .action(() => terminal.out(completionScript(program)));
}

/** What can follow each command that has others below it, as a bash function. */
export function completionScript(program: Command): string {
  const words = new Map<string, string[]>(ELSEWHERE.map(([path, list]) => [path, list.split(' ')]));
  const collect = (command: Command, path: string): void => {
    const below = command.commands.map((child) => child.name());
    const options = command.options.map(({ long }) => long ?? '').filter(Boolean);
    words.set(path, [...(words.get(path) ?? []), ...below, ...options]);
    for (const child of command.commands) collect(child, `${path} ${child.name()}`);
  };
  collect(program, 'gleaner');
  const cases = [...words].map(([path, list]) => `    "${path}") words="${list.join(' ')} --help" ;;`);
  return `_gleaner() {
  local path="gleaner" word words
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) path="$path $word" ;; esac
  done
  case "$path" in
${cases.join('\n')}
    *) words="--json --help" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _gleaner gleaner
`;
}

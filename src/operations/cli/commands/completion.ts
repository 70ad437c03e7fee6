import { Argument, type Command } from 'commander';
import type { Tools } from '../tools.js';

export function completionCommand(program: Command, { terminal }: Tools): void {
  program
    .command('completion')
    .description('a script that makes a shell complete these commands')
    .addArgument(new Argument('[shell]', 'which one').choices(SHELLS).default('bash'))
    .addHelpText(
      'after',
      `
In ~/.bashrc:
  alias gleaner='npx gleaner'        # unless it is on the PATH
  source <(gleaner completion bash)`,
    )
    .action((shell: Shell) => terminal.out(SCRIPTS[shell](wordsOf(program))));
}

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

interface Words {
  /** What can follow each command. */
  readonly commands: ReadonlyMap<string, readonly string[]>;
  /** The values that options have; none where only people know them. */
  readonly values: ReadonlyMap<string, readonly string[]>;
}

/** The key is what stands before a word: the names of commands, and of the option whose value it is. */
function wordsOf(program: Command): Words {
  const commands = new Map<string, readonly string[]>();
  const values = new Map<string, readonly string[]>();
  const collect = (command: Command, path: string): void => {
    const below = command.commands.map((child) => child.name());
    const choices = command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []);
    const options = command.options.flatMap(({ long }) => long ?? []);
    commands.set(path, [...below, ...choices, ...options, '--help']);
    for (const { short, long, argChoices, required } of command.options)
      for (const name of [short, long]) if (name && required) values.set(`${path} ${name}`, argChoices ?? []);
    for (const child of command.commands)
      for (const name of [child.name(), ...child.aliases()]) collect(child, `${path} ${name}`);
  };
  collect(program, 'gleaner');
  return { commands, values };
}

const SCRIPTS: Readonly<Record<Shell, (words: Words) => string>> = {
  bash: (words) => `${offers(words)}
_gleaner() {
  COMPREPLY=($(compgen -W "$(_gleaner_offers "\${COMP_WORDS[@]:1:COMP_CWORD-1}")" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _gleaner gleaner
`,

  zsh: (words) => `#compdef gleaner
${offers(words)}
_gleaner() {
  compadd -- \${=$(_gleaner_offers "\${(@)words[2,CURRENT-1]}")}
}
if [ "$funcstack[1]" = _gleaner ]; then _gleaner "$@"; else compdef _gleaner gleaner; fi
`,

  fish: ({ commands, values }) => `function __gleaner_offers
  set -l at gleaner
  set -l last ''
  for word in (commandline -opc)[2..]
    switch "$at $word"
      case ${below(commands).join(' ')}
        set at "$at $word"
    end
    set last $word
  end
  switch "$at $last"
${known(values)
  .map(([keys, list]) => `    case ${keys.join(' ')}\n${split(list)}      return`)
  .join('\n')}
  end
  switch "$at"
${known(commands)
  .map(([keys, list]) => `    case ${keys.join(' ')}\n${split(list)}`)
  .join('\n')}
  end
end
complete -c gleaner -f -a '(__gleaner_offers)'
`,
};

/** What follows the words before the one that is completed, for shells of Bourne's family. */
const offers = ({ commands, values }: Words): string => `_gleaner_offers() {
  local at=gleaner last= word
  for word in "$@"; do
    case "$at $word" in
      ${below(commands).join('|')}) at="$at $word" ;;
    esac
    last="$word"
  done
  case "$at $last" in
${cases(values)}
    *)
      case "$at" in
${cases(commands)}
      esac ;;
  esac
}`;

const cases = (words: Words['commands']): string =>
  known(words)
    .map(([keys, list]) => `    ${keys.join('|')}) echo '${list}' ;;`)
    .join('\n');

const split = (list: string): string => (list === '' ? '' : `      string split -- ' ' '${list}'\n`);

/** What is offered in several places is said once. */
function known(words: Words['commands']): [keys: string[], list: string][] {
  const byList = Map.groupBy(words, ([, list]) => list.join(' '));
  return [...byList].map(([list, entries]) => [entries.map(([key]) => `'${key}'`), list]);
}

const below = (commands: Words['commands']): string[] =>
  [...commands.keys()].filter((key) => key !== 'gleaner').map((key) => `'${key}'`);

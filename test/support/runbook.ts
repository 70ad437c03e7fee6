import { readFileSync } from 'node:fs';

/**
 * The command lines of a page of docs/runbooks.
 * @param program only those of a program, without its name.
 */
export function commandsOf(page: string, program?: string): string[] {
  const text = readFileSync(`docs/runbooks/${page}`, 'utf8');
  const lines = [...text.matchAll(/```sh\n([^]*?)```/g)].flatMap(([, code = '']) =>
    code.split('\n').filter((line) => line !== ''),
  );
  if (program === undefined) return lines;
  return lines
    .filter((line) => `${line} `.startsWith(`${program} `))
    .map((line) => line.slice(program.length + 1));
}

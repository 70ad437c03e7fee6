/** One instruction of a Dockerfile, its continued lines joined. */
export interface Instruction {
  name: string;
  /** `--from=build` as `from: 'build'`, `--link` as `link: 'true'`. */
  flags: Readonly<Record<string, string>>;
  /** What follows the flags. */
  rest: string;
}

/** `FROM image AS name`, and what follows until the next one. */
export interface Stage {
  name: string;
  from: string;
  instructions: Instruction[];
}

/** Reads the part of the Dockerfile syntax that ours uses. @throws Error at what it does not understand. */
export function parseDockerfile(text: string): Stage[] {
  const stages: Stage[] = [];
  for (const line of logicalLines(text)) {
    const instruction = parseInstruction(line);
    if (instruction.name === 'FROM') {
      const [, from, name] =
        /^(\S+) AS (\S+)$/.exec(instruction.rest) ?? fail(line, 'expected FROM image AS name');
      stages.push({ from: from!, name: name!, instructions: [] });
    } else {
      (stages.at(-1) ?? fail(line, 'expected FROM first')).instructions.push(instruction);
    }
  }
  return stages;
}

/** The only instruction of this name in a stage. */
export function onlyInstruction(stage: Stage, name: string): Instruction {
  const [found, ...more] = stage.instructions.filter((instruction) => instruction.name === name);
  if (!found || more.length > 0) throw new Error(`expected one ${name} in the stage ${stage.name}`);
  return found;
}

/** `["node", "main.js"]` as an array; the shell form is refused, because a shell does not hand signals on. */
export function execForm(text: string): string[] {
  if (!text.startsWith('[')) throw new Error(`expected the exec form, ["program", "argument"], got: ${text}`);
  return JSON.parse(text) as string[];
}

/** The command of a HEALTHCHECK. */
export function healthCheckCommand({ rest }: Instruction): string[] {
  if (!rest.startsWith('CMD ')) throw new Error(`expected HEALTHCHECK CMD, got: ${rest}`);
  return execForm(rest.slice('CMD '.length).trim());
}

/** `A=1 B="two words"` as an object. */
export function pairs(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/([^\s=]+)=(?:"([^"]*)"|(\S*))/g)].map(([, name, quoted, bare]) => [
      name,
      quoted ?? bare ?? '',
    ]),
  );
}

function logicalLines(text: string): string[] {
  const lines = text.split('\n').filter((line) => !/^\s*(#|$)/.test(line));
  return lines
    .join('\n')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n');
}

function parseInstruction(line: string): Instruction {
  const [, name, flags, rest] =
    /^([A-Z]+)((?: +--\S+)*) +(.+)$/.exec(line) ?? fail(line, 'expected an instruction');
  return {
    name: name!,
    flags: Object.fromEntries(
      [...flags!.matchAll(/--([^\s=]+)(?:=(\S+))?/g)].map(([, key, value]) => [key, value ?? 'true']),
    ),
    rest: rest!.trim(),
  };
}

function fail(line: string, expected: string): never {
  throw new Error(`${expected}, got: ${line}`);
}

import type { Redis } from 'ioredis';

type Command = (keys: number, ...rest: (string | number)[]) => Promise<unknown>;

/** A Lua script that Redis knows by its hash after the first time: the text of these is longer than what they move. */
export class Script {
  /** @param name of the command that it becomes on a connection. */
  constructor(
    private readonly name: string,
    private readonly lua: string,
  ) {}

  async run(client: Redis, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    const commands = client as unknown as Record<string, Command>;
    if (!commands[this.name]) client.defineCommand(this.name, { lua: this.lua });
    return commands[this.name]?.(keys.length, ...keys, ...args);
  }
}

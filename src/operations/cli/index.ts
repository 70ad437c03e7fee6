export { UsageError } from './cli.errors.js';
export { CliModule } from './cli.module.js';
export { KEY_HELP, parseKeyCommand } from './keys/key-command.js';
export { KeyCommands } from './keys/key-commands.js';
export { runProgram } from './program.js';
export type { Services } from './services.js';
export type { Terminal } from './terminal.js';

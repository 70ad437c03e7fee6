export type { Applications } from './applications.js';
export { runProgram } from './program.js';
export { processTerminal } from './terminal.js';

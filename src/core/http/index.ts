export { createAdapter } from './adapter.js';
export { ApiProblems, noQuery } from './openapi.js';
export { keyTime, type Page, pageQuery, pageSchema, toPage } from './page.js';
export type { Principal } from './principal.js';
export { ProblemFilter } from './problem.filter.js';
export { text } from './text.js';
export { ValidationPipe } from './validation.pipe.js';

export { harmless, harmlessJson, harmlessLine } from './harmless.js';
export { shownJson } from './shown-json.js';
export { mayHoldSecrets, shownText } from './shown-text.js';

export { harmless, harmlessJson, harmlessLine } from './harmless.js';
export { isSecretName } from './secret-names.js';
export { shownJson } from './shown-json.js';
export { mayHoldSecrets, shownText } from './shown-text.js';

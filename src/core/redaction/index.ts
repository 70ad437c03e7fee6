export { shownJson } from './shown-json.js';
export { shownText } from './shown-text.js';

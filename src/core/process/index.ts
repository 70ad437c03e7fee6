export { instanceId, processId } from './instance.js';
export { version } from './version.js';

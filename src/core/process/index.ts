export { instanceId, processId } from './instance.js';

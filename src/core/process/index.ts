export { instanceId } from './instance.js';

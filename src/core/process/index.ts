export { EventLoopDelay } from './event-loop-delay.js';
export { instanceId, processId } from './instance.js';
export { version } from './version.js';

export { EventLoopDelay } from './event-loop-delay.js';
export { instanceId, processId } from './instance.js';
export { memoryUse } from './memory-use.js';
export { version } from './version.js';

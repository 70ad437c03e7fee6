export { type Change, CHANGE_KINDS } from './change.js';
export { ChangeFeed } from './change-feed.js';
export { ChangeLog } from './change-log.js';
export { ChangesModule } from './changes.module.js';
export { parsePlace, type Place, printPlace } from './place.js';

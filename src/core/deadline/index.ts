export { DeadlineError, withDeadline } from './deadline.js';

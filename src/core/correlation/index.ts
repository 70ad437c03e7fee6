export { correlate, type Correlation, correlation, fitId } from './correlation.js';

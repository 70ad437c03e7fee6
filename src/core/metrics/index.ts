export { BoundedLabel } from './bounded-label.js';
export { GaugeReading } from './gauge-reading.js';

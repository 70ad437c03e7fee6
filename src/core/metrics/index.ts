export { GaugeReading } from './gauge-reading.js';

export { type HealthProbe, Probe, type ProbeOptions } from './probe.js';

export { type Findings, type HealthProbe, Probe, type ProbeOptions } from './probe.js';

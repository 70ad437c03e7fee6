const FOR_MACHINES = /^\/(?:health|metrics)(?:[/?]|$)/;

/**
 * Whether a URL is for those that operate the process. Probes ask by the address of the pod, Prometheus by what it
 * discovered, neither through the proxy; and a probe must not fail because the database that knows the keys does.
 */
export function isForMachines(url: string): boolean {
  return FOR_MACHINES.test(url);
}

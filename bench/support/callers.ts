/** How often a second `operation` completes when so many callers do nothing but wait for it and call again. */
export async function callsPerSecond(
  operation: (caller: number) => Promise<unknown>,
  callers: number,
  durationMs: number,
): Promise<number> {
  const start = performance.now();
  const until = start + durationMs;
  let calls = 0;
  await Promise.all(
    Array.from({ length: callers }, async (_, caller) => {
      while (performance.now() < until) {
        await operation(caller);
        calls++;
      }
    }),
  );
  return calls / ((performance.now() - start) / 1000);
}

const planned = new Set<string>();

/** Runs once after the delay, however often it is asked for until then. */
export function later(name: string, delayMs: number, run: () => void): void {
  if (planned.has(name)) return;
  planned.add(name);
  setTimeout(() => {
    planned.delete(name);
    run();
  }, delayMs);
}

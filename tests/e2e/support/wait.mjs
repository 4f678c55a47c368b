const LOOK_EVERY_MS = 50;

/** Waits until `look` finds something, and says what it waited for when it does not. */
export async function within(deadlineMs, what, look, more = () => '') {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`not within ${deadlineMs} ms: ${what}\n${more()}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

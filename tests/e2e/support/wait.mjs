import assert from 'node:assert/strict';

const LOOK_EVERY_MS = 50;
/** What a test waits for at least, however busy the machine is. */
export const PATIENCE_MS = 10_000;

const pause = () => new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));

/** Waits until `look` finds something, and says what it waited for when it does not. */
export async function within(deadlineMs, what, look, more = () => '') {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`not within ${deadlineMs} ms: ${what}\n${more()}`);
    await pause();
  }
}

/**
 * Waits until `read` gives what is expected: a value, or a text that matches a
 * pattern. A page is never as far as the click that it answers; a failure
 * shows what was there last beside what was expected.
 */
export async function becomes(what, read, expected, deadlineMs = PATIENCE_MS) {
  const compare = expected instanceof RegExp ? assert.match : assert.deepEqual;
  const end = Date.now() + deadlineMs;
  for (;;) {
    const late = Date.now() > end;
    try {
      return compare(await read(), expected);
    } catch (error) {
      if (late) {
        error.message = `not within ${deadlineMs} ms: ${what}\n${error.message}`;
        throw error;
      }
    }
    await pause();
  }
}

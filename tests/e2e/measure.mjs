// Measures the budgets of docs/dashboard.md in a real browser over the real
// daemon with a thousand collectors, and prints a row for each. It is no
// test: on a busy machine frames are late for reasons of the machine.
import { beat, setUp } from './support/api.mjs';
import { launchBrowser, SIZES, watchedPage } from './support/browser.mjs';
import { Stage, startDaemon } from './support/programs.mjs';
import { seen, signIn } from './support/steps.mjs';

const ADMIN = { username: 'admin', password: 'correct horse battery staple' };
const COLLECTORS = 1000;
const BEATS_A_SECOND = 5;
const WATCHED_MS = 8000;
const HEAP_MINUTES = Number(process.env.HEAP_MINUTES ?? 2);

const stage = new Stage();
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Registers the fleet from one list, with a sign of life of each. */
async function makeFleet(daemon, admin) {
  const rows = Array.from({ length: COLLECTORS }, (_, n) => ({
    name: `db-${n}`,
    type: 'postgresql',
    environment: 'production',
    host: '127.0.0.1',
    port: 5432,
    database: 'app',
    username: 'watcher',
    password: 'a password for tests only',
    ssl_mode: 'disable',
  }));
  const { results } = await admin('POST', 'collectors/bulk-import', { collectors: rows });
  const fleet = results.map(({ collector_id: id, jwt_token }) => ({ id, jwt_token }));
  for (const collector of fleet) await beat(daemon, collector);
  return fleet;
}

/** Frame times and long tasks while something goes on. */
function watchFrames(page, scrolls) {
  return page.evaluate(
    async ({ forMs, scrolls }) => {
      const list = document.querySelector('[aria-label="Collectors list"]');
      const frames = [];
      const tasks = [];
      const observer = new PerformanceObserver((entries) => tasks.push(...entries.getEntries().map(({ duration }) => duration)));
      observer.observe({ type: 'longtask' });
      const begin = performance.now();
      let last = begin;
      await new Promise((resolve) => {
        const frame = (now) => {
          frames.push(now - last);
          last = now;
          if (scrolls) list.scrollTop = (list.scrollTop + 40) % (list.scrollHeight - list.clientHeight);
          if (now - begin < forMs) requestAnimationFrame(frame);
          else resolve();
        };
        requestAnimationFrame(frame);
      });
      observer.disconnect();
      frames.sort((a, b) => a - b);
      const worst = Math.max(0, ...tasks);
      return { p95: frames[Math.floor(frames.length * 0.95)], tasks: tasks.length, worst };
    },
    { forMs: WATCHED_MS, scrolls },
  );
}

function say(item, figure) {
  console.log(`| ${item} | ${figure} |`);
}

try {
  const daemon = await startDaemon(stage);
  const admin = await setUp(daemon, ADMIN);
  const fleet = await makeFleet(daemon, admin);
  const browser = await launchBrowser(stage);
  const context = await browser.newContext({ viewport: SIZES.desktop });
  const page = await watchedPage(context, daemon.url);
  await page.goto(`${daemon.url}/collectors`);
  await signIn(page, ADMIN);
  await seen(page.getByRole('table', { name: 'Collectors' }));

  const began = Date.now();
  await page.goto(`${daemon.url}/collectors`);
  await seen(page.getByRole('rowheader').first());
  const shown = Date.now() - began;
  const fcp = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0].startTime);
  say('first contentful paint, 1,000 collectors', `${(fcp / 1000).toFixed(2)} s`);
  say('table shown, 1,000 collectors', `${(shown / 1000).toFixed(2)} s`);
  say('DOM nodes', await page.evaluate(() => document.querySelectorAll('*').length));

  let next = 0;
  const beating = setInterval(() => {
    next = (next + 1) % fleet.length;
    void beat(daemon, fleet[next], { cpu_usage: next % 100 }).catch(() => {});
  }, 1000 / BEATS_A_SECOND);
  stage.atEnd(() => clearInterval(beating));
  for (const scrolls of [false, true]) {
    const { p95, tasks, worst } = await watchFrames(page, scrolls);
    say(
      `${BEATS_A_SECOND} updates/s, ${scrolls ? 'scrolling' : 'still'}`,
      `p95 ${p95.toFixed(1)} ms, ${tasks} long tasks, worst ${worst.toFixed(0)} ms`,
    );
  }

  const session = await context.newCDPSession(page);
  const heap = async () => {
    await session.send('HeapProfiler.collectGarbage');
    return (await session.send('Runtime.getHeapUsage')).usedSize;
  };
  const before = await heap();
  await pause(HEAP_MINUTES * 60_000);
  const grown = ((await heap()) - before) / 1024 / 1024;
  say(`heap growth in ${HEAP_MINUTES} min`, `${grown.toFixed(1)} MiB`);
  say('faults (exceptions, console errors, requests off origin)', page.faults.length);
} finally {
  await stage.close();
}

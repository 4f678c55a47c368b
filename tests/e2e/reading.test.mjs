// What is read of collectors: availability, statements, logs, charts, saved
// views, and what a role is kept from. Documents and lines are sent as an
// agent sends them.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { beat, pushDocuments, register, sendLogs, setUp } from './support/api.mjs';
import { accessible, launchBrowser, SIZES, violations, watchedPage } from './support/browser.mjs';
import { Stage, startDaemon } from './support/programs.mjs';
import { bears, gone, holds, loaded, number, query, says, seen, signIn, steps } from './support/steps.mjs';
import { becomes } from './support/wait.mjs';

const ADMIN = { username: 'admin', password: 'correct horse battery staple' };
const VIEWER = { username: 'vera', password: 'a long phrase to look with' };
const LINES = 240;

const stage = new Stage();
let daemon, admin, browser, context, page, collector;

before(async () => {
  daemon = await startDaemon(stage);
  admin = await setUp(daemon, ADMIN);
  await admin('POST', 'users', { ...VIEWER, role: 'viewer' });
  collector = await register(admin, 'orders');
  await register(admin, '=HYPERLINK("x")');
  await beat(daemon, collector, { network: { sent_bytes: 1000, received_bytes: 2000 }, collection_time_ms: 80, last_collection_count: 9 });
  await pushDocuments(daemon, collector, [statements(120, 1000, 5000), statements(60, 1010, 5030), statements(0, 4, 12)]);
  await sendLogs(
    daemon,
    collector,
    Array.from({ length: LINES }, (_, n) => line(n)),
  );
  browser = await launchBrowser(stage);
  context = await browser.newContext({ viewport: SIZES.desktop, colorScheme: 'light' });
  page = await watchedPage(context, daemon.url);
  await page.goto(daemon.url);
  await signIn(page, ADMIN);
  await seen(page.getByRole('heading', { name: 'Overview' }));
});

after(() => stage.close());

/** The counters of one statement, some seconds ago. */
function statements(secondsAgo, calls, totalMs) {
  const at = new Date(Date.now() - secondsAgo * 1000).toISOString();
  const query = { hash: -4048067952264041087n, text: 'SELECT *\n  FROM orders WHERE id = $1', calls, total_time: totalMs, rows: calls };
  return { type: 'pg_query_stats', timestamp: at, database: 'app', queries: [query] };
}

function line(n) {
  const level = n % 60 === 0 ? 'ERROR' : n % 2 === 0 ? 'INFO' : 'DEBUG';
  const message = level === 'ERROR' ? `cannot reach the server, Timeout ${n}` : `collected ${n} documents`;
  return { timestamp: new Date(Date.now() - (LINES - n) * 1000).toISOString(), level, message };
}

const test = steps(() => page);
const go = (path) => page.goto(daemon.url + path);
const tab = (name) => `/collectors/${collector.id}/${name}`;
const button = (name) => page.getByRole('button', { name, exact: true });
const figure = (name) => page.getByRole('figure', { name, exact: true });

test('availability is an image, a slider over days, and a table', async () => {
  await go(tab('overview'));
  await seen(page.getByRole('img', { name: /^Availability, last 90 days: / }));
  const day = page.getByRole('slider', { name: 'Day' });
  await day.focus();
  await page.keyboard.press('Home');
  await bears(day, 'aria-valuetext', /^\d{4}-\d\d-\d\d: no data$/);
  await figure('Availability').getByRole('button', { name: 'Show as table' }).click();
  await number(page.getByRole('table', { name: 'Availability' }).getByRole('row'), 91);
  for (const name of ['Connection', 'Performance', 'Collection statistics', 'Recent activity'])
    await seen(page.getByRole('region', { name }));
});

test('statements show how far their counters rose, over a reset too', async () => {
  await go(tab('queries'));
  const row = page.getByRole('table', { name: 'Top queries' }).getByRole('row').nth(1);
  await seen(row.getByText('SELECT * FROM orders WHERE id = $1'));
  // 10 calls, and 4 after the counters began again; 30 ms and 12 ms
  const cells = async () => (await row.getByRole('cell').allTextContents()).slice(0, 6);
  await becomes('the figures of the statement', cells, ['app', '14', '42 ms', '3 ms', '14', '100%']);
  await seen(page.getByText('The counters were reset within this range.'));
  await row.getByRole('button').click();
  const dialog = page.getByRole('dialog', { name: 'Query' });
  await seen(dialog.getByRole('region', { name: 'Query text' }));
  await accessible(page);
  await page.keyboard.press('Escape');
  await page.getByRole('searchbox', { name: 'Search queries' }).fill('nothing like it');
  await seen(page.getByRole('heading', { name: 'No queries match this search' }));
});

test('the log is a window onto lines that are counted whole, and follows its end', async () => {
  await go(tab('logs'));
  const status = page.getByRole('status').filter({ hasText: 'entries' });
  await seen(status.filter({ hasText: `Showing ${LINES} of ${LINES} entries` }));
  await seen(page.getByText(`collected ${LINES - 1} documents`));
  await becomes('that few lines are in the document', async () => (await page.getByRole('row').count()) < LINES, true);
  await sendLogs(daemon, collector, [{ timestamp: new Date().toISOString(), level: 'WARNING', message: 'one more line' }]);
  await seen(page.getByText('one more line'));
  await page.getByRole('region', { name: 'Logs' }).hover();
  await page.mouse.wheel(0, -2000);
  const follows = () => page.getByRole('switch', { name: 'Follow' }).isChecked();
  await becomes('that it follows after scrolling up', follows, false);
  await sendLogs(daemon, collector, [{ timestamp: new Date().toISOString(), level: 'INFO', message: 'the newest line' }]);
  await seen(button('1 new entry'));
  await button('Jump to latest').click();
  await seen(page.getByText('the newest line'));
  await becomes('that it follows', follows, true);
});

test('levels, search and hits are worked with, and are the URL', async () => {
  await page.getByRole('checkbox', { name: 'Error 4' }).check();
  await seen(page.getByRole('status').filter({ hasText: `Showing 4 of ${LINES + 2} entries` }));
  await page.getByRole('searchbox', { name: 'Search logs' }).fill('timeout');
  const hits = page.locator('mark');
  await number(hits, 4);
  const current = () => page.evaluate(() => [...document.querySelectorAll('mark')].findIndex((mark) => mark.ariaCurrent === 'true'));
  await becomes('the current match', current, 0);
  await button('Next match').click();
  await becomes('the current match', current, 1);
  await button('Previous match').click();
  await button('Previous match').click();
  await becomes('the current match', current, 3);
  await accessible(page);
  await query(page, '?level=ERROR&q=timeout');
  const [download] = await Promise.all([page.waitForEvent('download'), button('Export').click()]);
  assert.equal(download.suggestedFilename(), 'logs.csv');
});

test('the log of the database stands beside that of its agent, and grows by itself', async () => {
  const logged = (level, message) => {
    const timestamp = new Date().toISOString();
    return pushDocuments(daemon, collector, [{ type: 'pg_log', timestamp, database: 'app', entries: [{ timestamp, level, message }] }]);
  };
  await logged('LOG', 'checkpoint starting');
  await logged('FATAL', 'too many clients');
  await go(tab('logs'));
  await page.getByRole('combobox', { name: 'Log of' }).selectOption('Database');
  await seen(page.getByRole('status').filter({ hasText: 'Showing 2 of 2 entries' }));
  await page.getByRole('checkbox', { name: 'Error 1' }).check();
  await query(page, '?source=database&level=ERROR');
  await seen(page.getByText('FATAL: too many clients'));
  await gone(page.getByText('checkpoint starting'));
  await logged('ERROR', 'duplicate key');
  await seen(page.getByText('duplicate key'), 30_000);
  await accessible(page);
});

test('one cursor moves in all charts, and a range is chosen, widened and left', async () => {
  await go(tab('metrics'));
  const sliders = page.getByRole('slider', { name: 'Cursor' });
  await seen(figure('CPU usage').getByRole('slider', { name: 'Cursor' }));
  await figure('CPU usage').getByRole('slider').focus();
  await page.keyboard.press('Home');
  const times = () => sliders.evaluateAll((all) => new Set(all.map((each) => each.getAttribute('aria-valuetext').slice(0, 19))).size);
  await becomes('the number of times at the cursors', times, 1);
  await figure('CPU usage').getByRole('button', { name: 'Show as table' }).click();
  await seen(page.getByRole('table', { name: 'CPU usage' }));
  await button('Zoom out').click();
  await query(page, /from=.+&to=/);
  await button('Reset zoom').click();
  await query(page, '');
});

test('the fleet has charts of what its agents say', async () => {
  await go('/');
  await seen(figure('Collectors by status').getByRole('slider', { name: 'Cursor' }), 60_000);
  for (const name of ['CPU usage', 'Memory usage', 'Collection time', 'Queries per collection']) {
    await seen(figure(name).getByRole('slider', { name: 'Cursor' }), 60_000);
  }
  await seen(page.getByRole('region', { name: 'Needs attention' }));
});

test('a view is kept under a name', async () => {
  await go('/collectors?status=pending&sort=status&dir=asc');
  await button('Save view').click();
  await page.getByRole('dialog', { name: 'Save view' }).getByRole('textbox', { name: 'Name' }).fill('Waiting');
  await page.getByRole('dialog').getByRole('button', { name: 'Save view' }).click();
  await gone(page.getByRole('dialog'));
  await go('/collectors');
  await button('Saved views').click();
  await page.getByRole('menuitemradio', { name: 'Waiting' }).click();
  await query(page, '?status=pending&sort=status&dir=asc');
});

test('an exported name can run nothing in a spreadsheet', async () => {
  await button('Export').click();
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: 'Export CSV' }).click()]);
  let text = '';
  for await (const piece of await download.createReadStream()) text += piece;
  assert.ok(text.includes(`"'=HYPERLINK(""x"")"`), text);
});

test('a registration secret is shown once', async () => {
  await go('/settings/system');
  await button('Add registration secret').click();
  const dialog = page.getByRole('dialog', { name: 'Add registration secret' });
  await dialog.getByRole('textbox', { name: 'Name' }).fill('rack 7');
  await dialog.getByRole('button', { name: 'Add registration secret' }).click();
  const made = page.getByRole('dialog', { name: 'Registration secret rack 7' });
  await holds(made.getByRole('textbox', { name: 'Secret' }), /^.{21,}$/);
  const secret = await made.getByRole('textbox', { name: 'Secret' }).inputValue();
  await accessible(page);
  await page.keyboard.press('Escape');
  await seen(page.getByRole('table', { name: 'Registration secrets' }).getByRole('row').filter({ hasText: 'rack 7' }));
  await becomes('that the secret is still on the page', async () => (await page.content()).includes(secret), false);
});

test('an API token is shown once, signs in until it is revoked, and asks in PromQL', async () => {
  await go('/settings/preferences');
  await button('Add API token').click();
  const dialog = page.getByRole('dialog', { name: 'Add API token' });
  await dialog.getByRole('textbox', { name: 'Name' }).fill('grafana');
  await dialog.getByRole('button', { name: 'Add API token' }).click();
  const made = page.getByRole('dialog', { name: 'API token grafana' });
  await holds(made.getByRole('textbox', { name: 'Token' }), /^.{21,}$/);
  const token = await made.getByRole('textbox', { name: 'Token' }).inputValue();
  await accessible(page);
  await page.keyboard.press('Escape');
  await seen(page.getByRole('table', { name: 'API tokens' }).getByRole('row').filter({ hasText: 'viewer' }));
  await becomes('that the token is still on the page', async () => (await page.content()).includes(token), false);
  const asked = () =>
    fetch(new URL('/prometheus/api/v1/query?query=1%2B1&time=4', page.url()), {
      headers: { Authorization: `Basic ${Buffer.from(`any:${token}`).toString('base64')}` },
    });
  assert.deepEqual((await (await asked()).json()).data.result, [4, '2']);
  await button('Revoke API token grafana').click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke API token' }).click();
  await seen(page.getByText('No API tokens'));
  await becomes('the answer to a revoked token', async () => (await asked()).status, 401);
});

test('these pages are accessible and fit, in both themes and sizes', async () => {
  const problems = [];
  for (const theme of ['light', 'dark']) {
    for (const [size, viewport] of Object.entries({ ...SIZES, narrow: { width: 320, height: 700 } })) {
      await page.emulateMedia({ colorScheme: theme });
      await page.setViewportSize(viewport);
      for (const path of ['/', '/collectors', tab('overview'), tab('queries'), tab('logs'), '/settings/system', '/settings/preferences']) {
        await go(path);
        await loaded(page);
        for (const violation of await violations(page)) problems.push(`${path} ${size} ${theme}: ${violation}`);
        const sideways = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
        if (sideways) problems.push(`${path} ${size} ${theme}: scrolls sideways`);
      }
    }
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(SIZES.desktop);
  assert.deepEqual(problems, []);
});

test('a failure names its request and is tried again', async () => {
  const path = '**/api/v1/collectors/*/logs**';
  const problem = { status: 503, detail: 'the disk does not answer', code: 'unavailable', request_id: 'req_77' };
  await page.route(path, (route) => route.fulfill({ status: 403, contentType: 'application/problem+json', json: problem }));
  await go(tab('logs'));
  await says(page.getByRole('alert').filter({ hasText: /^Could not load/ }), /req_77/);
  await page.unroute(path);
  await button('Retry').click();
  await seen(page.getByRole('table', { name: 'Logs' }));
});

test('a viewer is told which role a page needs', async () => {
  const other = await browser.newContext({ viewport: SIZES.desktop });
  const viewer = await watchedPage(other, daemon.url);
  await viewer.goto(`${daemon.url}/settings/users`);
  await signIn(viewer, VIEWER);
  await seen(viewer.getByRole('heading', { name: 'You do not have permission' }));
  await seen(viewer.getByText('administrator'));
  await viewer.goto(`${daemon.url}/settings/groups`);
  await seen(viewer.getByRole('table', { name: 'Groups' }));
  await number(viewer.getByRole('button', { name: 'Add group' }), 0);
  assert.deepEqual(viewer.faults, []);
  await other.close();
});

test('no page wrote an error, threw, or asked another origin; none has a script of its own', async () => {
  assert.deepEqual(page.faults, []);
  assert.equal(await page.evaluate(() => document.querySelectorAll('script:not([src])').length), 0);
});

// How the dashboard behaves while it is worked with: live data, the URL, the
// keyboard, themes, and a session that ends.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { beat, register, setUp } from './support/api.mjs';
import { launchBrowser, SIZES, violations, watchedPage } from './support/browser.mjs';
import { Stage, startDaemon } from './support/programs.mjs';
import { bears, focused, gone, holds, loaded, number, query, says, seen, signIn, steps } from './support/steps.mjs';
import { becomes } from './support/wait.mjs';

const ADMIN = { username: 'admin', password: 'correct horse battery staple' };
const FLEET = 120;

const stage = new Stage();
let daemon, admin, browser, context, page;
const collectors = [];

/** While true, the live stream is cut and every new one refused. */
let cut = false;
let cutNow = () => {};

before(async () => {
  daemon = await startDaemon(stage);
  admin = await setUp(daemon, ADMIN);
  for (let n = 1; n <= FLEET; n += 1) {
    const environment = n % 3 === 0 ? 'staging' : 'production';
    collectors.push(await register(admin, `db-${n}`, { environment, tags: n % 2 === 0 ? ['even'] : [] }));
  }
  await beat(daemon, collectors[0]);
  browser = await launchBrowser(stage);
  context = await browser.newContext({ viewport: SIZES.desktop, colorScheme: 'light' });
  page = await watchedPage(context, daemon.url);
  await page.routeWebSocket('**/api/v1/ws', (socket) => {
    if (cut) return socket.close();
    const server = socket.connectToServer();
    cutNow = () => {
      server.close();
      socket.close();
    };
  });
  await page.goto(daemon.url);
  await signIn(page, ADMIN);
  await seen(page.getByRole('heading', { name: 'Overview' }));
});

after(() => stage.close());

const test = steps(() => page);
const button = (name) => page.getByRole('button', { name, exact: true });
const table = () => page.getByRole('table', { name: 'Collectors' });
const row = (name) => page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) });
/** Leaves the table, so that its order is free. */
const stepAside = async () => {
  await page.mouse.move(5, 5);
  await page.evaluate(() => document.activeElement?.blur());
};

test('a long fleet is a window onto rows that are counted whole', async () => {
  await page.goto(`${daemon.url}/collectors`);
  await seen(row('db-1'));
  await bears(table(), 'aria-rowcount', String(FLEET + 1));
  await becomes('that few rows are in the document', async () => (await page.getByRole('row').count()) < FLEET, true);
  const list = page.getByRole('region', { name: 'Collectors list' });
  await list.focus();
  await page.keyboard.press('End');
  await seen(row(`db-${FLEET}`));
  await bears(row(`db-${FLEET}`), 'aria-rowindex', String(FLEET + 1));
  await page.keyboard.press('Home');
  await seen(row('db-1'));
});

test('a heartbeat changes a row in place', async () => {
  await stepAside();
  await seen(row('db-2').getByText('Pending', { exact: true }));
  await beat(daemon, collectors[1], { cpu_usage: 77 });
  await seen(row('db-2').getByText('Online', { exact: true }));
  await seen(row('db-2').getByText('77%'));
});

test('rows stay where they are while somebody is in the table', async () => {
  await row('db-1').hover();
  await register(admin, 'db-0');
  const apply = page.getByRole('button', { name: /^Apply/ });
  await says(apply, 'Apply 1 update');
  await number(row('db-0'), 0);
  // The way to the button leads out of the table; the rows, and with them the button, stay until it is pressed.
  await apply.hover();
  await says(apply, 'Apply 1 update');
  await number(row('db-0'), 0);
  await apply.click();
  await seen(row('db-0'));
  await gone(apply);
});

test('filters, sort and search are the URL, and Back undoes them one by one', async () => {
  await page
    .getByRole('group', { name: 'Filter by status' })
    .getByRole('button', { name: /^Online \d+$/ })
    .click();
  await query(page, '?status=online');
  await seen(page.getByRole('status').filter({ hasText: `Showing 2 of ${FLEET + 1} collectors` }));
  await button('Clear filters').click();
  await page.getByRole('combobox', { name: 'Environment' }).click();
  await page.getByRole('option', { name: 'Staging' }).click();
  await query(page, '?environment=staging');
  await page.keyboard.press('Escape');
  await gone(page.getByRole('listbox'));
  await page.getByRole('searchbox', { name: 'Search collectors' }).pressSequentially('db-12');
  await seen(page.getByRole('status').filter({ hasText: 'Showing 2 of' }));
  await query(page, '?environment=staging&q=db-12');
  await page.reload();
  await seen(page.getByRole('status').filter({ hasText: 'Showing 2 of' }));
  await page.goBack();
  // one step back undoes the whole search, and the box follows
  await query(page, '?environment=staging');
  await holds(page.getByRole('searchbox'), '');
  await button('Clear filters').click();
  await page.getByRole('columnheader', { name: 'CPU' }).getByRole('button').click();
  await query(page, '?sort=cpu&dir=asc');
  await bears(page.getByRole('columnheader', { name: 'CPU' }), 'aria-sort', 'ascending');
});

test('the keyboard reaches rows, pages, commands and help', async () => {
  await page.goto(`${daemon.url}/collectors`);
  await seen(row('db-0'));
  await stepAside();
  await page.keyboard.press('j');
  await focused(page.getByRole('link', { name: 'db-0', exact: true }));
  await page.keyboard.press('j');
  await focused(page.getByRole('link', { name: 'db-1', exact: true }));
  await page.keyboard.press('Enter');
  await seen(page.getByRole('heading', { name: 'db-1', level: 1 }));
  await page.keyboard.press('g');
  await page.keyboard.press('a');
  await seen(page.getByRole('heading', { name: 'Audit log', level: 1 }));
  await page.keyboard.press('?');
  await seen(page.getByRole('dialog', { name: 'Keyboard shortcuts' }));
  await page.keyboard.press('Escape');
  await gone(page.getByRole('dialog'));
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: 'Command' }).fill('db-77');
  await page.keyboard.press('Enter');
  await seen(page.getByRole('heading', { name: 'db-77', level: 1 }));
});

test('a filter and a range are chosen with keys alone', async () => {
  await page.goto(`${daemon.url}/collectors`);
  const filter = page.getByRole('combobox', { name: 'Environment' });
  await filter.focus();
  await page.keyboard.press('Enter');
  await focused(page.getByRole('listbox', { name: 'Environment' }));
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await query(page, '?environment=staging');
  await page.keyboard.press('Escape');
  await focused(filter);
  await page.goto(`${daemon.url}/collectors/${collectors[0].id}/metrics`);
  await page.getByRole('button', { name: /^Time range/ }).focus();
  await page.keyboard.press('Enter');
  await focused(page.getByRole('listbox', { name: 'Quick ranges' }));
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await query(page, '?from=now-6h');
  await focused(page.getByRole('button', { name: 'Time range: Last 6 hours' }));
});

test('the first stop of the keyboard leads past the navigation', async () => {
  await page.goto(`${daemon.url}/collectors`);
  await seen(row('db-1'));
  await page.keyboard.press('Tab');
  await focused(page.getByRole('link', { name: 'Skip to main content' }));
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  const inMain = () => page.evaluate(() => document.querySelector('main').contains(document.activeElement));
  await becomes('that the focus is on the page', inMain, true);
});

test('no text of a control or heading bypasses the catalogue', async () => {
  const strays = [];
  for (const path of [
    '/',
    '/collectors',
    '/collectors/register',
    `/collectors/${collectors[0].id}/overview`,
    `/collectors/${collectors[0].id}/metrics`,
    `/collectors/${collectors[0].id}/queries`,
    `/collectors/${collectors[0].id}/logs`,
    `/collectors/${collectors[0].id}/activity`,
    `/collectors/${collectors[0].id}/config`,
    '/collectors/import',
    '/collectors/archived',
    '/operations',
    '/audit',
    '/settings/preferences',
    '/settings/users',
    '/settings/groups',
    '/settings/system',
    '/no/such/page',
  ]) {
    await page.goto(`${daemon.url}${path}?locale=en-XA`);
    await loaded(page);
    const found = await page.evaluate(() =>
      [...document.querySelectorAll('h1, h2, h3, label, legend, button, nav a, th[scope=col], dt, [role=tab], [aria-label]')]
        .map((element) => element.getAttribute('aria-label') ?? element.textContent.trim())
        .filter((text) => text !== '' && !text.includes('[')),
    );
    strays.push(...found.map((text) => `${path}: ${text}`));
  }
  // The names of collectors are data.
  assert.deepEqual(
    strays.filter((stray) => !/: db-\d+$/.test(stray)),
    [],
  );
});

test('a theme that was chosen holds from the first paint on', async () => {
  await page.goto(`${daemon.url}/collectors`);
  await button('Switch to dark theme').click();
  const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
  await becomes('the theme', theme, 'dark');
  await page.goto(`${daemon.url}/collectors`, { waitUntil: 'commit' });
  await becomes('the theme that the blocking script set', theme, 'dark');
  await button('Switch to light theme').click();
});

test('a preference holds at once, and is taken back', async () => {
  await page.goto(`${daemon.url}/settings/preferences`);
  const density = page.getByRole('combobox', { name: 'Density' });
  await density.selectOption('Comfortable');
  await becomes('the density', () => page.evaluate(() => document.documentElement.dataset.density), 'comfortable');
  await page.getByRole('region', { name: 'Notifications' }).getByRole('button', { name: 'Undo' }).click();
  await holds(density, 'compact');
  await page.goto(`${daemon.url}/collectors`);
});

test('times turn absolute and back with one key', async () => {
  await seen(row('db-1'));
  await stepAside();
  await page.keyboard.press('t');
  await seen(row('db-1').locator('time', { hasText: /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/ }));
  await page.keyboard.press('t');
  await seen(row('db-1').locator('time', { hasText: /ago$|^now$/ }));
});

test('menus, lists and dialogs are accessible in both themes', async () => {
  const problems = [];
  const check = async (name) => {
    problems.push(...(await violations(page)).map((violation) => `${name}: ${violation}`));
    await page.keyboard.press('Escape');
  };
  for (const theme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme: theme });
    await page.evaluate(() => localStorage.clear());
    await page.goto(`${daemon.url}/collectors`);
    for (const name of ['Columns', 'Density', 'Export', 'Account menu', 'Actions for db-1']) {
      await button(name).click();
      await seen(page.getByRole('menu'));
      await check(`${theme}, menu ${name}`);
      await gone(page.getByRole('menu'));
    }
    await page.getByRole('combobox', { name: 'Tags' }).click();
    await seen(page.getByRole('listbox'));
    await check(`${theme}, filter`);
    await gone(page.getByRole('listbox'));
    await page.keyboard.press('Control+k');
    await seen(page.getByRole('dialog', { name: 'Command palette' }));
    await check(`${theme}, palette`);
    await page.goto(`${daemon.url}/collectors/${collectors[0].id}/metrics`);
    await page.getByRole('button', { name: /^Time range/ }).click();
    await seen(page.getByRole('dialog', { name: 'Time range' }));
    await check(`${theme}, time range`);
    await page.goto(`${daemon.url}/settings/groups`);
    for (const name of ['Add group', 'Delete group Staging']) {
      await button(name).click();
      await seen(page.getByRole('dialog', { name }));
      await check(`${theme}, ${name}`);
      await gone(page.getByRole('dialog'));
    }
  }
  await page.emulateMedia({ colorScheme: 'light' });
  assert.deepEqual(problems, []);
});

test('on a phone everything is as large as a finger', async () => {
  const LEAST_PX = 44;
  await page.setViewportSize(SIZES.phone);
  const small = [];
  for (const path of [
    '/',
    '/collectors',
    '/collectors/register',
    `/collectors/${collectors[0].id}/overview`,
    `/collectors/${collectors[0].id}/metrics`,
    `/collectors/${collectors[0].id}/queries`,
    `/collectors/${collectors[0].id}/logs`,
    `/collectors/${collectors[0].id}/activity`,
    `/collectors/${collectors[0].id}/config`,
    '/collectors/import',
    '/collectors/archived',
    '/operations',
    '/audit',
    '/settings/users',
    '/settings/groups',
  ]) {
    await page.goto(daemon.url + path);
    await loaded(page);
    const found = await page.evaluate(
      (least) =>
        [...document.querySelectorAll('main :is(a, button, input, select, textarea), header :is(a, button), nav a')]
          .filter((element) => element.checkVisibility() && !['range', 'checkbox', 'radio'].includes(element.type))
          .filter((element) => element.getBoundingClientRect().height < least - 0.5)
          .map((element) => `${element.textContent || element.getAttribute('aria-label')} ${element.getBoundingClientRect().height}`),
      LEAST_PX,
    );
    small.push(...found.map((text) => `${path}: ${text}`));
  }
  await page.setViewportSize(SIZES.desktop);
  assert.deepEqual(small, []);
});

test('a lost live stream is said, polled over, and taken up again', async () => {
  await page.goto(`${daemon.url}/collectors`);
  await seen(row('db-1'));
  const connection = page.getByRole('status', { name: 'Connection' });
  await says(connection, 'Live');
  cut = true;
  cutNow();
  await seen(page.getByText('Live updates lost. Polling every 10 seconds.'));
  await says(connection, 'Polling');
  await stepAside();
  await beat(daemon, collectors[2]);
  await seen(row('db-3').getByText('Online', { exact: true }), 60_000);
  cut = false;
  await button('Reconnect now').click();
  await says(connection, 'Live');
  await gone(page.getByText('Live updates lost.'));
});

test('a session that ended elsewhere leads to the sign-in and back', async () => {
  await page.goto(`${daemon.url}/settings/groups`);
  await seen(page.getByRole('table', { name: 'Groups' }));
  await context.clearCookies();
  await page.getByRole('tab', { name: 'Users' }).click();
  await seen(page.getByRole('heading', { name: 'Sign in' }));
  await signIn(page, ADMIN);
  await seen(page.getByRole('table', { name: 'Users' }));
});

test('no page wrote an error, threw, or asked another origin', () => {
  assert.deepEqual(page.faults, []);
});

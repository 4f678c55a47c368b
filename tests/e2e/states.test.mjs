// What pages show and where the focus goes when something is missing, wrong
// or away: an empty fleet, fields left out, a server that refuses, fails or
// cannot be reached.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { beat, register, setUp } from './support/api.mjs';
import { launchBrowser, SIZES, violations, watchedPage } from './support/browser.mjs';
import { Stage, startDaemon } from './support/programs.mjs';
import { bears, disabled, focused, gone, holds, loaded, number, says, seen, signIn, steps } from './support/steps.mjs';
import { becomes } from './support/wait.mjs';

const ADMIN = { username: 'admin', password: 'correct horse battery staple' };

const stage = new Stage();
let daemon, admin, browser, page, orders;

before(async () => {
  daemon = await startDaemon(stage);
  browser = await launchBrowser(stage);
  const context = await browser.newContext({
    viewport: SIZES.desktop,
    colorScheme: 'light',
  });
  page = await watchedPage(context, daemon.url);
  await page.routeWebSocket('**/api/v1/ws', (socket) => (away ? socket.close() : sockets.push(socket.connectToServer())));
});

after(() => stage.close());

/** While true, nothing of the server can be reached. */
let away = false;
const sockets = [];

const test = steps(() => page);
const go = (path) => page.goto(daemon.url + path);
const button = (name) => page.getByRole('button', { name, exact: true });
const problem = () => page.getByRole('alert', { name: 'There is a problem' });
const statusCell = (name) =>
  page
    .getByRole('row')
    .filter({ has: page.getByRole('link', { name, exact: true }) })
    .getByRole('cell')
    .nth(1);

test('a refused setup is said with the field at fault, and takes the focus', async () => {
  await go('/setup');
  await page.getByRole('textbox', { name: 'Setup code' }).fill('not the code');
  await page.getByRole('textbox', { name: 'Username' }).fill(ADMIN.username);
  await page.getByLabel('Password', { exact: true }).fill(ADMIN.password);
  await page.getByLabel('Repeat password').fill(ADMIN.password);
  await button('Create administrator').click();
  await focused(problem());
  await bears(page.getByRole('textbox', { name: 'Setup code' }), 'aria-invalid', 'true');
  assert.deepEqual(await violations(page), []);
  admin = await setUp(daemon, ADMIN);
});

test('a sign-in without a name leads to the name', async () => {
  await go('/login');
  await page.getByLabel('Password', { exact: true }).fill(ADMIN.password);
  await button('Sign in').click();
  await seen(page.getByRole('alert'));
  await focused(page.getByRole('textbox', { name: 'Username' }));
  await signIn(page, ADMIN);
  await seen(page.getByRole('heading', { name: 'Overview' }));
});

test('an empty fleet has one way to the first collector', async () => {
  for (const path of ['/collectors', '/']) {
    await go(path);
    await seen(page.getByRole('heading', { name: 'No collectors yet' }));
    await number(page.getByRole('link', { name: 'Register collector' }), 1);
  }
});

test('word and reason of a status are two words', async () => {
  orders = await register(admin, 'orders');
  await go('/collectors');
  await says(statusCell('orders'), /^Pending \S/);
});

test('while the rows wait, the count is of what is shown', async () => {
  await page.getByRole('link', { name: 'orders', exact: true }).hover();
  await register(admin, 'billing');
  await seen(button('Apply 1 update'));
  await says(page.getByRole('status').filter({ hasText: 'Showing' }), 'Showing 1 of 2 collectors');
  await button('Apply 1 update').click();
  await says(page.getByRole('status').filter({ hasText: 'Showing' }), 'Showing 2 of 2 collectors');
});

test('a time that cannot be read leads to its field, and there is always a way back to the usual range', async () => {
  await beat(daemon, orders);
  await go(`/collectors/${orders.id}/metrics`);
  await disabled(button('Reset zoom'));
  await button('Time range: Last 1 hour').click();
  const dialog = page.getByRole('dialog', { name: 'Time range' });
  await dialog.getByRole('textbox', { name: 'From' }).fill('yesterday');
  await dialog.getByRole('button', { name: 'Apply range' }).click();
  await focused(dialog.getByRole('textbox', { name: 'From' }));
  await bears(dialog.getByRole('textbox', { name: 'From' }), 'aria-invalid', 'true');
  await page.keyboard.press('Escape');
  await gone(dialog);
});

test('a name that is taken is said at its field', async () => {
  await go('/collectors/register');
  await page.getByLabel('Collector name').fill('orders');
  // no connection is tested of what is no PostgreSQL
  await page.getByRole('combobox', { name: 'Type' }).selectOption('MySQL');
  for (const name of ['Host', 'Database name', 'Username']) await page.getByLabel(name, { exact: true }).fill('any');
  await page.getByLabel('Password', { exact: true }).fill('a password for tests only');
  await button('Register collector').click();
  await focused(problem());
  await bears(page.getByLabel('Collector name'), 'aria-invalid', 'true');
  await bears(page.getByLabel('Username', { exact: true }), 'aria-invalid', null);
  await problem()
    .getByRole('link', { name: /^Collector name: / })
    .click();
  await focused(page.getByLabel('Collector name'));
  await go('/settings/groups');
  await button('Add group').click();
  const dialog = page.getByRole('dialog', { name: 'Add group' });
  await dialog.getByRole('textbox', { name: 'Name' }).fill('Staging');
  await dialog.getByRole('button', { name: 'Add group' }).click();
  await bears(dialog.getByRole('textbox', { name: 'Name' }), 'aria-invalid', 'true');
  await page.keyboard.press('Escape');
});

test('a refused password is said with its field, and takes the focus', async () => {
  await go('/settings/preferences');
  await page.getByLabel('Current password').fill('not the password');
  await page.getByLabel('New password', { exact: true }).fill('a long phrase to look with');
  await page.getByLabel('Repeat new password').fill('a long phrase to look with');
  await button('Change password').click();
  await focused(problem());
  await bears(page.getByLabel('Current password'), 'aria-invalid', 'true');
  assert.deepEqual(await violations(page), []);
});

test('one press is enough, also beside a field that says what is wrong as it is left', async () => {
  await go(`/collectors/${orders.id}/config`);
  const interval = page.getByRole('spinbutton', { name: 'Collection interval (seconds)' });
  await interval.fill('3');
  await button('Review changes').click();
  await bears(interval, 'aria-invalid', 'true');
  await focused(interval);
  await interval.fill('4');
  await button('Discard changes').click();
  await holds(interval, '3600');
});

test('a refused configuration is said where its fields are', async () => {
  const refusal = {
    status: 400,
    detail: 'query_limit: too many',
    code: 'validation_failed',
    request_id: 'req_1',
  };
  const errors = [
    {
      field: 'query_limit',
      code: 'out_of_range',
      message: 'too many for this server',
    },
  ];
  const path = '**/api/v1/collectors/*/update-config';
  await page.route(path, (route) =>
    route.fulfill({
      status: 400,
      contentType: 'application/problem+json',
      json: { ...refusal, errors },
    }),
  );
  await go(`/collectors/${orders.id}/config`);
  await page.getByRole('spinbutton', { name: 'Query limit' }).fill('50');
  await button('Review changes').click();
  await page.getByRole('dialog').getByRole('button', { name: 'Save configuration' }).click();
  await focused(problem());
  await bears(page.getByRole('spinbutton', { name: 'Query limit' }), 'aria-invalid', 'true');
  await page.unroute(path);
  await button('Discard changes').click();
  await gone(problem());
});

test('the role of a user is given back by Undo', async () => {
  await admin('POST', 'users', {
    username: 'vera',
    password: 'a long phrase to look with',
    role: 'viewer',
  });
  await go('/settings/users');
  const role = page.getByRole('combobox', { name: 'Role of vera' });
  await role.selectOption('Operator');
  await page.getByRole('region', { name: 'Notifications' }).getByRole('button', { name: 'Undo' }).click();
  await holds(role, 'viewer');
  const stored = async () => (await admin('GET', 'users')).users.find(({ username }) => username === 'vera').role;
  await becomes('the role that is stored', stored, 'viewer');
});

test('what cannot be loaded leaves its page a heading, and a way to try again', async () => {
  const refusal = {
    status: 403,
    detail: 'the disk does not answer',
    code: 'unavailable',
    request_id: 'req_77',
  };
  const failing = {
    '/': ['Overview', '**/api/v1/collectors?**'],
    '/collectors': ['Collectors', '**/api/v1/collectors?**'],
    [`/collectors/${orders.id}/overview`]: ['Collector', '**/api/v1/collectors/col_*'],
    [`/collectors/${orders.id}/metrics`]: ['orders', '**/api/v1/collectors/col_*/metrics**'],
    [`/collectors/${orders.id}/queries`]: ['orders', '**/api/v1/collectors/col_*/metrics**'],
    [`/collectors/${orders.id}/activity`]: ['orders', '**/api/v1/collectors/col_*/audit**'],
    '/collectors/archived': ['Archived collectors', '**/api/v1/collectors/archived'],
    '/operations': ['Operations', '**/api/v1/operations?**'],
    '/operations/op_1': ['Operation', '**/api/v1/operations/op_1'],
    '/audit': ['Audit log', '**/api/v1/audit?**'],
    '/settings/users': ['Settings', '**/api/v1/users'],
    '/settings/groups': ['Settings', '**/api/v1/groups'],
    '/settings/system': ['Settings', '**/api/v1/system'],
  };
  const problems = [];
  for (const [path, [title, asked]] of Object.entries(failing)) {
    await page.route(asked, (route) =>
      route.fulfill({
        status: 403,
        contentType: 'application/problem+json',
        json: refusal,
      }),
    );
    await go(path);
    await seen(
      page
        .getByRole('alert')
        .filter({ hasText: /^Could not load .*req_77/ })
        .first(),
    );
    await seen(button('Retry').first());
    await says(page.getByRole('heading', { level: 1 }), title);
    await becomes('the title', () => page.title(), `${title} · pgAnalytics`);
    await loaded(page);
    problems.push(...(await violations(page)).map((violation) => `${path}: ${violation}`));
    await page.unroute(asked);
    await button('Retry').first().click();
    if (path !== '/operations/op_1') await gone(page.getByRole('alert'));
  }
  assert.deepEqual(problems, []);
});

test('what is lost for good is never taken for nothing because it could not be asked', async () => {
  const asked = '**/api/v1/collectors/*/gaps**';
  const refusal = {
    status: 403,
    detail: 'the disk does not answer',
    code: 'unavailable',
    request_id: 'req_77',
  };
  await page.route(asked, (route) =>
    route.fulfill({
      status: 403,
      contentType: 'application/problem+json',
      json: refusal,
    }),
  );
  await go(`/collectors/${orders.id}/overview`);
  await seen(page.getByRole('alert').filter({ hasText: 'Could not load what was lost' }));
  await page.unroute(asked);
});

test('a broken chain is named, and marked at its entry', async () => {
  const asked = '**/api/v1/audit/verify';
  await page.route(asked, async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...(await answer.json()), verified: false, first_bad_entry: 3 } });
  });
  await go('/audit');
  await says(page.getByRole('status', { name: 'Chain' }), 'Chain broken at entry 3');
  const marked = page.getByRole('row').filter({ hasText: 'The chain is broken here' });
  await seen(marked.getByRole('button', { name: 'Show changes for entry 3', exact: true }));
  await page.unroute(asked);
});

test('a page that is not there has one heading, and says so', async () => {
  for (const [path, title] of [
    ['/collectors/col_nothing/overview', 'Collector not found'],
    ['/operations/op_nothing', 'Operation not found'],
  ]) {
    await go(path);
    await says(page.getByRole('heading', { level: 1 }), title);
    await number(page.getByRole('heading', { name: title }), 1);
  }
});

test('a server that is away is said in the same words as a lost stream, and what was seen stays', async () => {
  await go('/collectors');
  await says(page.getByRole('status', { name: 'Connection' }), 'Live');
  away = true;
  await page.route('**/api/v1/**', (route) => route.abort());
  for (const socket of sockets) socket.close();
  await says(page.getByRole('status', { name: 'Connection' }), 'Offline');
  await seen(
    page.getByText('Live updates lost. Polling every 10 seconds.', {
      exact: true,
    }),
  );
  await seen(page.getByText(/^as of \d\d:\d\d:\d\d$/));
  await seen(page.getByRole('link', { name: 'orders', exact: true }));
  away = false;
  await page.unroute('**/api/v1/**');
  await button('Reconnect now').click();
  await says(page.getByRole('status', { name: 'Connection' }), 'Live');
});

test('what does not come from a server that is away leaves the page as it is', async () => {
  // The browser itself writes a line about a page that does not come.
  const other = await page.context().newPage();
  await other.goto(`${daemon.url}/collectors`);
  const row = other.getByRole('link', { name: 'orders', exact: true });
  const menu = other.getByRole('button', { name: 'Actions for orders' });
  await seen(row);
  await other.route('**/assets/**', (route) => route.abort());
  await menu.click();
  await seen(other.getByRole('alert').filter({ hasText: 'Could not load what opens here' }));
  await seen(row);
  await other.getByRole('link', { name: 'Audit log' }).click();
  await seen(other.getByRole('alert').filter({ hasText: 'Could not load the page' }));
  await says(other.getByRole('heading', { level: 1 }), 'This page stopped working');
  await becomes('the title', () => other.title(), 'This page stopped working · pgAnalytics');
  assert.deepEqual(await violations(other), []);
  await other.getByRole('link', { name: 'Collectors', exact: true }).click();
  await seen(row);
  await other.unroute('**/assets/**');
  await menu.click();
  await seen(other.getByRole('menuitem', { name: 'Restart' }));
  await other.keyboard.press('Escape');
  await other.goBack();
  await other.getByRole('button', { name: 'Retry' }).click();
  await seen(other.getByRole('table', { name: 'Audit log' }));
  await other.close();
});

test('paper is light, whatever the screen is', async () => {
  await page.emulateMedia({ colorScheme: 'dark', media: 'print' });
  await go(`/collectors/${orders.id}/overview`);
  await seen(page.getByRole('heading', { name: 'orders', level: 1 }));
  await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
  const colours = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  await becomes('the colour of the paper', colours, 'rgb(255, 255, 255)');
  await becomes('the theme of what is drawn', () => page.evaluate(() => document.documentElement.dataset.theme), 'light');
  await page.evaluate(() => dispatchEvent(new Event('afterprint')));
  await page.emulateMedia({ colorScheme: 'light', media: 'screen' });
});

test('no page wrote an error, threw, or asked another origin', () => {
  assert.deepEqual(page.faults, []);
});

// The way of a first day: set up, sign in, register a collector, start its
// agent, watch it, read the log. Every part is the real one.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { accessible, launchBrowser, picture, SIZES, violations, watchedPage } from './support/browser.mjs';
import { DATABASE, Stage, startAgent, startDaemon, startPostgres } from './support/programs.mjs';
import { bears, focused, loaded, number, says, seen, signIn, steps } from './support/steps.mjs';
import { becomes, within } from './support/wait.mjs';

const ADMIN = { username: 'admin', password: 'correct horse battery staple' };
const NAME = 'orders-db-01';

const stage = new Stage();
let daemon, postgres, browser, context, page, collectorId, token;

before(async () => {
  [daemon, postgres] = await Promise.all([startDaemon(stage), startPostgres(stage)]);
  browser = await launchBrowser(stage);
  context = await browser.newContext({ viewport: SIZES.desktop, colorScheme: 'light' });
  page = await watchedPage(context, daemon.url);
});

after(() => stage.close());

const test = steps(() => page);
const go = (path) => page.goto(daemon.url + path);
const button = (name) => page.getByRole('button', { name, exact: true });

test('the first administrator is made with the setup code', async () => {
  await go('/');
  await seen(page.getByRole('heading', { name: 'Create the first administrator' }));
  await accessible(page);
  await picture(page, 'setup-desktop-light');
  await page.getByRole('textbox', { name: 'Setup code' }).fill(daemon.setupCode);
  await page.getByRole('textbox', { name: 'Username' }).fill(ADMIN.username);
  await page.getByLabel('Password', { exact: true }).fill(ADMIN.password);
  await page.getByLabel('Repeat password').fill(`${ADMIN.password}!`);
  await button('Create administrator').click();
  await seen(page.getByText('The two passwords differ'));
  await page.getByLabel('Repeat password').fill(ADMIN.password);
  await button('Create administrator').click();
  await seen(page.getByRole('heading', { name: 'Sign in' }));
});

test('a wrong password is refused, the right one leads to where one was going', async () => {
  await go('/collectors?status=error');
  await seen(page.getByRole('heading', { name: 'Sign in' }));
  await signIn(page, { ...ADMIN, password: 'not the password at all' });
  await seen(page.getByRole('alert').filter({ hasText: 'Username or password is incorrect' }));
  await accessible(page);
  await signIn(page, ADMIN);
  await page.waitForURL('**/collectors?status=error');
  await seen(page.getByRole('heading', { name: 'Collectors', exact: true }));
});

test('an appliance without collectors says what to do next', async () => {
  await go('/collectors');
  await seen(page.getByRole('heading', { name: 'No collectors yet' }));
  await says(page.getByRole('status', { name: 'Connection' }), 'Live');
  await picture(page, 'collectors-empty-desktop-light');
});

test('a failed connection test names the field at fault', async () => {
  await go('/collectors/register');
  await page.getByLabel('Collector name').fill(NAME);
  await page.getByLabel('Host').fill('127.0.0.1');
  await page.getByLabel('Port').fill(String(postgres.port));
  await page.getByLabel('Database name').fill(DATABASE.name);
  await page.getByLabel('Username').fill(DATABASE.user);
  await page.getByLabel('Password', { exact: true }).fill('wrong');
  await page.getByRole('combobox', { name: 'SSL mode' }).selectOption('Disable');
  await button('Test connection').click();
  const outcome = page.getByRole('status', { name: 'Connection test' });
  await seen(outcome.filter({ hasText: 'Connection failed: ' }));
  await bears(page.getByLabel('Password', { exact: true }), 'aria-invalid', 'true');
  await bears(page.getByLabel('Host'), 'aria-invalid', null);
  const problem = page.getByRole('alert', { name: 'There is a problem' });
  await focused(problem);
  await picture(page, 'register-failed-desktop-light');
  await problem.getByRole('link', { name: /^Password/ }).click();
  await focused(page.getByLabel('Password', { exact: true }));
  await page.getByLabel('Password', { exact: true }).fill(DATABASE.password);
  await button('Test connection').click();
  await seen(outcome.filter({ hasText: 'Connection successful. PostgreSQL ' }));
});

test('registering shows the token once, and the panel sees the first heartbeat', async () => {
  await button('Advanced options').click();
  await page.getByLabel('Collection interval (seconds)').fill('10');
  await page.getByRole('combobox', { name: 'Tags' }).fill('e2e,');
  await accessible(page);
  await button('Register collector').click();
  await seen(page.getByRole('heading', { name: 'Collector registered' }));
  const snippet = page.getByRole('tabpanel');
  await says(snippet, /COLLECTOR_ID='col_[^']+'/);
  collectorId = /COLLECTOR_ID='([^']+)'/.exec(await snippet.textContent())[1];
  token = await page.getByRole('textbox', { name: 'Collector token' }).inputValue();
  const text = await snippet.textContent();
  assert.ok(text.includes(token) && text.includes(`CENTRAL_API_URL='${daemon.url}'`), text);
  await accessible(page);
  await picture(page, 'token-desktop-light');

  const heartbeat = page.getByRole('status', { name: 'First heartbeat' });
  await says(heartbeat, 'Waiting for first heartbeat');
  const agent = startAgent(stage, { url: daemon.url, token, id: collectorId, postgresPort: postgres.port });
  await within(
    60_000,
    'the panel sees the first heartbeat',
    async () => (await heartbeat.textContent()) === 'First heartbeat received',
    () => agent.output,
  );
});

test('leaving without having stored the token is asked about', async () => {
  await page.getByRole('link', { name: 'Open collector' }).click();
  const dialog = page.getByRole('dialog', { name: 'Leave without storing the token?' });
  await seen(dialog);
  await dialog.getByRole('button', { name: 'Stay' }).click();
  await page.getByRole('checkbox', { name: 'I have stored the token' }).check();
  await page.getByRole('link', { name: 'Open collector' }).click();
  await page.waitForURL(`**/collectors/${collectorId}/overview`);
  await seen(page.getByRole('heading', { name: NAME, level: 1 }));
});

test('the collector is online in the table, and its figures arrive by themselves', async () => {
  await go('/collectors');
  const row = page.getByRole('row').filter({ has: page.getByRole('link', { name: NAME }) });
  await seen(row.getByText('Online', { exact: true }), 60_000);
  const metrics = await row.getByRole('cell').nth(8).textContent();
  await within(
    60_000,
    'the number of metrics grows without a reload',
    async () => (await row.getByRole('cell').nth(8).textContent()) !== metrics,
  );
  await says(page.getByRole('status').filter({ hasText: 'Showing' }), 'Showing 1 of 1 collectors');
});

test('the charts move while they are watched', async () => {
  await go(`/collectors/${collectorId}/metrics?from=now-15m`);
  const slider = (title) => page.getByRole('figure', { name: title, exact: true }).getByRole('slider', { name: 'Cursor' });
  for (const title of ['CPU usage', 'Memory usage', 'Network', 'Collection time', 'Queries per collection', 'Table sizes']) {
    await seen(slider(title), 60_000);
  }
  const latest = await slider('Table sizes').getAttribute('aria-valuetext');
  await within(60_000, 'the chart gets a newer point', async () => (await slider('Table sizes').getAttribute('aria-valuetext')) !== latest);
});

test('the audit log names what was done, and its chain is whole', async () => {
  await go('/audit');
  await seen(page.getByRole('status', { name: 'Chain' }).filter({ hasText: /^Chain verified, \d+ entries$/ }));
  const row = page.getByRole('row').filter({ hasText: 'collector.register' });
  await seen(row);
  await row.getByRole('button', { name: /^Show changes for entry \d+$/ }).click();
  const changes = page.getByRole('table', { name: 'Changes' });
  await seen(changes);
  assert.ok(!(await changes.textContent()).includes(DATABASE.password), 'a secret is never in the log');
  await button('Verify chain').click();
  await seen(page.getByRole('status', { name: 'Chain' }).filter({ hasText: /^Chain verified/ }));
});

test('every page is accessible and fits, in both themes and sizes', async () => {
  const pages = {
    overview: '/',
    collectors: '/collectors',
    'no-match': '/collectors?q=nothing-is-called-so',
    register: '/collectors/register',
    'collector-overview': `/collectors/${collectorId}/overview`,
    'collector-metrics': `/collectors/${collectorId}/metrics?from=now-15m`,
    'collector-activity': `/collectors/${collectorId}/activity`,
    'collector-config': `/collectors/${collectorId}/config`,
    import: '/collectors/import',
    archived: '/collectors/archived',
    operations: '/operations',
    'operation-gone': '/operations/nothing',
    audit: '/audit',
    preferences: '/settings/preferences',
    users: '/settings/users',
    groups: '/settings/groups',
    system: '/settings/system',
    'not-found': '/no/such/page',
  };
  const problems = [];
  for (const theme of ['light', 'dark']) {
    for (const [size, viewport] of Object.entries(SIZES)) {
      await page.emulateMedia({ colorScheme: theme });
      await page.setViewportSize(viewport);
      for (const [name, path] of Object.entries(pages)) {
        await go(path);
        await loaded(page);
        await picture(page, `${name}-${size}-${theme}`);
        for (const violation of await violations(page)) problems.push(`${name} ${size} ${theme}: ${violation}`);
        const sideways = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
        if (sideways) problems.push(`${name} ${size} ${theme}: scrolls sideways`);
      }
    }
  }
  assert.deepEqual(problems, []);
});

test('a viewer is offered neither administration nor the audit log', async () => {
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(SIZES.desktop);
  await go('/settings/users');
  await button('Add user').click();
  const dialog = page.getByRole('dialog', { name: 'Add user' });
  await dialog.getByRole('textbox', { name: 'Username' }).fill('vera');
  await dialog.getByLabel('Password', { exact: true }).fill('a long phrase to look with');
  await dialog.getByRole('combobox', { name: 'Role' }).selectOption('Viewer');
  await dialog.getByRole('button', { name: 'Add user' }).click();
  await seen(page.getByRole('row').filter({ hasText: 'vera' }));

  const other = await browser.newContext({ viewport: SIZES.desktop });
  const viewer = await watchedPage(other, daemon.url);
  await viewer.goto(`${daemon.url}/audit`);
  await signIn(viewer, { username: 'vera', password: 'a long phrase to look with' });
  await seen(viewer.getByRole('heading', { name: 'You do not have permission' }));
  await viewer.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Collectors' }).click();
  await seen(viewer.getByRole('link', { name: NAME }));
  for (const name of ['Register collector', 'Import collectors']) await number(viewer.getByRole('link', { name }), 0);
  await number(viewer.getByRole('checkbox'), 0);
  await number(viewer.getByRole('button', { name: /^Actions for/ }), 0);
  await number(viewer.getByRole('link', { name: 'Audit log' }), 0);
  assert.deepEqual(viewer.faults, []);
  await other.close();
});

test('signing out ends the session', async () => {
  await button('Account menu').click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await seen(page.getByRole('heading', { name: 'Sign in' }));
  await go('/collectors');
  await seen(page.getByRole('heading', { name: 'Sign in' }));
});

test('no page wrote an error, threw, or asked another origin', () => {
  assert.deepEqual(page.faults, []);
});

// Importing a file: any column names, a dry run that says what is wrong,
// cells that mean harm, and tokens that are taken away once.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before } from 'node:test';
import { register, setUp } from './support/api.mjs';
import { accessible, launchBrowser, picture, SIZES, watchedPage } from './support/browser.mjs';
import { Stage, startDaemon } from './support/programs.mjs';
import { disabled, focused, gone, number, says, seen, signIn, steps } from './support/steps.mjs';
import { becomes } from './support/wait.mjs';

const ADMIN = { username: 'admin', password: 'correct horse battery staple' };
const PASSWORD = 'a secret that is on no screen';
const FILE = `Instance Name;Server;DB;User;Pass;env
known-db;db0.example;app;watcher;${PASSWORD};production
good-db;db1.example;app;watcher;"${PASSWORD}; and more";production
=HYPERLINK("http://x");db2.example;app;watcher;${PASSWORD};staging
<img src=x onerror=alert(1)>;db3.example;app;watcher;${PASSWORD};moon
shifted;db4.example;app;watcher;${PASSWORD};production;what;is;this
`;

const stage = new Stage();
let daemon, admin, browser, context, page;

before(async () => {
  daemon = await startDaemon(stage);
  admin = await setUp(daemon, ADMIN);
  await register(admin, 'known-db', { host: 'db0.example', database: 'app' });
  browser = await launchBrowser(stage);
  context = await browser.newContext({ viewport: SIZES.desktop, colorScheme: 'light', acceptDownloads: true });
  page = await watchedPage(context, daemon.url);
  await page.goto(`${daemon.url}/collectors`);
  await signIn(page, ADMIN);
});

after(() => stage.close());

const test = steps(() => page);
const button = (name) => page.getByRole('button', { name, exact: true });
const step = () => page.getByRole('list', { name: 'Steps' }).locator('[aria-current=step]');
const column = (field) => page.getByRole('combobox', { name: `Column for ${field}` });
const chosen = (field) => column(field).evaluate((select) => select.selectedOptions[0].textContent);
const downloaded = async (name) => {
  const [download] = await Promise.all([page.waitForEvent('download'), button(name).click()]);
  return readFileSync(await download.path(), 'utf8');
};

test('a text that is no list is refused in place', async () => {
  await page.getByRole('link', { name: 'Import collectors' }).click();
  await seen(page.getByRole('heading', { name: 'Import collectors', level: 1 }));
  await says(step(), 'Upload');
  await accessible(page);
  await page.getByLabel('Or paste CSV or JSON').fill('{"collectors": 5}');
  await button('Continue').click();
  await seen(page.getByText('This is neither CSV nor a JSON list of collectors'));
  await accessible(page);
});

test('columns are found by the names that others use, and can be chosen', async () => {
  await page.getByLabel('CSV or JSON file').setInputFiles({ name: 'fleet.csv', mimeType: 'text/csv', buffer: Buffer.from(FILE) });
  await seen(page.getByText('fleet.csv is read from here'));
  await button('Continue').click();
  await seen(column('Collector name'));
  const fields = ['Collector name', 'Host', 'Port', 'Database name', 'Username', 'Password', 'Environment'];
  const found = ['Instance Name', 'Server', 'Not in the file', 'DB', 'User', 'Pass', 'env'];
  await becomes('the columns that were found', () => Promise.all(fields.map(chosen)), found);
  await accessible(page);
  await picture(page, 'import-map-desktop-light');
  await column('Host').selectOption('Not in the file');
  await button('Dry run').click();
  await seen(page.getByText('Choose the column that holds this'));
  await focused(column('Host'));
  await column('Host').selectOption('Server');
});

test('what is entered is not left without a question', async () => {
  const question = page.getByRole('dialog', { name: 'Leave without importing?' });
  await page.getByRole('link', { name: 'Audit log' }).click();
  await seen(question);
  await accessible(page);
  await question.getByRole('button', { name: 'Stay' }).click();
  await gone(question);
  await seen(column('Collector name'));
});

test('the dry run says what is wrong with which row, and shows no password', async () => {
  await button('Dry run').click();
  const table = page.getByRole('table', { name: 'Import preview' });
  await seen(table);
  await says(page.getByRole('status').filter({ hasText: 'valid' }), '2 valid, 2 invalid, 1 existing');
  const line = (text) => table.getByRole('row').filter({ hasText: text });
  await seen(line('known-db').filter({ hasText: 'Exists' }));
  await seen(line('good-db').filter({ hasText: 'Valid' }));
  await seen(line('shifted').filter({ hasText: 'has 9 cells where the header names 6' }));
  await seen(line('<img src=x onerror=alert(1)>').filter({ hasText: 'Invalid' }));
  assert.ok(!(await page.locator('body').textContent()).includes(PASSWORD));
  await accessible(page);
  await picture(page, 'import-preview-desktop-light');
  await page.getByRole('checkbox', { name: 'Only rows with problems' }).check();
  await number(table.getByRole('row'), 3);
  const problems = await downloaded('Download problems');
  assert.ok(problems.includes('shifted') && !problems.includes(PASSWORD), problems);
  const { total } = await admin('GET', 'collectors');
  assert.equal(total, 1, 'a dry run stores nothing');
});

test('the valid rows are imported, and the tokens are taken away once', async () => {
  await button('Import 2 collectors').click();
  const table = page.getByRole('table', { name: 'Import results' });
  await seen(table, 60_000);
  await seen(table.getByRole('row').filter({ hasText: 'good-db' }).filter({ hasText: 'Imported' }));
  await seen(table.getByRole('row').filter({ hasText: 'known-db' }).filter({ hasText: 'Exists' }));
  await accessible(page);
  await picture(page, 'import-results-desktop-light');
  const question = page.getByRole('dialog', { name: 'Leave without storing the token?' });
  for (const way of [button('Import another file'), page.getByRole('link', { name: 'Open collectors' })]) {
    await way.click();
    await question.getByRole('button', { name: 'Stay' }).click();
    await gone(question);
  }
  const tokens = await downloaded('Download tokens');
  assert.ok(tokens.includes('good-db,col_'), tokens);
  // A spreadsheet must not run what somebody wrote into a name.
  assert.ok(tokens.includes(`"'=HYPERLINK(""http://x"")"`), tokens);
  await page.getByRole('link', { name: 'Open collectors' }).click();
  await seen(page.getByRole('link', { name: 'good-db' }));
  await becomes('the number of collectors', async () => (await admin('GET', 'collectors')).total, 3);
});

test('the same as JSON doubles nothing', async () => {
  await page.goto(`${daemon.url}/collectors/import`);
  const known = {
    name: 'good-db',
    host: 'db1.example',
    port: 5432,
    database: 'app',
    username: 'watcher',
    password: 'x',
    env: 'production',
  };
  await page.getByLabel('Or paste CSV or JSON').fill(JSON.stringify({ collectors: [known] }));
  await button('Continue').click();
  await button('Dry run').click();
  await seen(page.getByRole('status').filter({ hasText: '0 valid, 0 invalid, 1 existing' }));
  await disabled(button('Import 0 collectors'));
});

test('no page wrote an error, threw, or asked another origin', () => {
  assert.deepEqual(page.faults, []);
});

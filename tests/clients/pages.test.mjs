// The pages behind the links in mails, in a real browser without scripts: somebody verifies an address and chooses a new
// password. PARSIMONY_TEST_CHROMIUM names the browser (default: /usr/bin/chromium).
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { chromium } from 'playwright-core';
import { root, startServer } from './server.mjs';

const executablePath = process.env.PARSIMONY_TEST_CHROMIUM ?? '/usr/bin/chromium';
const QUIET = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const PUBLIC = 'http://parse.test/parse';
const screenshots = join(process.env.CARGO_TARGET_DIR ?? join(root, 'target'), 'pages-screenshots');

let server, mails, profile, browser, page;
const complaints = [];
before(async () => {
  mails = mkdtempSync(join(tmpdir(), 'parsimony-mails-'));
  server = await startServer({
    options: {
      appName: 'Café & <Friends>',
      publicServerURL: PUBLIC,
      verifyUserEmails: true,
      preventLoginWithUnverifiedEmail: true,
      emailAdapter: { module: 'file', options: { directory: mails } },
      passwordPolicy: { validatorPattern: '^(?=.*[0-9]).{8,}$', validationError: 'Please use at least 8 characters and a digit.' },
    },
  });
  profile = mkdtempSync(join(tmpdir(), 'parsimony-browser-'));
  mkdirSync(screenshots, { recursive: true });
  // The public address leads to the server, as a name service and a proxy would see to it.
  const args = [...QUIET, `--host-resolver-rules=MAP parse.test:80 127.0.0.1:${new URL(server.url).port}`];
  const viewport = { width: 390, height: 780 };
  browser = await chromium.launchPersistentContext(profile, { executablePath, headless: true, args, viewport, javaScriptEnabled: false });
  page = await browser.newPage();
  page.setDefaultTimeout(30_000);
  page.on('console', message => ['error', 'warning'].includes(message.type()) && complaints.push(`console: ${message.text()}`));
  page.on('request', request => {
    if (new URL(request.url()).origin !== new URL(PUBLIC).origin) complaints.push(`asked another server: ${request.url()}`);
  });
});
after(async () => {
  await browser?.close();
  await server?.stop();
  for (const directory of [profile, mails]) if (directory) rmSync(directory, { recursive: true, force: true });
});

const post = (path, body) =>
  fetch(server.rest + path, { method: 'POST', headers: { 'content-type': 'application/json', ...server.headers }, body: JSON.stringify(body) });
const logIn = password => post('/login', { username: 'ann', password });
const heading = () => page.getByRole('heading', { level: 1 }).innerText();

/// The link in the mail with this number, once it is there.
async function link(number) {
  const end = Date.now() + 30_000;
  for (;;) {
    const names = readdirSync(mails).filter(name => name.endsWith('.eml')).sort();
    if (names.length > number) {
      const text = readFileSync(join(mails, names[number]), 'utf8').replaceAll('=\r\n', '').replaceAll('=3D', '=');
      return /https?:\/\/\S+/.exec(text)[0];
    }
    assert.ok(Date.now() < end, `mail ${number} did not come`);
    await page.waitForTimeout(20);
  }
}

/// What holds for each page: a language, one heading, a name, labels, and everything fits the screen.
async function checkPage(name) {
  assert.equal(await page.locator('html').getAttribute('lang'), 'en');
  assert.equal(await page.getByRole('main').count(), 1);
  assert.equal(await page.getByRole('heading').count(), 1);
  assert.equal(await page.locator('.app').innerText(), 'Café & <Friends>');
  for (const field of await page.locator('input:visible').all()) {
    const id = await field.getAttribute('id');
    assert.equal(await page.locator(`label[for="${id}"]`).count(), 1, id);
  }
  const box = await page.getByRole('main').boundingBox();
  assert.ok(box.x >= 0 && box.x + box.width <= 390, JSON.stringify(box));
  await page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: true });
}

describe('pages', { concurrency: false }, () => {
  test('an address is verified by following a link', async () => {
    const signedUp = await post('/users', { username: 'ann', password: 'old-secret-1', email: 'ann@example.com' });
    assert.equal(signedUp.status, 201);
    assert.equal((await logIn('old-secret-1')).status, 400);
    const address = await link(0);
    assert.ok(address.startsWith(`${PUBLIC}/apps/`), address);
    await page.goto(address);
    assert.equal(await heading(), 'E-mail address confirmed');
    assert.equal(await page.title(), 'Email Verification');
    await checkPage('verified');
    assert.equal((await logIn('old-secret-1')).status, 200);
  });

  test('a link that does not work leads to another mail', async () => {
    const signedUp = await post('/users', { username: 'bob', password: 'old-secret-1', email: 'bob@example.com' });
    assert.equal(signedUp.status, 201);
    const address = new URL(await link(1));
    address.searchParams.set('token', 'lost');
    await page.goto(address.href);
    assert.equal(await heading(), 'This link does not work');
    await checkPage('verification-link-invalid');
    await page.getByLabel('User name or e-mail address').fill('bob@example.com');
    await page.getByRole('button', { name: 'Send a new link' }).click();
    await page.getByRole('heading', { name: 'Please look for a mail' }).waitFor();
    assert.ok(page.url().startsWith(`${PUBLIC}/apps/email_verification_send_success.html`), page.url());
    await checkPage('verification-sent');
    await page.goto(await link(2));
    assert.equal(await heading(), 'E-mail address confirmed');
  });

  test('a new password is chosen', async () => {
    assert.equal((await post('/requestPasswordReset', { email: 'ann@example.com' })).status, 200);
    await page.goto(await link(3));
    assert.equal(await heading(), 'Choose a new password');
    assert.equal(await page.title(), 'Password Reset');
    await checkPage('choose-password');
    const choose = async (password, again) => {
      await page.getByLabel('New password').fill(password);
      await page.getByLabel('The same password again').fill(again);
      await page.getByLabel('The same password again').press('Enter');
    };
    await choose('new-secret-2', 'new-secret-3');
    await page.getByRole('alert').getByText('The two passwords are not the same.').waitFor();
    await checkPage('choose-password-again');
    await choose('weak', 'weak');
    await page.getByRole('alert').getByText('Please use at least 8 characters and a digit.').waitFor();
    assert.equal((await logIn('old-secret-1')).status, 200);
    await choose('new-secret-2', 'new-secret-2');
    await page.getByRole('heading', { name: 'Your password is changed' }).waitFor();
    await checkPage('password-changed');
    assert.equal((await logIn('old-secret-1')).status, 404);
    assert.equal((await logIn('new-secret-2')).status, 200);
  });

  test('the link works once', async () => {
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.goto(await link(3));
    assert.equal(await heading(), 'This link does not work');
    await checkPage('reset-link-invalid-dark');
    assert.equal((await post('/requestPasswordReset', { email: 'ann@example.com' })).status, 200);
    await page.goto(await link(4));
    await checkPage('choose-password-dark');
  });

  test('nothing was reported on the console and no other server was asked', () => {
    // A browser asks for an icon by itself; there is none.
    const real = complaints.filter(text => !/favicon|status of 404/.test(text));
    assert.deepEqual(real, []);
  });
});

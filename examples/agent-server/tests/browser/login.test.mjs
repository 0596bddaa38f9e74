// Who has a token: for a session, and for the dashboard.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openPage, startBrowser, startServer, waitForFrame } from './harness.mjs';

const ADMIN = { authorization: 'Bearer s3cret' };
let server;
let browser;
before(async () => {
  server = await startServer({
    ADMIN_TOKEN: 's3cret', TOKEN_SECRET: 'a-secret-of-thirty-two-bytes-or-more', REQUIRE_TOKEN: '1',
  });
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

async function say(page, text) {
  await page.fill('#text', text);
  await page.press('#text', 'Enter');
}

test('a link with a token opens a session, one without says what is missing', async () => {
  const minted = await fetch(`${server.url}/api/tokens`, { method: 'POST', headers: ADMIN, body: '{"user":"ada"}' });
  assert.equal(minted.status, 201);
  const { token } = await minted.json();
  const guest = await openPage(browser, `${server.url}/#token=${token}`, { microphone: 'denied' });
  await say(guest, 'what time is it');
  await waitForFrame(guest, { type: 'reply_end' });
  assert.deepEqual(guest.problems, []);
  await guest.context().close();

  const stranger = await openPage(browser, server.url, { microphone: 'denied' });
  await say(stranger, 'what time is it');
  const notice = stranger.locator('[data-notice="connection"]');
  await notice.waitFor();
  assert.match(await notice.textContent(), /wants a valid token.*#token=/s);
  await stranger.context().close();
});

test('the admin token opens the dashboard once it was typed', async () => {
  const page = await openPage(browser, `${server.url}/dashboard`);
  await page.waitForURL('**/login');
  await page.fill('#token', 'guess');
  await page.press('#token', 'Enter');
  await page.waitForSelector('[role="alert"]:text("That is not the token.")');
  await page.fill('#token', 's3cret');
  await page.click('button[type="submit"]');
  await page.waitForURL('**/dashboard');
  assert.equal(await page.evaluate(() => document.cookie), '', 'scripts do not see it');
  const statuses = await page.evaluate(async () => {
    const list = await fetch('/api/sessions');
    const gone = await fetch('/api/sessions/nobody', { method: 'DELETE' });
    return [list.status, gone.status];
  });
  assert.deepEqual(statuses, [200, 404]);
  await page.context().close();
});

test('the login page fits a phone and is shown as it should be', async () => {
  const page = await openPage(browser, `${server.url}/login`, { viewport: { width: 360, height: 740 }, colorScheme: 'dark' });
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'token');
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

// The page on a phone in the dark, and by keyboard alone.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { now, openPage, startBrowser, startServer, waitForFrame, waitForSound } from './harness.mjs';

let server;
let browser;
before(async () => {
  server = await startServer();
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

test('it fits a phone in the dark', async () => {
  const page = await openPage(browser, server.url, {
    viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true, colorScheme: 'dark',
  });
  await page.fill('#text', 'what time is it');
  await page.tap('#composer button');
  await page.waitForSelector('.entry.agent .words span');
  await waitForFrame(page, { type: 'metrics' });
  const talk = await page.locator('#talk').boundingBox();
  assert.ok(talk.width >= 60 && talk.y + talk.height < 740, 'the talk button is large and in view');
  const [red, green, blue] = await page.evaluate(() => getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number));
  assert.ok(red + green + blue < 150, 'the paper is dark');

  for (const view of ['conversation', 'timing']) {
    await page.tap(`#views [data-view="${view}"]`);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360, `${view} fits the width`);
    if (process.env.SCREENSHOT) {
      await page.screenshot({ path: process.env.SCREENSHOT.replace(/(\.\w+)?$/, `-phone-${view}$1`) });
    }
  }
  assert.ok(await page.locator('.turn .rows .block').first().isVisible());
  await page.context().close();
});

test('the keyboard is enough', async () => {
  const page = await openPage(browser, server.url);
  await tabTo(page, 'talk');
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.equal(outline, 'solid', 'the focus is visible');
  await page.keyboard.press('Space');
  await page.waitForSelector('body[data-microphone="on"]');
  await page.keyboard.press('Enter');
  await page.waitForSelector('body[data-microphone="off"]');

  await tabTo(page, 'text');
  const asked = await now(page);
  await page.keyboard.type('tell me a story');
  await page.keyboard.press('Enter');
  await waitForSound(page, { since: asked, seconds: 0.5 });
  await page.keyboard.press('Escape');
  const end = await waitForFrame(page, { type: 'reply_end', since: asked });
  assert.equal(end.interrupted, true);
  await page.waitForSelector('.entry.agent .note.interrupted');
  await page.context().close();
});

test('what happens is announced', async () => {
  const page = await openPage(browser, server.url);
  assert.equal(await page.getAttribute('#transcript', 'aria-live'), 'polite');
  assert.equal(await page.getAttribute('#state', 'aria-live'), 'polite');
  const unnamed = await page.locator('button, input, select, summary').evaluateAll(controls => controls
    .filter(control => !(control.getAttribute('aria-label') || control.textContent.trim() || control.labels?.length))
    .map(control => control.outerHTML));
  assert.deepEqual(unnamed, []);
  await page.context().close();
});

async function tabTo(page, id) {
  for (let presses = 0; presses < 60; presses++) {
    if (await page.evaluate(id => document.activeElement.id === id, id)) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`#${id} cannot be reached by Tab`);
}

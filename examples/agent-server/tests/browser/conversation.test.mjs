// A spoken conversation with the server: answered, interrupted, answered again.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { now, openPage, paddedRecording, say, startBrowser, startServer, startTalking, waitForFrame, waitForSound } from './harness.mjs';

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

test('the page loads without a complaint', async () => {
  const page = await openPage(browser, server.url);
  await page.waitForSelector('#card:not([hidden]) .groups button');
  assert.equal(await page.title(), 'Voice Agent');
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test('it is talked to, interrupted, and answers again', async t => {
  const page = await openPage(browser, server.url);
  await startTalking(page);

  await t.test('the words appear and the answer is heard', async () => {
    await say(page, 'what time is it');
    const final = await waitForFrame(page, { type: 'transcript', final: true });
    assert.equal(final.text, 'what time is it');
    await page.waitForSelector('.entry.user .words:text-is("what time is it"):not(.partial)');
    await waitForSound(page);
    await page.waitForSelector('.entry.agent .words span');
    await waitForFrame(page, { type: 'reply_end', turn: final.turn });
  });

  await t.test('the waterfall shows where the time went', async () => {
    await waitForFrame(page, { type: 'metrics' });
    await page.waitForSelector('.turn[open] .rows .block');
    const rows = await page.locator('.turn').first().locator('.rows li:not(.axis)').evaluateAll(items => items.map(item => ({
      name: item.querySelector('.stage-name').textContent,
      ms: item.querySelector('.ms').textContent,
      width: item.querySelector('.block').getBoundingClientRect().width,
    })));
    assert.ok(rows.length >= 3, `stages: ${rows.map(row => row.name)}`);
    for (const row of rows) {
      assert.match(row.ms, /^[\d.]+ ms$/);
      assert.ok(row.width > 0, `${row.name} has a bar`);
    }
    assert.match(await page.locator('.turn .total').first().textContent(), /^[\d.]+ ms$/);
    assert.equal(await page.locator('.legend li').count(), 7);
  });

  await t.test('speech silences the loudspeaker, and what was not heard is struck', async () => {
    const asked = await now(page);
    await say(page, 'tell me a story');
    const story = await waitForFrame(page, { type: 'reply', since: asked });
    await waitForSound(page, { seconds: 1, since: story.at });

    const ducked = () => page.evaluate(() => window.voiceAgent.ducked);
    const before = await ducked();
    const onset = await say(page, 'what time is it');
    const clear = await waitForFrame(page, { type: 'clear', turn: story.turn });
    const end = await waitForFrame(page, { type: 'reply_end', turn: story.turn });
    assert.equal(end.interrupted, true);
    assert.ok(await ducked() > before, 'turned down before the server said anything');
    await page.waitForSelector('.entry.agent del:visible');

    const answer = await waitForFrame(page, { type: 'reply', since: clear.at });
    const report = await page.evaluate(([onset, clear, answer]) => {
      const { frames, lastSound } = window.probe;
      const stopped = frames.findLast(frame => frame.type === 'pause' && frame.at > onset && frame.at < clear
        && !frames.some(later => later.type === 'resume' && later.at > frame.at && later.at < clear))?.at ?? clear;
      return {
        stopped, last: lastSound(onset, answer),
        played: frames.find(frame => frame.sent && frame.type === 'played' && frame.at >= clear),
      };
    }, [onset, clear.at, answer.at]);
    const fromStop = report.last === null ? 0 : report.last - report.stopped;
    const fromOnset = report.last === null ? 0 : report.last - onset;
    t.diagnostic(`loudspeaker silent ${fromStop.toFixed(0)} ms after the page was told, ${fromOnset.toFixed(0)} ms after the onset of speech`);
    assert.ok(fromStop <= 200, `still sounding ${fromStop} ms after the page was told to stop`);
    assert.ok(fromOnset <= 1500, `still sounding ${fromOnset} ms after the onset of speech`);
    assert.equal(report.played?.turn, story.turn);
    assert.ok(report.played.samples > 0);

    await waitForSound(page, { since: answer.at });
    await waitForFrame(page, { type: 'reply_end', turn: answer.turn, interrupted: false });
  });

  await page.waitForSelector('body[data-state="listening"]');
  await page.waitForFunction(() => document.querySelectorAll('.turn').length >= 3);
  if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT, animations: 'disabled' });
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test('the browser’s own capture path is understood too', async () => {
  const fake = await startBrowser({ microphoneFile: paddedRecording('what time is it', 3) });
  try {
    const page = await openPage(fake, server.url, { microphone: 'device', permissions: ['microphone'] });
    await startTalking(page);
    const final = await waitForFrame(page, { type: 'transcript', final: true });
    assert.match(final.text, /\btime\b/);
    await waitForSound(page);
    assert.deepEqual(page.problems, []);
  } finally {
    await fake.close();
  }
});

import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { askYesOrNo } from '../../../../src/cli/terminal/ask-user.ts';

function terminal(isTTY: boolean) {
  const [input, output] = [new PassThrough(), new PassThrough()].map((stream) => Object.assign(stream, { isTTY }));
  if (!input || !output) throw new Error('There are two.');
  return { input, output };
}

test.each([true, false])('only yes counts as consent (on a terminal: %s)', async (isTTY) => {
  for (const [answer, agreed] of [
    ['y\n', true],
    [' YES \n', true],
    ['n\n', false],
    ['\n', false],
    ['yesterday\n', false],
    ['\u0000\u{1f600}\n', false],
  ] as const) {
    const { input, output } = terminal(isTTY);
    input.write(answer);
    expect([answer, await askYesOrNo('Really?', { input, output })]).toEqual([answer, agreed]);
    expect(String(output.read())).toContain('Really? [y/N] ');
  }
});

test.each([true, false])('the end of the input counts as no (on a terminal: %s)', async (isTTY) => {
  const { input, output } = terminal(isTTY);
  input.end();
  expect(await askYesOrNo('Really?', { input, output })).toBe(false);
});

test.each(['\x03', '\x04', 'ye\x03'])('an interrupt counts as no: %j', async (typed) => {
  const { input, output } = terminal(true);
  input.write(typed);
  expect(await askYesOrNo('Really?', { input, output })).toBe(false);
  expect(String(output.read())).toMatch(/\n$/);
});

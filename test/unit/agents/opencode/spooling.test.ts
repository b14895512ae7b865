import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openTurnSpooling, type Spooling } from '../../../../src/agents/opencode/spooling.ts';
import { type Episode, newEpisode } from '../../../../src/episode.ts';
import { InvalidInputError, SpoolFullError } from '../../../../src/errors.ts';
import { MINUTE } from '../../../../src/time.ts';

let isFull: boolean;
let written: string[];
let seen: string[];
let spooling: Spooling;

beforeEach(() => {
  vi.useFakeTimers();
  [isFull, written, seen] = [false, [], []];
  spooling = openTurnSpooling(
    ({ content }) => {
      if (content === 'refused') throw new InvalidInputError('It cannot be one.');
      if (isFull) throw new SpoolFullError('The disk is full.');
      written.push(content);
    },
    {
      onKept: () => seen.push('kept'),
      onFailure: (error) => seen.push((error as Error).message),
      onRecovered: () => seen.push('recovered'),
    },
  );
});
afterEach(() => void vi.useRealTimers());

const episode = (content: string): Episode => newEpisode(content, {}, 'harbor', 1000, {});

describe('episodes that arrive while the disk is full', () => {
  test('are written once there is space, in order and without duplicates, and each failure is reported once', async () => {
    spooling.keep(episode('one'));
    isFull = true;
    spooling.keep(episode('two'));
    spooling.keep(episode('three'));
    await vi.advanceTimersByTimeAsync(MINUTE);
    isFull = false;

    await vi.advanceTimersByTimeAsync(MINUTE);
    spooling.again();

    expect(written).toEqual(['one', 'two', 'three']);
    expect(seen).toEqual(['kept', 'The disk is full.', 'The disk is full.', 'kept', 'kept', 'recovered']);
  });

  test('are retried with the next episode and at exit', () => {
    isFull = true;
    spooling.keep(episode('one'));
    isFull = false;
    spooling.keep(episode('two'));
    isFull = true;
    spooling.keep(episode('three'));
    isFull = false;
    spooling.again();

    expect(written).toEqual(['one', 'two', 'three']);
  });

  test('are limited to the latest 200', () => {
    isFull = true;
    for (let turn = 0; turn < 250; turn += 1) spooling.keep(episode(`turn ${turn}`));
    isFull = false;
    spooling.again();

    expect(written).toHaveLength(200);
    expect([written[0], written.at(-1)]).toEqual(['turn 50', 'turn 249']);
  });
});

test('an episode that can never be written does not block others', () => {
  isFull = true;
  spooling.keep(episode('one'));
  spooling.keep(episode('refused'));
  spooling.keep(episode('two'));
  isFull = false;
  spooling.again();

  expect(written).toEqual(['one', 'two']);
  expect(seen.filter((text) => text === 'It cannot be one.')).toHaveLength(1);
});

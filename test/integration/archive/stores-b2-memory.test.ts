import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FakeB2, startFakeB2 } from '../../support/fake-b2/index.ts';

const STORE = fileURLToPath(new URL('../../../src/archive/stores/b2/b2-store.ts', import.meta.url));
const MB = 1_000_000;

let b2: FakeB2;
beforeAll(async () => {
  b2 = await startFakeB2({ minimumPart: 5 * MB, keeps: false });
});
afterAll(() => b2.close());

/** Puts so many megabytes from a process of its own. @returns how much larger it became, in MB */
async function growth(megabytes: number): Promise<number> {
  const script = `
    const { b2Store } = await import(${JSON.stringify(STORE)});
    const store = b2Store(${JSON.stringify(b2.settings)});
    async function* content(megabytes) {
      for (let piece = 0; piece < megabytes; piece += 1) yield String(piece).padEnd(${MB}, 'x');
    }
    await store.put('warm.json', content(1));
    const before = process.resourceUsage().maxRSS;
    const { bytes } = await store.put('large.json', content(${megabytes}));
    console.log(JSON.stringify({ bytes, growth: (process.resourceUsage().maxRSS - before) / 1000 }));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await once(child, 'close');
  const told = JSON.parse(said) as { bytes: number; growth: number };
  expect(told.bytes).toBe(megabytes * MB);
  return told.growth;
}

test('a put of a longer archive needs no more memory', async () => {
  const [short, long] = [await growth(40), await growth(200)];

  expect(short).toBeLessThan(60);
  expect(long).toBeLessThan(60);
});

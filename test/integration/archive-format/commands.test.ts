import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningWorkers, startWorkers } from '../../../workers/main.ts';
import { environmentOf, failedWith, runCommand } from '../../support/command-line.ts';
import { plainModel } from '../../support/models.ts';
import { newGroup, useStores } from '../../support/stores.ts';

const stores = useStores();
let worker: RunningWorkers;
beforeAll(async () => {
  worker = await startWorkers(stores.config, ['store', 'export'], { languageModel: plainModel() });
});
afterAll(() => worker?.close());

/** A command line with a memory and a folder of its own. */
function newMemory() {
  const group = newGroup();
  const environment = { ...environmentOf(stores.config), MEMORY_GROUP: group };
  const run = (...args: string[]) => runCommand(args, environment);
  return { group, run };
}

async function exported(options: string[] = []) {
  const memory = newMemory();
  await memory.run('store', 'Harbor uses Redis.');
  const { stdout } = await memory.run('export', '--json', ...options);
  return { ...memory, ...(JSON.parse(stdout) as { file: string; manifest: string; graphHash: string }) };
}

describe('the archive command', () => {
  test('runs from an export to a verified restore', async () => {
    const { run, group, file, graphHash } = await exported(['--gzip']);
    expect(file).toMatch(/\.json\.gz$/);

    expect((await run('archive', 'list', '--group', group)).stdout).toMatch(
      new RegExp(`${file}\\n  ${group}: 1 episode, 2 entities and 1 fact, \\d+ kB, not verified\\n$`),
    );
    expect(await run('archive', 'verify', 'latest')).toMatchObject({
      status: 0,
      stdout: `${file} is intact.\n`,
      stderr: '',
    });
    expect(await run('archive', 'verify', file, '--restore')).toMatchObject({
      status: 0,
      stdout: `${file} is intact. Restore test: same graph hash, 2 of 2 questions answered.\n`,
    });
    expect((await run('archive', 'list', '--group', group)).stdout).toMatch(/, restore test passed \d{4}/);
    expect(await run('archive', 'restore', 'latest')).toMatchObject(
      failedWith(/is not empty; restore into another memory/),
    );
    const other = newGroup();
    expect((await run('archive', 'restore', file, '--group', other)).stdout).toMatch(
      new RegExp(`^The memory "${other}" now holds 1 episode, 2 entities and 1 fact, as of `),
    );
    expect((await run('query', 'Harbor', '--group', other)).stdout).toMatch(/Harbor uses Redis/);
    await run('store', 'Harbor uses Valkey.');
    expect(await run('archive', 'restore', 'latest', '--replace', '--json')).toMatchObject({ status: 0 });
    expect((await run('query', 'Harbor')).stdout).not.toMatch(/Valkey/);
    expect(JSON.parse((await run('archive', 'list', '--json', '--group', group)).stdout)).toMatchObject({
      archives: [{ file, group, graphHash }],
    });
  });

  test('reports differences with status 2 and restores nothing', async () => {
    const { run, file } = await exported();
    const path = join(stores.config.exportDir, file);
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace('Harbor', 'Harbar'));

    const verified = await run('archive', 'verify', 'latest');
    const restored = await run('archive', 'restore', 'latest', '--replace');

    expect(verified).toMatchObject({ status: 2, stderr: '' });
    expect(verified.stdout).toMatch(/differs: The archive .* is damaged: its SHA-256 is not that of its manifest\./);
    expect(restored).toMatchObject({ status: 2 });
    expect(restored.stderr).toMatch(/is damaged: .* Nothing was changed\.\n$/);
    expect((await run('query', 'Harbor')).stdout).toMatch(/Harbor uses Redis/);
  });

  test('detects a changed manifest', async () => {
    const { run, file, manifest } = await exported();
    const path = join(stores.config.exportDir, manifest);
    await writeFile(path, (await readFile(path, 'utf8')).replace('"program": "0', '"program": "9'));

    expect(await run('archive', 'verify', file)).toMatchObject({ status: 2 });
  });

  test('prunes an expired archive together with its manifest', async () => {
    const { run, file, group } = await exported();
    const newer = JSON.parse((await run('export', '--json')).stdout) as { file: string };

    const spared = await run('archive', 'prune', '--keep', 'daily=1');
    const dry = await run('archive', 'prune', '--keep', 'daily=1', '--all', '--dry-run');
    const before = await readdir(stores.config.exportDir);
    const pruned = await run('archive', 'prune', '--keep', 'daily=1', '--all');

    expect(spared.stdout).toBe(
      `skipped ${newer.file} (it was made by hand)\nskipped ${file} (it was made by hand)\n0 archives kept.\n`,
    );
    expect(dry.stdout).toBe(`would remove ${file}\n1 archive kept.\n`);
    expect(pruned.stdout).toBe(`removed ${file}\n1 archive kept.\n`);
    const after = await readdir(stores.config.exportDir);
    expect(before.length - after.length).toBe(2);
    expect(JSON.parse((await run('archive', 'list', '--json', '--group', group)).stdout)).toMatchObject({
      archives: [{ file: newer.file }],
    });
  });

  test.each([
    ['no file', ['verify'], /^archive verify needs a file name or "latest"/],
    ['an unknown file', ['verify', 'graphiti_export_x.json'], /^There is no archive "graphiti_export_x\.json" in /],
    ['a memory without an archive', ['restore', 'latest'], /^There is no archive of the memory "test-/],
    [
      'an unknown action',
      ['burn'],
      /^archive has no action "burn"; use list, verify, restore, rebuild, accept-loss, prune or new-key/,
    ],
    ['no retention', ['prune'], /^Give the number of archives to keep/],
    ['an invalid retention', ['prune', '--keep', 'hourly=3'], /^Give the number of archives to keep/],
    ['a retention of zero', ['prune', '--keep', 'daily=0'], /^Give the number of archives to keep/],
  ])('%s is reported in one sentence', async (_what, args, sentence) => {
    expect(await newMemory().run('archive', ...args)).toMatchObject(failedWith(sentence));
  });
});

import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { findManifest } from '../../../src/archive/catalogue.ts';
import type { Element } from '../../../src/archive/graph-element.ts';
import { openInventory } from '../../../src/archive/inventory.ts';
import { type Manifest, writeManifest } from '../../../src/archive/manifest.ts';
import { loadIntoScratch } from '../../../src/archive/restore.ts';
import type { ArchiveStore } from '../../../src/archive/stores/archive-store.ts';
import { folderStore } from '../../../src/archive/stores/folder.ts';
import { compareWithManifest } from '../../../src/archive/verify.ts';
import { useStoreConnections } from '../../support/store-connections.ts';
import { newGroup, useStores } from '../../support/stores.ts';

const stores = useStores();
const opened = useStoreConnections(stores);

const FILE = 'graphiti_export_2026-11-29T00-00-00.000000Z.json';
const GROUP = 'crafted';
const NODE = { labels: ['Entity'], properties: { uuid: 'a', name: 'Harbor' } };
const OTHER = { labels: ['Entity'], properties: { uuid: 'b', name: 'Quay' } };
const EDGE = { type: 'RELATES_TO', source: 'a', target: 'b', properties: { uuid: 'e', fact: 'Harbor uses Quay' } };

interface Crafted {
  readonly nodes?: readonly (object | string)[];
  readonly edges?: readonly (object | string)[];
  readonly manifest?: (manifest: Manifest) => object;
  readonly gzip?: boolean;
}

/** An archive whose manifest vouches for every byte and every count, as somebody can make it who knows the format. */
async function craft({ nodes = [NODE, OTHER], edges = [EDGE], gzip = false, ...rest }: Crafted) {
  const line = (element: object | string) => (typeof element === 'string' ? element : JSON.stringify(element));
  const head = { format: 'memory-manager', version: 1, group: GROUP, exported_at: '2026-11-29T00:00:00.000Z' };
  const lines = (elements: readonly (object | string)[]) => elements.map((it) => `\n${line(it)}`).join(',');
  const text = `${JSON.stringify(head).slice(0, -1)},"nodes":[${lines(nodes)}\n],"edges":[${lines(edges)}\n]}\n`;
  const inventory = openInventory(GROUP);
  try {
    for (const it of [...nodes, ...edges]) inventory.add(JSON.parse(line(it)) as Element);
  } catch {
    // What cannot be counted need not be: it is refused before.
  }
  const { counts, hashes, journal, embedder } = inventory.result();
  const json = Buffer.from(text);
  const stored = gzip ? gzipSync(json) : json;
  const tally = (bytes: Buffer) => ({ bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });
  const manifest: Manifest = {
    ...{ format: 'memory-manager-manifest', version: 1, program: 'x', created_at: head.exported_at, group: GROUP },
    file: gzip ? `${FILE}.gz` : FILE,
    ...tally(stored),
    json: gzip ? tally(json) : null,
    ...{ counts, graph_hash: hashes, embedder },
    journal: { until: head.exported_at, position: '0-0', ...journal },
  };
  const store = folderStore(`${stores.config.exportDir}-${newGroup()}`);
  const crafted = { ...manifest, ...rest.manifest?.(manifest) } as Manifest;
  await store.put(
    crafted.file,
    (async function* () {
      yield stored;
    })(),
  );
  await writeManifest(store, crafted);
  return { store, file: crafted.file, stored };
}

/** What comes of both, each in one sentence. */
async function outcomes(store: ArchiveStore, file: string): Promise<{ verify: string; restore: string }> {
  const said = async (work: () => Promise<unknown>) => {
    try {
      const result = await work();
      return `fine: ${JSON.stringify(result)}`;
    } catch (error) {
      return `${(error as Error).name}: ${(error as Error).message}`;
    }
  };
  return {
    verify: await said(async () => {
      const { intact: whole, problems } = await compareWithManifest(store, await findManifest(store, file, GROUP));
      return { whole, problems };
    }),
    restore: await said(async () => {
      const manifest = await findManifest(store, file, GROUP);
      const { scratch } = await loadIntoScratch(opened.graphs, store, manifest, newGroup(), 'without vectors');
      await scratch.drop();
      return { whole: true };
    }),
  };
}

const properties = (more: object) => ({ nodes: [{ ...NODE, properties: { ...NODE.properties, ...more } }, OTHER] });
const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
const KINDS: Readonly<Record<string, Crafted>> = {
  'a label that is a query': { nodes: [{ ...NODE, labels: ['X`) DELETE x //'] }, OTHER] },
  'a label twice': { nodes: [{ ...NODE, labels: ['Entity', 'Entity'] }, OTHER] },
  'a type of edges that is none': { edges: [{ ...EDGE, type: 'A-B' }] },
  'a property named otherwise': properties({ 'a b': 1 }),
  'a property without a value': properties({ summary: null }),
  'a map as a value': properties({ summary: { a: 1 } }),
  'a list that holds nothing': properties({ list: [null] }),
  'a list within lists': { nodes: [`{"labels":["Entity"],"properties":{"uuid":"a","list":${deep}}}`, OTHER] },
  'a number beyond all': { nodes: ['{"labels":["Entity"],"properties":{"uuid":"a","n":1e999}}', OTHER] },
  'a NUL': properties({ name: 'a\0b' }),
  'half a character': { nodes: ['{"labels":["Entity"],"properties":{"uuid":"a","name":"\\ud800"}}', OTHER] },
  'a vector of words': properties({ name_embedding: ['a'] }),
  'a vector of too large numbers': properties({ name_embedding: [1e300] }),
  'a type that is unknown': { nodes: [{ ...NODE, types: { name: 'Point' } }, OTHER] },
  'a type that is not that of its value': { nodes: [{ ...NODE, types: { name: 'Float' } }, OTHER] },
  'a type of what is not there': { nodes: [{ ...NODE, types: { constructor: 'List' } }, OTHER] },
  'two nodes of one uuid': { nodes: [NODE, OTHER, NODE] },
  'an edge without an end': { nodes: [NODE] },
  'another embedder than it says': { manifest: () => ({ embedder: { model: 'x', dimension: 3 } }) },
  'more nodes than it says': { manifest: ({ counts }) => ({ counts: { ...counts, nodes: 1 } }) },
  'more edges than it says': { manifest: ({ counts }) => ({ counts: { ...counts, edges: 0 } }) },
  'fewer nodes than it says': { manifest: ({ counts }) => ({ counts: { ...counts, nodes: 30_000_000 } }) },
  'a vector index without bounds': { manifest: () => ({ embedder: { model: 'x', dimension: 1e12 } }) },
  'a position that is no id': {
    manifest: ({ journal }) => ({ journal: { ...journal, position: `${'9'.repeat(40)}-0` } }),
  },
  'a number of bytes that is none': { manifest: () => ({ bytes: 1.5 }) },
  'what is no JSON': { nodes: [NODE, 'x'] },
  'an edge among its nodes': { nodes: [NODE, EDGE] },
};

test('a hand-made archive in the right format verifies and is restored', async () => {
  for (const gzip of [false, true]) {
    const { store, file } = await craft({ gzip });
    expect(await outcomes(store, file)).toEqual({
      verify: 'fine: {"whole":true,"problems":[]}',
      restore: 'fine: {"whole":true}',
    });
  }
});

test.each(Object.entries(KINDS))(
  'an archive with %s fails to verify and is refused in one sentence',
  async (_, kind) => {
    const { store, file } = await craft(kind);

    const { verify, restore } = await outcomes(store, file);

    expect(verify).toMatch(/^(fine: \{"whole":false,|ArchiveDamagedError: )/);
    expect(restore).toMatch(/^ArchiveDamagedError: [A-Z].*\.$/);
    expect(restore).not.toMatch(/unexpected|undefined|Cypher/i);
  },
);

describe('an endless archive', () => {
  /** The file that stands there, and then zeros for ever; how much was asked for is noted. */
  function endless(store: ArchiveStore, stored: Buffer, piece: Buffer) {
    const asked = { bytes: 0 };
    const own: ArchiveStore = {
      ...store,
      async *get(name, from) {
        if (name.endsWith('manifest.json')) return yield* store.get(name, from);
        yield stored;
        for (;;) {
          asked.bytes += piece.length;
          yield piece;
        }
      },
    };
    return { own, asked };
  }

  test('is read no further than the size in its manifest', async () => {
    const { store, file, stored } = await craft({});
    const { own, asked } = endless(store, stored, Buffer.alloc(1_000_000, ' '));

    const { verify, restore } = await outcomes(own, file);

    expect(verify).toMatch(/holds more bytes than its manifest says/);
    expect(restore).toMatch(/holds more bytes than its manifest says/);
    expect(asked.bytes).toBeLessThanOrEqual(4_000_000);
  });

  test('in compressed form is unpacked no further than the size in its manifest', async () => {
    const { store, file } = await craft({ gzip: true, manifest: () => ({ bytes: 1e12 }) });
    // Each of these is a gzip of ten million zeros, 10 kB long; one after the other they are a valid gzip.
    const bomb = gzipSync(Buffer.alloc(10_000_000));
    const { own, asked } = endless(store, bomb, bomb);

    const { verify, restore } = await outcomes(own, file);

    expect(verify).toMatch(/holds more bytes than its manifest says/);
    expect(restore).toMatch(/holds more bytes than its manifest says/);
    expect(asked.bytes).toBeLessThanOrEqual(200 * bomb.length);
  });

  test('with a matching manifest is read only up to the first line that no export writes', async () => {
    const { store, file } = await craft({ manifest: () => ({ bytes: 1e12 }) });
    const { own, asked } = endless(store, Buffer.from('{"format"'), Buffer.alloc(4_000_000, ' '));

    const { verify, restore } = await outcomes(own, file);

    expect(verify).toMatch(/a longer line than any export writes/);
    expect(restore).toMatch(/a longer line than any export writes/);
    expect(asked.bytes).toBeLessThanOrEqual(2 * 80_000_000);
  });
});

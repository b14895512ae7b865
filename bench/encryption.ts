import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ArchiveStore } from '../src/archive/stores/archive-store.ts';
import { encryptedStore, newArchiveKey } from '../src/archive/stores/encrypted.ts';
import { folderStore } from '../src/archive/stores/folder.ts';

const PIECE = Buffer.from('{"name":"Harbor uses Valkey 8.","embedding":[0.1234,0.5678]}\n'.repeat(1000));
const PIECES = 1_600;
const ROUNDS = 3;

async function* content(): AsyncGenerator<Uint8Array> {
  for (let piece = 0; piece < PIECES; piece += 1) yield PIECE;
}

/** Writes the same content to a folder, plain and encrypted in turn. @returns the medians of processor time */
export async function measureEncryption(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'memory-encryption-bench-'));
  const plainStore = folderStore(folder);
  const encrypted = encryptedStore(plainStore, [await newArchiveKey()]);
  const took: Record<'plain' | 'encrypted', number[]> = { plain: [], encrypted: [] };
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      took.plain.push(await timeOf(plainStore, 'archive.json'));
      took.encrypted.push(await timeOf(encrypted, 'archive.json.age'));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const [plain, secret] = [median(took.plain), median(took.encrypted)];
  const megabytes = (PIECE.length * PIECES) / 1_000_000;
  const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(2)} s`;
  return `| writing ${megabytes.toFixed(0)} MB plain / encrypted, processor time | ${seconds(plain)} / ${seconds(secret)} | × ${(secret / plain).toFixed(1)}, ${((secret - plain) / megabytes).toFixed(1)} ms a MB |`;
}

async function timeOf(store: ArchiveStore, name: string): Promise<number> {
  const before = process.cpuUsage();
  await store.put(name, content());
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

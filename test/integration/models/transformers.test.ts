import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { cacheFolder } from '../../../src/embedded/cache-folder.ts';
import { ConfigError } from '../../../src/errors.ts';
import { transformersEmbedder } from '../../../src/models/transformers/embedder.ts';
import { embedderContract } from '../../support/model-contract.ts';

const folder = join(cacheFolder(process.env), 'encoders', 'all-MiniLM-L6-v2');
const hasPackage = existsSync(
  fileURLToPath(new URL('../../../node_modules/@huggingface/transformers', import.meta.url)),
);

if (hasPackage && existsSync(folder))
  embedderContract('of @huggingface/transformers', async () => transformersEmbedder({ model: folder }));
else test.skip('the embedder of @huggingface/transformers (npm run encoder builds its model)', () => {});

test('a folder without a model is refused before anything is loaded', () => {
  expect(() => transformersEmbedder({ model: import.meta.dirname })).toThrow(ConfigError);
  expect(() => transformersEmbedder({ model: import.meta.dirname })).toThrow(/holds no sentence encoder/);
});

test('a model is named after its folder, wherever the folder is', () => {
  expect(transformersEmbedder({ model: '/nowhere/models/my-encoder', dimension: 12 })).toMatchObject({
    model: 'my-encoder',
    dimension: 12,
  });
});

test.skipIf(hasPackage)('an error names the missing package', async () => {
  const embedder = transformersEmbedder({});

  await expect(embedder.embed(['a'])).rejects.toThrow(/needs the package @huggingface\/transformers/);
  await embedder.close();
});

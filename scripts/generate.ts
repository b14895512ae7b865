/**
 * Writes the files that follow from the code: `.env.example`, `memory.config.schema.json`, the families of settings
 * that a command sends to its worker, the manifests of plugins and of the MCP registry, and, from a build, `docs/api.md`.
 *
 *     npm run generate
 *     npm run generate -- --check    # writes nothing and fails for a file that is not current
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { apiPage } from './generated/api.ts';
import { configSchema } from './generated/config-schema.ts';
import { envExample } from './generated/env-example.ts';
import { pluginFiles } from './generated/plugins.ts';
import { settingFamilies } from './generated/setting-families.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FILES: Readonly<Record<string, () => string>> = {
  '.env.example': envExample,
  'memory.config.schema.json': configSchema,
  'src/worker-socket/setting-families.ts': settingFamilies,
  ...pluginFiles(readFileSync(join(ROOT, 'package.json'), 'utf8')),
  'docs/api.md': () => apiPage(join(ROOT, 'dist')),
};

for (const [name, text] of Object.entries(FILES)) {
  const path = join(ROOT, name);
  const current = text();
  if (existsSync(path) && readFileSync(path, 'utf8') === current) continue;
  if (process.argv.includes('--check')) {
    console.error(`${name} is not current; run npm run build && npm run generate.`);
    process.exitCode = 1;
  } else {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, current);
    console.log(`${name} written`);
  }
}

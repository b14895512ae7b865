import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { ConfigError } from '../errors.ts';

/** The page as sent, with a content security policy that allows only its own script and style. */
export interface PageDocument {
  readonly html: Buffer;
  readonly gzipped: Buffer;
  readonly policy: string;
}

/** @throws ConfigError when the page was not built */
export function readPage(): PageDocument {
  const html = readFileSync(pageFile());
  return { html, gzipped: gzipSync(html, { level: 9 }), policy: policyOf(html.toString()) };
}

/** `dist/page.html` of the package: sources, build and bundle lie at different depths. */
function pageFile(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); folder !== dirname(folder); folder = dirname(folder)) {
    const file = join(folder, 'dist', 'page.html');
    if (existsSync(file)) return file;
  }
  throw new ConfigError('The page is not built; run `npm run build` in the folder of memory-manager.');
}

function policyOf(html: string): string {
  const hashesOf = (tag: string) =>
    [...html.matchAll(new RegExp(`<${tag}(?: [^>]*)?>([\\s\\S]*?)</${tag}>`, 'g'))]
      .map(([, content = '']) => `'sha256-${createHash('sha256').update(content).digest('base64')}'`)
      .join(' ');
  return [
    "default-src 'none'",
    `script-src ${hashesOf('script')}`,
    `style-src ${hashesOf('style')}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');
}

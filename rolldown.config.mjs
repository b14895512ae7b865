import { dirname, relative, resolve } from 'node:path';
import { defineConfig } from 'rolldown';

const FOLDER = resolve('dist/bin');
const OWN_FILES = /[\\/]dist[\\/](?:workers[\\/]main|src[\\/]models[\\/]local[\\/][\w-]+)\.js$/;

// Node takes 20 ms to load tls and 10 ms to load crypto, which ioredis asks for at its start and a cached answer never uses.
const LATE = /^(?:node:)?(tls|crypto)$/;

// The command line as one bundle, made from what tsc built: that halves its start. The worker and the local models stay
// files of their own, since they start threads and are followed by tracers.
export default defineConfig({
  input: 'dist/src/cli/main.js',
  platform: 'node',
  // The last four are for the few who want them, and load files of their own.
  external: ['redis', 'pg', /^(dd-trace|pino|pino-pretty|prom-client)(\/|$)/],
  output: {
    dir: FOLDER,
    format: 'cjs',
    minify: true,
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name]-[hash].cjs',
  },
  plugins: [
    {
      name: 'files-of-their-own',
      resolveId(source, importer) {
        const file = importer && source.startsWith('.') ? resolve(dirname(importer), source) : '';
        return OWN_FILES.test(file) ? { id: relative(FOLDER, file), external: true } : null;
      },
    },
    {
      name: 'late-modules',
      resolveId(source) {
        const [, name] = LATE.exec(source) ?? [];
        return name ? `\0late-${name}` : null;
      },
      load(id) {
        if (!id.startsWith('\0late-')) return null;
        const name = id.slice('\0late-'.length);
        return `module.exports = new Proxy({}, { get: (_, key) => process.getBuiltinModule('node:${name}')[key] });`;
      },
    },
  ],
});

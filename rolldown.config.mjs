import { dirname, relative, resolve } from 'node:path';
import { defineConfig } from 'rolldown';

const FOLDER = resolve('dist/bin');
const OWN_FILES = /[\\/]dist[\\/](?:workers[\\/]main|src[\\/]models[\\/]local[\\/][\w-]+)\.js$/;

// The command line as one bundle, made from what tsc built: that halves its start. The worker and the local models stay
// files of their own, since they start threads and are followed by tracers.
export default defineConfig({
  input: 'dist/src/cli/main.js',
  platform: 'node',
  external: ['redis', 'pg'],
  output: { dir: FOLDER, format: 'esm', minify: true, chunkFileNames: '[name]-[hash].js' },
  plugins: [
    {
      name: 'files-of-their-own',
      resolveId(source, importer) {
        const file = importer && source.startsWith('.') ? resolve(dirname(importer), source) : '';
        return OWN_FILES.test(file) ? { id: relative(FOLDER, file), external: true } : null;
      },
    },
  ],
});

import { dirname, relative, resolve } from 'node:path';
import { defineConfig, rolldown } from 'rolldown';
import { thirdPartyNoticesPlugin } from './scripts/third-party-notices.mjs';

const NOTICES = 'dist/THIRD-PARTY-NOTICES.txt';

// Node takes 20 ms to load tls and 10 ms to load crypto, which ioredis asks for at its start and a cached answer never uses.
const LATE = /^(?:node:)?(tls|crypto)$/;
// The last four are for the few who want them, and load files of their own.
const external = ['redis', 'pg', /^(dd-trace|pino|pino-pretty|prom-client)(\/|$)/];

// Its CommonJS build asks for its own files through a parameter called `require`, which no bundler can follow.
const alias = { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' };

/** What is left outside a bundle that lies in `folder`. */
const filesOfTheirOwn = (folder, files) => ({
  name: 'files-of-their-own',
  resolveId(source, importer) {
    const file = importer && source.startsWith('.') ? resolve(dirname(importer), source) : '';
    return files.test(file) ? { id: relative(folder, file).replace(/^(?!\.)/, './'), external: true } : null;
  },
});

// Of FalkorDB's client we use what reads replies (src/graph/connection.ts); the rest would load four hundred files of a Redis client.
const graphOnly = {
  name: 'graph-only',
  async resolveId(source, importer) {
    if (source !== 'falkordb') return null;
    const graph = await this.resolve('falkordb/dist/src/graph.js', importer);
    return { ...graph, id: `\0graph-only:${graph.id}` };
  },
  load(id) {
    const [, file] = id.split('\0graph-only:');
    return file ? `exports.Graph = require(${JSON.stringify(file)}).default;` : null;
  },
};

const lateModules = {
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
};

// The command line as one bundle, made from what tsc built: that halves its start. The worker and the local models stay
// files of their own, since they start threads and are followed by tracers.
const COMMANDS = resolve('dist/bin');
const commands = {
  input: 'dist/src/cli/main.js',
  platform: 'node',
  external,
  resolve: { alias },
  output: {
    dir: COMMANDS,
    format: 'cjs',
    minify: true,
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name]-[hash].cjs',
  },
  plugins: [
    filesOfTheirOwn(
      COMMANDS,
      /[\\/]dist[\\/](?:workers[\\/]main|src[\\/]models[\\/](?:local|transformers)[\\/][\w-]+)\.js$/,
    ),
    graphOnly,
    lateModules,
    thirdPartyNoticesPlugin(NOTICES),
  ],
};

// The plugin as one file, which may be copied anywhere: then only what models do is missing.
const PLUGIN = resolve('dist');
const STORES = resolve('dist/src/agents/opencode/stores.js');
/** What is bundled into the text of `stores-as-text`. */
const storesModules = [];
const outsidePlugin = filesOfTheirOwn(PLUGIN, /[\\/]dist[\\/]src[\\/](?:models|archive)[\\/]/);
const plugin = {
  input: 'dist/src/agents/opencode/plugin.js',
  platform: 'node',
  external,
  output: { file: 'dist/opencode.js', format: 'esm', minify: true, codeSplitting: false },
  plugins: [
    {
      name: 'stores-as-text',
      // Two megabytes that the host need not wait for: as text they are not even read before they are asked for, while code that
      // stands in the file itself costs 60 ms, called or not.
      async load(id) {
        if (id !== STORES) return null;
        const stores = await rolldown({
          input: STORES,
          platform: 'node',
          external,
          plugins: [outsidePlugin, graphOnly],
        });
        const { output } = await stores.generate({ format: 'cjs', minify: true, codeSplitting: false });
        storesModules.push(...output[0].moduleIds);
        return `
          import { createRequire } from 'node:module';
          const code = ${JSON.stringify(output[0].code)};
          const made = { exports: {} };
          export function openStores(config) {
            if (!made.exports.openStores)
              new Function('module', 'exports', 'require', code)(made, made.exports, createRequire(import.meta.url));
            return made.exports.openStores(config);
          }`;
      },
    },
    outsidePlugin,
    thirdPartyNoticesPlugin(NOTICES, { inside: true, more: storesModules }),
  ],
};

export default defineConfig([commands, plugin]);

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { defineConfig, rolldown } from 'rolldown';
import { NOTICE, thirdPartyNoticesPlugin } from './scripts/third-party-notices.mjs';

// The e2e tests build into a folder of their own.
const ROOT = import.meta.dirname;
const NOTICES = 'dist/THIRD-PARTY-NOTICES.txt';

// Node takes 20 ms to load tls, 10 ms to load crypto and a few for the other two, which ioredis asks for at its start and rarely uses.
const LATE = /^(?:node:)?(tls|crypto|assert|dns)$/;
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
    return `
      const load = () => process.getBuiltinModule('node:${name}');
      module.exports = new Proxy(() => {}, {
        get: (_, key) => load()[key],
        apply: (_, self, args) => Reflect.apply(load(), self, args),
      });`;
  },
};

// ioredis gives its client six hundred methods, one after another. V8 copies the list of all methods for each, 12 ms in all, unless the
// object is a dictionary, which a deleted property makes it.
const COMMANDS_OF_IOREDIS = 'commands.forEach(function (commandName) {';
const quickCommands = {
  name: 'quick-commands',
  transform(code, id) {
    if (!/[\\/]ioredis[\\/]built[\\/]utils[\\/]Commander\.js$/.test(id)) return null;
    if (!code.includes(COMMANDS_OF_IOREDIS)) throw new Error(`${id} adds its commands in another way than expected.`);
    const asDictionary = `
      Commander.prototype.first = Commander.prototype.second = undefined;
      delete Commander.prototype.first;
      delete Commander.prototype.second;
    `;
    return code.replace(COMMANDS_OF_IOREDIS, asDictionary + COMMANDS_OF_IOREDIS);
  },
};

// Each file costs time to find, read and run. A query and the hooks of agents, for which somebody waits, load few: what each
// of these modules needs is one file, without what a line above has already.
const LOADED_TOGETHER = [
  ['run', ['cli/run']],
  ['settings', ['home', 'running-settings', 'duration', 'group']],
  ['jobs', ['episode', 'queue/jobs', 'queue/spool/spool']],
  ['redact', ['redaction/redact', 'redaction/recall-marks']],
  ['memory', ['cli/memory/with-memory', 'cli/query', 'cli/startup/unknown-settings']],
  ['recall', ['agents/hooks/recall-here']],
  ['graphs', ['graph/graphs', 'graph/queries/meta-nodes']],
  ['search', ['search/search', 'queue/question-vectors']],
];
const built = (module) => resolve(`dist/src/${module}.js`);
const groupsOf = (table) =>
  table.map(([name, modules], at) => {
    const files = new Set(modules.map(built));
    for (const file of files)
      if (!existsSync(file)) throw new Error(`${file} is named in rolldown.config.mjs but missing.`);
    return { name, test: (id) => files.has(id), priority: table.length - at };
  });

// What hooks and cached queries need and nothing else, in files of their own: a bundler leaves out only what no part of a bundle uses,
// and the rest of the command line uses all of zod. The two bundles meet only at these modules, so that no class exists twice where
// somebody compares it.
const FAST = { 'hook-event': 'cli/hook-event', 'ask-query': 'cli/ask-query' };
const FULL = {
  'recall-here': 'agents/hooks/recall-here',
  'spool-limit': 'agents/hooks/spool-limit',
  processes: 'supervisor/processes',
};

/** Leaves modules of the other bundle outside. */
const otherBundle = (modules) => {
  const names = new Map(Object.entries(modules).map(([name, module]) => [built(module), `./${name}.cjs`]));
  return {
    name: 'other-bundle',
    resolveId: {
      order: 'pre',
      handler(source, importer) {
        const id = importer && source.startsWith('.') ? names.get(resolve(dirname(importer), source)) : undefined;
        return id ? { id, external: true } : null;
      },
    },
    // `import()` would load Node's loader of ES modules, two milliseconds.
    renderChunk: (code) =>
      code.replace(/\bimport\(([`"']\.\/[\w-]+\.cjs[`"'])\)/g, 'Promise.resolve().then(() => require($1))'),
    // main.cjs uses nothing of the bundler's runtime, whose code could not come from the cache yet.
    generateBundle(_, files) {
      const main = files['main.cjs'];
      if (main) main.code = main.code.replace(/^require\("\.\/rolldown-runtime-[\w-]+\.cjs"\);/m, '');
    },
  };
};

const inputs = (modules) => Object.fromEntries(Object.entries(modules).map(([name, module]) => [name, built(module)]));

// The command line as one bundle, made from what tsc built: that halves its start. The worker and the local models stay
// files of their own, since they start threads and are followed by tracers.
const COMMANDS = resolve('dist/bin');
const commands = {
  input: { main: 'dist/src/cli/main.js', ...inputs(FULL) },
  platform: 'node',
  external,
  resolve: { alias },
  output: {
    dir: COMMANDS,
    format: 'cjs',
    minify: true,
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name]-[hash].cjs',
    codeSplitting: { groups: groupsOf(LOADED_TOGETHER) },
  },
  plugins: [
    filesOfTheirOwn(
      COMMANDS,
      /[\\/]dist[\\/](?:workers[\\/]main|src[\\/]models[\\/](?:local|transformers)[\\/](?!declaration\b)[\w-]+)\.js$/,
    ),
    otherBundle(FAST),
    graphOnly,
    lateModules,
    quickCommands,
    thirdPartyNoticesPlugin(NOTICES),
  ],
};

const fast = {
  ...commands,
  input: inputs(FAST),
  output: {
    ...commands.output,
    codeSplitting: {
      groups: groupsOf([
        ['ask', ['home', 'private-home', 'time', 'worker-socket/ask']],
        ['hook', ['agents/hooks/hook']],
        ['capture', ['agents/hooks/capture-turns']],
      ]),
    },
  },
  plugins: [otherBundle(FULL), lateModules, thirdPartyNoticesPlugin(NOTICES)],
};

// The plugin as one file, which may be copied anywhere: then only what models do is missing.
const PLUGIN = resolve('dist');
const STORES = resolve('dist/src/agents/opencode/memory-access.js');
/** What is bundled into the text of `stores-as-text`. */
const storesModules = [];
const outsidePlugin = filesOfTheirOwn(
  PLUGIN,
  /[\\/]dist[\\/]src[\\/](?:models|archive)[\\/](?!.*\bdeclarations?\.js$)/,
);
const plugin = {
  input: 'dist/src/agents/opencode/plugin.js',
  platform: 'node',
  external,
  resolve: { alias },
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
        // By the names of the module itself: a name that it does not have would be missed only in the running plugin.
        const functions = output[0].exports.map(
          (name) => `export const ${name} = (...args) => made().${name}(...args);`,
        );
        return `
          import { createRequire } from 'node:module';
          const code = ${JSON.stringify(output[0].code)};
          const module = { exports: undefined };
          function made() {
            if (!module.exports) {
              module.exports = {};
              new Function('module', 'exports', 'require', code)(module, module.exports, createRequire(import.meta.url));
            }
            return module.exports;
          }
          ${functions.join('\n')}`;
      },
    },
    {
      name: 'plugin-as-folder',
      // OpenCode 2 takes from its configuration only folders.
      generateBundle() {
        const source = "export { default } from '../opencode.js';\n";
        this.emitFile({ type: 'asset', fileName: 'opencode/index.js', source });
      },
    },
    outsidePlugin,
    thirdPartyNoticesPlugin(NOTICES, { inside: true, more: storesModules }),
  ],
};

// The page of `memory-manager ui` as one HTML file, which asks for no other. Its policy allows exactly the script and the style within.
const pageModules = [];
const STYLES = ['frame.css', 'lists.css', 'screens.css', 'operations.css', 'timeline.css'];
const page = {
  input: join(ROOT, 'page', 'main.tsx'),
  platform: 'browser',
  tsconfig: join(ROOT, 'page', 'tsconfig.json'),
  output: { dir: 'dist', format: 'esm', minify: true, codeSplitting: false },
  plugins: [
    {
      name: 'one-html-file',
      generateBundle(_, bundle) {
        const [name, { code, moduleIds }] = Object.entries(bundle)[0];
        delete bundle[name];
        pageModules.push(...moduleIds);
        const parts = {
          STYLE: STYLES.map((name) => readFileSync(join(ROOT, 'page', 'style', name), 'utf8'))
            .join('')
            .replace(/\/\*.*?\*\//gs, '')
            .replace(/\n\s*/g, '\n'),
          SCRIPT: code.trim().replaceAll('</script', '<\\/script'),
        };
        const source = readFileSync(join(ROOT, 'page', 'index.html'), 'utf8').replace(
          /\/\* (STYLE|SCRIPT) \*\//g,
          (_, part) => parts[part],
        );
        this.emitFile({ type: 'asset', fileName: 'page.html', source: `${source}<!--\n${NOTICE}-->\n` });
      },
    },
    thirdPartyNoticesPlugin(NOTICES, { more: pageModules }),
  ],
};

export default defineConfig([commands, fast, plugin, page]);

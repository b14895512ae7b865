import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseAst } from 'rolldown/parseAst';

// typedoc was not taken: its current release reads TypeScript up to 6, and brings a second compiler of 25 MB.

const HEAD = `# API

Look up every class, function and type that the package exports. The [README](../README.md#programs) and the [examples](../examples/README.md) show the API in
use. Most methods of \`MemoryManager\` have a command with the same effect. \`npm run generate\` writes this page from the docstrings, and CI checks that the
page is current.
`;
const ENTRIES = [
  ['@memory-manager/memory-manager', 'src/index.d.ts'],
  ['@memory-manager/memory-manager/worker', 'workers/main.d.ts'],
] as const;

interface Declared {
  readonly name: string;
  readonly kind: 'class' | 'function' | 'error' | 'type';
  /** Docstring, as Markdown. */
  readonly about: string;
  /** The declaration, without docstring and `export declare`. */
  readonly code: string;
}

/** `docs/api.md`, from the declarations that the compiler wrote to `dist`. */
export function apiPage(dist: string): string {
  return [HEAD, ...ENTRIES.map(([name, file]) => entry(name, declaredBy(join(dist, file))))].join('\n');
}

function entry(name: string, declared: readonly Declared[]): string {
  const of = (...kinds: readonly Declared['kind'][]) =>
    declared.filter(({ kind }) => kinds.includes(kind)).sort((one, other) => (one.name < other.name ? -1 : 1));
  const errors = of('error').map((error) => `| \`${error.name}\` | ${error.about.replaceAll('\n', ' ')} |`);
  return [
    `## ${name}\n`,
    ...of('class', 'function').map(section),
    ...(errors.length > 0 ? [`### Errors\n\n| class | thrown when |\n|---|---|\n${errors.join('\n')}\n`] : []),
    ...of('type').map(section),
  ].join('\n');
}

// Not `ts`, whose blocks are run as programs.
const section = ({ name, about, code }: Declared): string =>
  `### ${name}\n\n${about && `${about}\n\n`}\`\`\`typescript\n${code}\n\`\`\`\n`;

/** What a module exports, its own and others' declarations. */
function declaredBy(file: string): Declared[] {
  const text = readFileSync(file, 'utf8');
  const { body } = parseAst(text, { lang: 'dts' }, file);
  const pathOf = (source: { value: string }) => join(dirname(file), source.value).replace(/\.ts$/, '.d.ts');
  // A name may be imported first and exported later.
  const imported = body.flatMap((node) =>
    node.type === 'ImportDeclaration'
      ? node.specifiers.map(({ local }) => [local.name, node.source.value.startsWith('.') ? pathOf(node.source) : ''])
      : [],
  );
  const sources = new Map(imported as [string, string][]);
  return body.flatMap((node) => {
    if (node.type === 'ExportAllDeclaration') return declaredBy(pathOf(node.source));
    if (node.type !== 'ExportNamedDeclaration') return [];
    if (node.declaration) return namesOf(node.declaration).map((name) => declared(name, node, text));
    return node.specifiers.flatMap(({ local, exported }) => {
      const [from, name] = [local, exported].map((one) => ('name' in one ? one.name : one.value));
      const source = node.source ? pathOf(node.source) : sources.get(from ?? '');
      return source
        ? declaredBy(source)
            .filter((one) => one.name === from)
            .map((one) => ({ ...one, name: name ?? '' }))
        : [];
    });
  });
}

interface Place {
  readonly start: number;
  readonly end: number;
}

function namesOf(declaration: object): string[] {
  const { id, declarations } = declaration as { id?: { name: string }; declarations?: { id: { name: string } }[] };
  return declarations ? declarations.map((one) => one.id.name) : id ? [id.name] : [];
}

function declared(name: string, { start, end }: Place, text: string): Declared {
  const code = text.slice(start, end).replace(/^export (?:declare )?/, '');
  const [, comment = ''] = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*$/.exec(text.slice(0, start)) ?? [];
  const [word = ''] = /^(?:abstract )?\w+/.exec(code) ?? [];
  const isError =
    /^class \w+ extends (?:\w*Error|Foreseen)\b/.test(code) || /^class \w+ extends \w+ \{\s*\}$/.test(code);
  const kinds = { class: 'class', function: 'function', const: 'function' } as const;
  const kind = isError ? 'error' : (kinds[word as keyof typeof kinds] ?? 'type');
  return { name, kind, about: markdown(comment), code };
}

/** `@param` and its like as a list. */
const markdown = (comment: string): string =>
  comment
    .replace(/^\s*\* ?/gm, '')
    .trim()
    .replace(/\n?^@(\w+) /m, '\n\n@$1 ')
    .replace(/^@(\w+) /gm, '- *$1* ')
    .trim();

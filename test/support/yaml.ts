/** A value of a YAML file. Every scalar is a text, also `true` and `9464`. */
export type Yaml = string | Yaml[] | { [key: string]: Yaml };

interface Line {
  readonly indent: number;
  readonly text: string;
}

/**
 * Reads the subset of YAML that the files of `deploy/` use: block maps and lists, lists and maps in one line, quoted and plain
 * texts, `|` and `>-`. Throws on anything else, so that a file in another style fails its test instead of being misread.
 */
export function readYaml(source: string): Yaml {
  const lines = source.split('\n').flatMap((line): Line[] => {
    const text = line.trimStart();
    return text === '' || text.startsWith('#') ? [] : [{ indent: line.length - text.length, text: text.trimEnd() }];
  });
  const value = readBlock(lines, lines[0]?.indent ?? 0);
  if (lines[0]) throw new Error(`unread: ${lines[0].text}`);
  return value;
}

/** The documents of a file, separated by `---`. */
export const readDocuments = (source: string): Yaml[] => source.split(/^---$/m).map(readYaml);

function readBlock(lines: Line[], indent: number): Yaml {
  if (lines[0]?.text.startsWith('- ')) return readList(lines, indent);
  const map: { [key: string]: Yaml } = {};
  for (let line = lines[0]; line && line.indent === indent && !line.text.startsWith('- '); line = lines[0]) {
    const [, quoted, plain, rest = ''] = /^(?:"([^"]*)"|([\w./-]+)):(?: (.*))?$/.exec(line.text) ?? [];
    const key = quoted ?? plain;
    if (key === undefined || key in map) throw new Error(`no new key: ${line.text}`);
    lines.shift();
    map[key] = readValue(lines, indent, rest.replace(/ #.*$/, ''));
  }
  return map;
}

function readList(lines: Line[], indent: number): Yaml[] {
  const list: Yaml[] = [];
  for (let line = lines[0]; line && line.indent === indent && line.text.startsWith('- '); line = lines[0]) {
    const text = line.text.slice(2);
    if (/^(?:"[^"]*"|[\w./-]+):(?: |$)/.test(text)) {
      lines[0] = { indent: indent + 2, text };
      list.push(readBlock(lines, indent + 2));
    } else {
      lines.shift();
      list.push(readScalar(text));
    }
  }
  return list;
}

function readValue(lines: Line[], indent: number, rest: string): Yaml {
  if (rest !== '' && rest !== '|' && rest !== '>-') return readScalar(rest);
  const [next] = lines;
  if (rest === '') {
    const isInside = next && (next.indent > indent || (next.indent === indent && next.text.startsWith('- ')));
    return isInside ? readBlock(lines, next.indent) : '';
  }
  const block: string[] = [];
  for (let line = next; line && line.indent > indent; line = lines[0]) block.push(lines.shift()?.text ?? '');
  return block.join(rest === '|' ? '\n' : ' ');
}

function readScalar(text: string): Yaml {
  if (text.startsWith('[') || text.startsWith('{')) return readFlow(text);
  if (text.startsWith('"')) return JSON.parse(text) as string;
  if (/^['&*!|>%@`]/.test(text) || / #|: /.test(text)) throw new Error(`another style: ${text}`);
  return text;
}

/** `[a, "b"]`, `{}` and `{ a: b, c: "d" }`, without further brackets inside. */
function readFlow(text: string): Yaml {
  const parts = /^[[{] ?((?:"[^"]*"|[^"[\]{}])*?) ?[\]}]$/.exec(text)?.[1]?.match(/(?:"[^"]*"|[^",])+/g);
  if (parts === undefined) throw new Error(`another style: ${text}`);
  const items = (parts ?? []).map((part) => part.trim());
  if (text.startsWith('[')) return items.map(readScalar);
  return Object.fromEntries(
    items.map((item) => {
      const [, key, value] = /^([\w./-]+): (.+)$/.exec(item) ?? [];
      if (key === undefined || value === undefined) throw new Error(`another style: ${text}`);
      return [key, readScalar(value)];
    }),
  );
}

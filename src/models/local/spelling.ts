import type { Range } from '../../english/sentences.ts';
import { canonicalKey } from '../../text.ts';
import { WELL_KNOWN_PRODUCTS } from './vocabulary.ts';

/** An entity that a text names, with its type in the graph. */
export interface TypedName {
  readonly name: string;
  readonly type: string;
}

/** A name that is recognised by its spelling alone: code, path, package, identifier, version. */
export interface SpelledName extends Range {
  /**
   * Null for code that is not a name (`false`, `{ a: 1 }`) and for a version without a product: not an entity, but one word for the tagger.
   */
  readonly entity: TypedName | null;
  /** The package of a version ("axios" of "axios 1.7.2"). */
  readonly product?: TypedName;
}

export const hasSameName = (one: TypedName, other: TypedName): boolean =>
  canonicalKey(one.name) === canonicalKey(other.name);

const EXTENSION =
  /\.(?:c?jsx?|mjs|[cm]?tsx?|json5?|jsonc|md|mdx|ya?ml|toml|py|rs|go|rb|php|java|kt|swift|sh|sql|css|scss|html?|txt|env|lock|log|xml|csv|ini|cfg|conf|svg|png|vue|svelte|proto|graphql|cypher|tgz|zip|wasm|map|ipynb)$/i;
const FOLDERS =
  /^(?:\.{1,2}|~|src|tests?|lib|docs?|dist|packages|apps?|scripts?|configs?|public|node_modules|bin|bench|workers|\.github|crates|internal|cmd|pkg|tools|assets|infra|charts|migrations|fixtures|examples|backend|frontend|firmware|services|modules|include|templates|var|etc|usr|opt|home|tmp)?\//;
const BARE_FILES =
  /^(?:README|CHANGELOG|LICENSE|CODEOWNERS|CONTRIBUTING|Dockerfile|Makefile|Gemfile|Procfile|Jenkinsfile|[Jj]ustfile|Taskfile|Rakefile|Brewfile|Vagrantfile|Caddyfile)$/;
const DOT_FILE = /^\.[a-z][a-z\d]*(?:[.-][a-z\d]+)*$/i;
const PACKAGE = /^(?:@[a-z\d][\w.-]*\/[a-z\d][\w.-]*|[a-z][a-z\d]*(?:-[a-z\d]+)+)$/;
/** Hyphenated words that developers write without meaning a package. */
const HYPHENATED_WORD =
  /^(?:content|accept|cache|user|set|if|opt|keep|non|pre|read|write|no|max|min|self|re|same|cross|built|open|up|well|long|end)-|-(?:in|out|only|based|level|side|up|time|off|alive|end|safe|like|to|type|origin|specific|friendly)$/;
const VALUE = /^(?:true|false|null|undefined|nan|this|\d.*|["'].*|[^\p{L}]*)$/iu;
const EXPRESSION = /[{}<>;|"'\\]|:\/\/|:$|^(?:in|of|is|as|if|new|or|and|not|the|get|set)$/;
const COMMAND =
  /^(?:npm|npx|yarn|pnpm|bun|node|deno|git|docker|kubectl|make|cargo|go|pip|python|curl|brew|apt|gh|tsc)(?: [\w@./:=-]+){1,3}$/;
/** `just lint`; of `stoat cal start --head 8` the part before the options. */
const COMMAND_WORDS = /^([a-z][\w.-]*(?: [a-z][\w:./-]*){0,2}(?: \d{2,8})?)(?: --?\w.*)?$/;
const NOT_A_COMMAND =
  /^(?:not|no|in|is|are|on|off|the|a|an|to|of|for|and|or|if|with|from|by|as|at|this|that|it|all|any|new|old|only|yes|ok|error|warning|select|insert|update|delete|create|return|throw|import|export|const|let|var|function|class|type|interface|async|await|else|while|do|key|value|true|false)\b/;
const CALL = /^(?:[\w$]+\.){0,4}[\w$]+\(\)$/;
const DOTTED = /^(?:[a-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*){1,5}|[A-Z][\w$]*(?:[.#][a-z_$][\w$]*){1,4})$/;
/** "example.com", but not "staging.harbor.dev" */
const HOST = /^[^.]+\.(?:com|org|net|io|dev|ai|app|co|edu|gov|de|uk|fr|eu)$/i;
const ABBREVIATION =
  /^(?:[a-z]\.)+[a-z]?$|\.(?:It|The|I|We|This|That|And|But|So|They|He|She|My|You|What|How|There|If|Thanks|Can|Do)$/;
const SNAKE = /^_{0,2}[A-Za-z\d]+(?:_[A-Za-z\d]+)*_{0,2}$/;
/** Names of system errors */
const ERRNO = /^E(?:ADDR|AGAIN|CONN|NO|ACC|PERM|TIMED|PIPE|EXIST|HOST|NET|BUSY)[A-Z]*$/;
const CAMEL = /^(?:[a-z][a-z\d]*[A-Z][A-Za-z\d]*|[A-Z][a-z\d]+(?:[A-Z][a-z\d]*)+)$/;
const CAMEL_CASE_SURNAME = /^(?:Mc|Mac|De|La|Le)[A-Z][a-z]+$/;
const TICKET = /^(?:(?!UTF|ISO|SHA|RFC|MD)[A-Z]{2,8}-\d[\d-]*|[a-z]{2,6}-[a-z]+-\d|(?:CVE|GHSA)-[\w-]+)$/;
/** Spelled like identifiers, but common names of products. */
const PRODUCT =
  /^(?:[a-z]{1,3}[A-Z]{2,4}|mac[O]S|iPhone|iPad|iOS|eBay|[A-Z]{2,6}\/\d(?:\.\d)?|[A-Z][A-Za-z]+(?:DB|MQ|AI|SQL|QL|OS|CI|TV|PT)|(?:[A-Z][A-Za-z]*|node|next|vue|nuxt|three|d3|ember|chart|moment|socket|alpine|discord)\.(?:js|io)|GitHub|GitLab|JavaScript|TypeScript|WebAssembly|YouTube|LinkedIn|CloudFlare|DataDog|OpenTelemetry|LangChain|LangGraph|PowerShell|PostgreSQL|CircleCI|DeepSeek|WhatsApp|TikTok|PayPal|FireFox|JetBrains|VSCode|IntelliJ|HuggingFace)$/;

const WORD =
  /[@#$*\p{L}\p{N}_./~-](?:<[a-z_-]{1,30}>(?=[\w./-])|(?<=[./])<[a-z_-]{1,30}>|[^\s,;:!?'"“”‘’`(){}[\]<>|=]|(?<=\w)\(\)|:\/\/)*/gu;
const BEFORE_PACKAGE =
  /\b(?:bump(?:s|ed)?|update[sd]?|upgrade[sd]?|install(?:s|ed)?|uninstall(?:s|ed)?|depends on|dependency|package|crate|gem|image|library|module|npm i|from|of|uses?|using|requires?|imports?|adds?|added|removed)\s$/i;
const AFTER_PACKAGE = /^\s(?:package|dependency|library|module|npm)\b/i;
/** "room 214", "board 17": a common noun that a number turns into a name. */
const NUMBERED =
  /\b(room|hall|pier|gate|dock|building|warehouse|lab|board|rack|bay|ticket|cabinet|locker|platform|terminal|unit|migration) (?:#?\d{1,5}[A-Za-z]?|[A-Z])(?![\w.:,]*\d|[\w%-]| (?:minutes|hours|days|percent))/gi;
const PLACE = /^(?:room|hall|pier|gate|dock|building|warehouse|lab) /i;
const NUMBER = String.raw`v?\d{1,5}(?:\.\d{1,6}){1,2}(?:-[A-Za-z][\w.-]{0,20})?|v\d{1,4}(?:\.x)?`;
const VERSION = new RegExp(String.raw`(?<![\w.$€£/<>=-])(?:${NUMBER})(?![\w%]|\.\d|-\d)`, 'g');
const NAME_BEFORE = /(@?[\p{L}\p{N}_][\p{L}\p{N}_./@-]{0,60}?)(?:@| )(?:version )?$/u;
const NOT_A_PRODUCT =
  /^(?:version|release|released|v|to|from|in|at|of|on|since|with|for|and|or|than|by|about|over|under|the|a|an|is|was|are|section|chapter|step|changelog|until|before|after|published|between|not|all|new|old|only|prior|latest|current|below|above|then|upcoming|least|most|minor|major|patch|stable|supported|package|library|override|limit|range|constraint|build|dependency|plugin|module|using|requires?|says?|use|pin|need|v?\d.*)$|^[a-z]+(?:ed|ing|es)$/i;
/** "Redis 7.2", but not "takes 7.2 seconds". */
const UNIT_AFTER =
  /^\s?(?:%|percent|million|billion|hours?|days?|minutes?|seconds?|ms|[kmg]b|x\b|times|°|km|kg|[ap]m\b)/i;

/**
 * The names in a sentence by spelling, in their order, without overlaps.
 * @param code ranges that were in backticks
 */
export function spelledNames(text: string, code: readonly Range[]): SpelledName[] {
  const found: SpelledName[] = [];
  const spans = code.map((span) => ({ ...span, entity: codeEntity(text, span) }));
  for (const name of [...numberedIn(text), ...versionsIn(text, spans), ...spans, ...wordsIn(text)])
    if (!found.some((other) => name.start < other.end && other.start < name.end)) found.push(name);
  return found.sort((one, other) => one.start - other.start);
}

function isPackageName(text: string): boolean {
  return text.length <= 80 && PACKAGE.test(text) && !HYPHENATED_WORD.test(text) && !TICKET.test(text);
}

/** The entity that a single word names by its spelling; null for ordinary words. */
function classifyWord(word: string): TypedName | null {
  // Placeholders, as in `cal/<serial>.toml`.
  const plain = word.replace(/<([a-z_-]{1,30})>/g, '$1');
  const type = word.length < 2 || word.length > 120 ? null : typeOf(plain);
  return type === null ? null : { name: word, type };
}

function typeOf(word: string): string | null {
  if (PRODUCT.test(word)) return 'Product';
  if (word.startsWith('@')) return isPackageName(word) ? 'Package' : null;
  if (isFile(word)) return 'File';
  return isIdentifier(word) ? 'Identifier' : null;
}

function isFile(word: string): boolean {
  if (BARE_FILES.test(word) || DOT_FILE.test(word)) return true;
  if (!/^[@\w.~/*-]+$/.test(word) || word.includes('//')) return false;
  const isPath = word.includes('/') && FOLDERS.test(word) && /\w/.test(word) && word.length > 3;
  return isPath || (EXTENSION.test(word) && /^[\w@~*]/.test(word));
}

function isIdentifier(word: string): boolean {
  if (CALL.test(word) || TICKET.test(word) || ERRNO.test(word)) return true;
  if (DOTTED.test(word)) return !ABBREVIATION.test(word) && !HOST.test(word);
  if (SNAKE.test(word) && word.includes('_')) return /[A-Za-z]/.test(word) && !/^\d/.test(word);
  return CAMEL.test(word) && word.length <= 60 && !CAMEL_CASE_SURNAME.test(word);
}

/** The entity that the text in a pair of backticks names; null for values, expressions and sentences. */
function codeEntity(text: string, span: Range): TypedName | null {
  const content = text.slice(span.start, span.end);
  const before = text.slice(Math.max(0, span.start - 30), span.start);
  const isInstalled = /\b(?:bump|update|upgrade|install|uninstall)\w*\s$/i.test(before);
  if (
    isPackageName(content) ||
    (/^[a-z][a-z\d]{2,}$/.test(content) && (isInstalled || AFTER_PACKAGE.test(text.slice(span.end))))
  )
    return { name: content, type: 'Package' };
  const name = content.replace(/^([\w$.-]+)\s?[:=](?!\/)(?:\s?\S.*)?$/, '$1').trim();
  if (WELL_KNOWN_PRODUCTS.has(name)) return { name, type: 'Product' };
  const word = name.length > 60 ? null : classifyWord(name);
  if (word) return word;
  if (name.length < 2 || name.length > 60 || VALUE.test(name) || EXPRESSION.test(name)) return null;
  if (isPackageName(name)) return { name, type: 'Package' };
  if (!/\s/.test(name) || COMMAND.test(name)) return { name, type: 'Identifier' };
  const words = COMMAND_WORDS.exec(name)?.[1];
  return words && !NOT_A_COMMAND.test(words) ? { name: words, type: 'Identifier' } : null;
}

function numberedIn(text: string): SpelledName[] {
  return [...text.matchAll(NUMBERED)].map(({ 0: name, index }) => {
    const entity = { name, type: PLACE.test(name) ? 'Place' : 'Entity' };
    return { start: index, end: index + name.length, entity };
  });
}

function wordsIn(text: string): SpelledName[] {
  return [...text.matchAll(WORD)].flatMap((match) => {
    const word = match[0].replace(/[.\-/~]+$/, '');
    const [start, end] = [match.index, match.index + word.length];
    const entity = classifyWord(word) ?? plainPackage(text, word, start);
    return entity ? [{ start, end, entity }] : [];
  });
}

/** `follow-redirects` without backticks is a package only if the words around it say so. */
function plainPackage(text: string, word: string, start: number): TypedName | null {
  if (!/^[a-z][a-z\d]*(?:-[a-z\d]+)+$/.test(word) || !isPackageName(word)) return null;
  const before = text.slice(Math.max(0, start - 30), start);
  const after = text.slice(start + word.length, start + word.length + 30);
  const isEnd = /^[\s]*(?:[.,;)]|$|(?:from|on|in|with|for|and|or|as|is|was) |to v?\d)/.test(after);
  const isNamed = AFTER_PACKAGE.test(after) || (isEnd && BEFORE_PACKAGE.test(before));
  return isNamed ? { name: word, type: 'Package' } : null;
}

/** "axios 1.7.2" and "axios v1.7.2" are both the version "axios 1.7.2" of the package "axios". */
function versionsIn(text: string, code: readonly SpelledName[]): SpelledName[] {
  return [...text.matchAll(VERSION)].flatMap(({ 0: number, index: start }): SpelledName[] => {
    const end = start + number.length;
    if (UNIT_AFTER.test(text.slice(end, end + 12))) return [];
    const before = text.slice(Math.max(0, start - 100), start);
    const beside = productBeside(before, number, start, code);
    if (!beside) return /^\d+\.\d+$/.test(number) ? [] : [{ start, end, entity: null }];
    const { product } = beside;
    const name = `${product.name} ${number.replace(/^v/, '')}`;
    if (!number.includes('.') && product.type === 'Product')
      return [{ start: beside.start, end, entity: { name, type: 'Product' } }];
    return [{ start: beside.start, end, entity: { name, type: 'Version' }, product }];
  });
}

function productBeside(before: string, number: string, at: number, code: readonly SpelledName[]) {
  const name = NAME_BEFORE.exec(before)?.[1];
  if (!name || NOT_A_PRODUCT.test(name) || /^v?\d/.test(name)) return null;
  const start = at - before.length + before.lastIndexOf(name);
  const isPlain = /^\d+\.\d+$/.test(number) && !code.some((span) => span.start === start);
  if (isPlain && !/^\p{Lu}/u.test(name) && !isPackageName(name)) return null;
  return { start, product: productCalled(name) };
}

function productCalled(name: string): TypedName {
  if (WELL_KNOWN_PRODUCTS.has(name.toLowerCase())) return { name, type: 'Product' };
  if (/^@?[a-z\d][a-z\d./_-]*$/.test(name)) return { name, type: 'Package' };
  return classifyWord(name) ?? { name, type: 'Product' };
}

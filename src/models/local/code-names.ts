import type { NamedThing } from './named-thing.ts';
import { WELL_KNOWN_PRODUCTS } from './vocabulary.ts';

const EXTENSION =
  /\.(?:c?jsx?|mjs|[cm]?tsx?|json5?|jsonc|md|mdx|ya?ml|toml|py|rs|go|rb|php|java|kt|swift|sh|sql|css|scss|html?|txt|env|lock|log|xml|csv|ini|cfg|conf|svg|png|vue|svelte|proto|graphql|cypher|tgz|zip|wasm|map|ipynb)$/i;
const CODE_FOLDERS =
  /^(?:\.{1,2}|~|src|tests?|lib|docs?|dist|packages|apps?|scripts?|configs?|public|node_modules|bin|bench|workers|\.github|crates|internal|cmd|pkg|tools|assets|infra|charts|migrations|fixtures|examples|backend|frontend|firmware|services|modules|include|templates|var|etc|usr|opt|home|tmp)?\//;
const BARE_FILES =
  /^(?:README|CHANGELOG|LICENSE|CODEOWNERS|CONTRIBUTING|Dockerfile|Makefile|Gemfile|Procfile|Jenkinsfile|[Jj]ustfile|Taskfile|Rakefile|Brewfile|Vagrantfile|Caddyfile)$/;
const DOT_FILE = /^\.[a-z][a-z\d]*(?:[.-][a-z\d]+)*$/i;
const JS_PRODUCT =
  /^(?:[A-Z][A-Za-z]*|node|next|vue|nuxt|three|d3|ember|chart|moment|socket|alpine|discord)\.(?:js|io)$/;
const PACKAGE = /^(?:@[a-z\d][\w.-]*\/[a-z\d][\w.-]*|[a-z][a-z\d]*(?:-[a-z\d]+)+)$/;
/** Hyphenated words that developers put in backticks or in lists without meaning a package. */
const NO_PACKAGE =
  /^(?:content|accept|cache|user|set|if|opt|keep|non|pre|read|write|no|max|min|self|re|same|cross|built|open|up|well|long|end|max|x)-|-(?:in|out|only|based|level|side|up|time|off|alive|end|safe|like|to|type|origin|specific|friendly)$/;
const VALUE = /^(?:true|false|null|undefined|nan|this|\d.*|["'].*|[^\p{L}]*)$/iu;
const EXPRESSION = /[{}<>;|"'\\]|:\/\/|:$|^(?:in|of|is|as|if|new|or|and|not|the|get|set)$/;
const COMMAND =
  /^(?:npm|npx|yarn|pnpm|bun|node|deno|git|docker|kubectl|make|cargo|go|pip|python|curl|brew|apt|gh|tsc)(?: [\w@./:=-]+){1,3}$/;
/** `just lint`, and of `stoat cal start --head 8` what stands before the options. */
const WORDS_OF_COMMAND = /^([a-z][\w.-]*(?: [a-z][\w:./-]*){0,2}(?: \d{2,8})?)(?: --?\w.*)?$/;
const NO_COMMAND =
  /^(?:not|no|in|is|are|on|off|the|a|an|to|of|for|and|or|if|with|from|by|as|at|this|that|it|all|any|new|old|only|yes|ok|error|warning|select|insert|update|delete|create|return|throw|import|export|const|let|var|function|class|type|interface|async|await|else|while|do|key|value|true|false)\b/;
const CALL = /^(?:[\w$]+\.){0,4}[\w$]+\(\)$/;
const DOTTED = /^(?:[a-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*){1,5}|[A-Z][\w$]*(?:[.#][a-z_$][\w$]*){1,4})$/;
/** "example.com", but not "staging.harbor.dev" */
const HOST = /^[^.]+\.(?:com|org|net|io|dev|ai|app|co|edu|gov|de|uk|fr|eu)$/i;
const ABBREVIATION =
  /^(?:[a-z]\.)+[a-z]?$|\.(?:It|The|I|We|This|That|And|But|So|They|He|She|My|You|What|How|There|If|Thanks|Can|Do)$/;
const SNAKE = /^_{0,2}[A-Za-z\d]+(?:_[A-Za-z\d]+)*_{0,2}$/;
const CAMEL = /^[a-z][a-z\d]*[A-Z][A-Za-z\d]*$/;
const PASCAL = /^[A-Z][a-z\d]+(?:[A-Z][a-z\d]*)+$/;
const TICKET = /^(?:(?!UTF|ISO|SHA|RFC|MD)[A-Z]{2,8}-\d[\d-]*|[a-z]{2,6}-[a-z]+-\d)$/;
const PROTOCOL_VERSION = /^[A-Z]{2,6}\/\d(?:\.\d)?$/;
const VULNERABILITY = /^(?:CVE|GHSA)-[\w-]+$/;
/** Spelt like identifiers, but everybody's name for a product. */
const PRODUCT_SPELLING =
  /^(?:[a-z]{1,3}[A-Z]{2,4}|mac[O]S|iPhone|iPad|iOS|eBay|[A-Z][A-Za-z]+(?:DB|MQ|AI|SQL|QL|OS|CI|TV|PT))$/;
const PRODUCTS = new Set(
  'GitHub GitLab JavaScript TypeScript WebAssembly YouTube LinkedIn CloudFlare DataDog OpenTelemetry LangChain LangGraph PowerShell PostgreSQL CircleCI DeepSeek WhatsApp TikTok PayPal FireFox JetBrains VSCode IntelliJ HuggingFace'.split(
    ' ',
  ),
);

export function isPackageName(text: string): boolean {
  return text.length <= 80 && PACKAGE.test(text) && !NO_PACKAGE.test(text) && !TICKET.test(text);
}

/** The thing that the content of a pair of backticks names; null for values, expressions and sentences. */
export function classifyCode(content: string): NamedThing | null {
  const name = content.replace(/^([\w$.-]+)\s?[:=](?!\/)(?:\s?\S.*)?$/, '$1').trim();
  if (name.length < 2 || name.length > 60 || VALUE.test(name) || EXPRESSION.test(name)) return null;
  if (WELL_KNOWN_PRODUCTS.has(name)) return { name, type: 'Product' };
  const word = classifyWord(name);
  if (word) return word;
  if (isPackageName(name)) return { name, type: 'Package' };
  if (/\s/.test(name) && !COMMAND.test(name)) return commandCalled(name);
  return { name, type: 'Identifier' };
}

function commandCalled(content: string): NamedThing | null {
  const words = WORDS_OF_COMMAND.exec(content)?.[1];
  return words && !NO_COMMAND.test(words) ? { name: words, type: 'Identifier' } : null;
}

/** The thing that one word names by its spelling, outside of backticks too; null for ordinary words. */
export function classifyWord(word: string): NamedThing | null {
  // Placeholders, as in `cal/<serial>.toml`.
  const plain = word.replace(/<([a-z_-]{1,30})>/g, '$1');
  const type = word.length < 2 || word.length > 120 ? null : typeOf(plain);
  return type === null ? null : { name: word, type };
}

function typeOf(word: string): string | null {
  if (PRODUCTS.has(word) || PRODUCT_SPELLING.test(word) || JS_PRODUCT.test(word)) return 'Product';
  if (word.startsWith('@')) return isPackageName(word) ? 'Package' : null;
  if (PROTOCOL_VERSION.test(word)) return 'Product';
  if (isFile(word)) return 'File';
  return isIdentifier(word) ? 'Identifier' : null;
}

function isFile(word: string): boolean {
  if (BARE_FILES.test(word) || DOT_FILE.test(word)) return true;
  if (!/^[@\w.~/*-]+$/.test(word) || word.includes('//')) return false;
  const isPath = word.includes('/') && CODE_FOLDERS.test(word) && /\w/.test(word) && word.length > 3;
  return isPath || (EXTENSION.test(word) && /^[\w@~*]/.test(word));
}

function isIdentifier(word: string): boolean {
  if (CALL.test(word) || TICKET.test(word) || VULNERABILITY.test(word)) return true;
  if (DOTTED.test(word)) return !ABBREVIATION.test(word) && !HOST.test(word);
  if (SNAKE.test(word) && word.includes('_')) return /[A-Za-z]/.test(word) && !/^\d/.test(word);
  return (CAMEL.test(word) || PASCAL.test(word)) && word.length <= 60 && !/^(?:Mc|Mac|De|La|Le)[A-Z][a-z]+$/.test(word);
}

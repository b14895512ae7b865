/**
 * Adds to package-lock.json the optional packages for other platforms that npm left out because its registry did not answer
 * for them. Without them `npm ci` refuses the lock file. Each gets its platform, without which `npm ci` would install the programs
 * of all platforms, 1 GB of them. Run it after every `npm install` that changed the lock.
 *
 *     node scripts/complete-lock.mjs
 */
import { readFileSync, writeFileSync } from 'node:fs';

const FILE = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(FILE, 'utf8'));
const added = [];

// Words in the names of packages for one platform, as npm's lock file calls them.
const OS = /(?<=[-/])(?:android|darwin|freebsd|linux|openharmony|win32|windows)(?=-|$)/;
const CPU = /(?<=[-/])(?:arm64|arm|ia32|ppc64|riscv64|s390x|wasm32|x64)(?=-|$)/;

for (const [path, { optionalDependencies = {}, dev }] of Object.entries(lock.packages)) {
  if (path === '') continue;
  for (const [name, range] of Object.entries(optionalDependencies)) {
    const version = range.replace(/^[\^~]/, '');
    if (/^\d/.test(range) ? installed(path, name) === version : installed(path, name)) continue;
    const place = `${path}/node_modules/${name}`;
    lock.packages[place] = { version, optional: true, ...(dev && { dev }), ...platformOf(name) };
    added.push(name);
  }
}
for (const [path, locked] of Object.entries(lock.packages))
  if (path !== '' && locked.optional && !locked.os && !locked.cpu)
    Object.assign(locked, platformOf(path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)));
const sorted = Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1));
writeFileSync(FILE, `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`);
console.log(added.length > 0 ? `added: ${added.join(', ')}` : 'nothing was missing');

/** The version that Node would find from there: beside, then one folder further up. */
function installed(from, name) {
  for (let path = from; ; path = path.slice(0, Math.max(path.lastIndexOf('/node_modules/'), 0))) {
    const found = lock.packages[`${path ? `${path}/` : ''}node_modules/${name}`];
    if (found || path === '') return found?.version;
  }
}

/** What a lock file says of a package for one platform, such as `@biomejs/cli-linux-x64-musl`; nothing for any other package. */
function platformOf(name) {
  const [cpu] = CPU.exec(name) ?? [];
  if (!cpu) return {};
  const [os] = OS.exec(name) ?? [];
  const libc = /-musl(?:eabihf)?$/.test(name) ? 'musl' : /-gnu\w*$/.test(name) ? 'glibc' : undefined;
  return { ...(os && { os: [os.replace('windows', 'win32')] }), cpu: [cpu], ...(libc && { libc: [libc] }) };
}

import { access } from 'node:fs/promises';
import type { Release } from './release.ts';

const ALIASES = new Set(['stable', 'oldstable', 'oldoldstable', 'testing', 'unstable']);

/** Debian 12 has Valkey in its backports only; from Debian 13 on it is in main. */
const BACKPORTED = new Set(['bookworm']);

/**
 * The mirror that this machine's own apt configuration names for the release.
 * @param targets lines of `<address> <release>`, as `apt-get indextargets` prints them
 */
export function chooseMirror(targets: string, codename: string): string | undefined {
  const lines = targets.split('\n').map((line) => line.trim().split(/\s+/));
  const exact = lines.find(([, release]) => release === codename);
  return (exact ?? lines.find(([, release = '']) => ALIASES.has(release)))?.[0];
}

/** The text of a sources.list that has the Valkey server and the libraries it needs. */
export function sourcesList(mirror: string, { id, codename = 'stable' }: Release, keyring?: string): string {
  const suites = [codename];
  if (BACKPORTED.has(codename)) suites.push(`${codename}-backports`);
  const parts = id === 'ubuntu' ? 'main universe' : 'main';
  const signedBy = keyring ? `[signed-by=${keyring}] ` : '';
  return suites.map((suite) => `deb ${signedBy}${mirror} ${suite} ${parts}\n`).join('');
}

/** The file with the distribution's keys; undefined lets apt use those it trusts anyway. */
export async function keyringOf(release: Release): Promise<string | undefined> {
  const file = `/usr/share/keyrings/${release.id}-archive-keyring.gpg`;
  return access(file).then(
    () => file,
    () => undefined,
  );
}

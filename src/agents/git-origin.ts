import { join } from 'node:path';
import { contentOf } from './git-folder.ts';

const FIRST_COMMIT = /^0{40,64} ([0-9a-f]{40,64}) .*\tcommit \(initial\)/;

/** The address of the remote `origin` as it stands in the repository's configuration. */
export function originUrl(gitFolder: string): string | undefined {
  let isOrigin = false;
  for (const line of (contentOf(join(gitFolder, 'config')) ?? '').split('\n')) {
    const [, section] = /^\s*\[([^\]]*)\]/.exec(line) ?? [];
    if (section !== undefined) isOrigin = /^remote\s+"origin"$/i.test(section.trim());
    const [, url] = /^\s*(?:\[[^\]]*\]\s*)?url\s*=\s*(.*?)\s*$/i.exec(line) ?? [];
    if (isOrigin && url) return url.replace(/^"(.*)"$/, '$1');
  }
  return undefined;
}

/** The hash of the commit that the repository began with, as its log of HEAD tells where it began here. */
export function firstCommit(gitFolder: string): string | undefined {
  const log = contentOf(join(gitFolder, 'logs', 'HEAD'));
  return log === undefined ? undefined : FIRST_COMMIT.exec(log)?.[1];
}

/**
 * `host/path` of a repository's address, the same for every way of writing it: ssh, https, git, scp; without user, password, port
 * and `.git`. A folder of this machine is no address.
 */
export function normalisedOrigin(url: string): string | undefined {
  const [, host, path] =
    /^[a-z][a-z0-9+.-]*:\/\/(?:[^/]*@)?(\[[^\]]+\]|[^/:]+)(?::\d*)?\/(.+)$/i.exec(url) ??
    /^(?:[^/@:]+@)?(\[[^\]]+\]|[^/:]{2,}):(?!\/\/)(.+)$/.exec(url) ??
    [];
  if (!host || !path || /^file:/i.test(url)) return undefined;
  const trimmed = decoded(path)
    .split(/[?#]/, 1)[0]
    ?.replace(/^[/~]+|\/+$/g, '')
    .replace(/\.git$/i, '')
    .replace(/\/{2,}/g, '/');
  return trimmed ? `${host.replace(/^(?:www|ssh|altssh)\./i, '')}/${trimmed}`.toLowerCase() : undefined;
}

/** The folder that an address of this machine names. */
export function originFolder(url: string): string | undefined {
  if (/^file:\/\//i.test(url)) return decoded(url.replace(/^file:\/\/(?:localhost)?/i, ''));
  return /^[a-z]{2,}[\w+.-]*:|^[^/]*@[^/]*:/i.test(url) || normalisedOrigin(url) ? undefined : url;
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
